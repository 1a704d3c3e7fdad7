"""Make a pair of models of RetailRocket scale: ``python -m training.large_models DIR``.

1,407,580 users x 233,397 items x 32 factors (ranking, with period, month and weekday), and 400,279
users x 116,212 items (item similarity). Interactions are random with long-tailed items, and
training is short: the models are as large as real ones and take as long to ask, but they are not as
good. This takes about two minutes.
"""

from __future__ import annotations

import os
import sys
import time

import numpy as np
import turicreate as tc

from training.prepare import PERIODS

RANKING_SHAPE = (1407580, 233397, 2750000)
SIMILARITY_SHAPE = (400279, 116212, 1324380)
_SHARES = [0.96, 0.03, 0.01]


def interactions(draw: np.random.RandomState, shape: tuple, tail: float) -> dict:
    """Draw rows in which every user and every item occurs.

    Parameters
    ----------
    draw : numpy.random.RandomState
        Source of random numbers.
    shape : (int, int, int)
        Numbers of users, items and rows.
    tail : float
        Exponent of the items' popularity: weights are 1 / rank ** tail.
    """
    users, items, rows = shape
    weights = 1.0 / np.arange(1, items + 1) ** tail
    popular = draw.choice(items, rows - items, p=weights / weights.sum())
    user = np.concatenate([np.arange(users), draw.randint(0, users, rows - users)])
    item = np.concatenate([np.arange(items), popular])
    draw.shuffle(item)
    return {"visitorid": user, "itemid": item}


def save(model: object, root: str, *names: str) -> None:
    """Save a model below a directory.

    Parameters
    ----------
    model : turicreate recommender
        The model.
    root : str
        The directory.
    *names : str
        Folders below it, and the name of the model.
    """
    path = os.path.join(root, *names)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    model.save(path)


def main() -> None:
    """Run the command line."""
    (root,) = sys.argv[1:]
    started = time.time()
    draw = np.random.RandomState(0)
    keys = {"user_id": "visitorid", "item_id": "itemid", "target": "target", "verbose": False}

    columns = interactions(draw, RANKING_SHAPE, 0.9)
    rows = RANKING_SHAPE[2]
    columns.update(
        target=draw.choice([1.0, 10.0, 50.0], rows, p=_SHARES),
        period=draw.choice(list(PERIODS.values()), rows),
        month=draw.randint(1, 13, rows),
        weekday=draw.randint(0, 7, rows),
    )
    ranking = tc.ranking_factorization_recommender.create(
        tc.SFrame(columns), num_factors=32, max_iterations=2, sgd_step_size=0.01, **keys
    )
    save(ranking, root, "ranking_factorization_model", "1", "recommendation_r.model")
    print("ranking model: {:.0f} s".format(time.time() - started))

    columns = interactions(draw, SIMILARITY_SHAPE, 0.8)
    columns["target"] = np.ones(SIMILARITY_SHAPE[2])
    similarity = tc.item_similarity_recommender.create(tc.SFrame(columns), **keys)
    save(similarity, root, "similarity_model", "6", "recommendation_s.model")
    print("similarity model: {:.0f} s".format(time.time() - started))


if __name__ == "__main__":
    main()
