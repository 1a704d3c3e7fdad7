"""Precision and recall at 10 on a hold-out.

Each held-out visitor is asked about once, in the context of one held-out visit; a hit is a held-out
item of that visitor (for models that know the period: of that period).
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import turicreate as tc

from training.prepare import SIDE_COLUMNS, busiest

K = 10
_HELD_OUT_SHARE = 0.2


def split(rows: pd.DataFrame, seed: int) -> tuple:
    """Hold out a fifth of the items of the busiest visitors, as the original did.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of `prepare`.
    seed : int
        Equal seeds give equal parts.

    Returns
    -------
    (SFrame, pandas.DataFrame)
        Training rows and held-out rows.
    """
    table = tc.SFrame(rows)
    busy = busiest(rows)
    train, test = tc.recommender.util.random_split_by_user(
        table.filter_by(busy, "visitorid"),
        "visitorid",
        "itemid",
        max_num_users=len(busy),
        item_test_proportion=_HELD_OUT_SHARE,
        random_seed=seed,
    )
    return train.append(table.filter_by(busy, "visitorid", exclude=True)), test.to_dataframe()


def precision_recall(model: Any, test: pd.DataFrame, with_context: bool) -> tuple:
    """Return mean precision and recall at 10.

    Parameters
    ----------
    model : turicreate recommender
        What is evaluated.
    test : pandas.DataFrame
        Held-out rows.
    with_context : bool
        Whether the model is told the period, month and weekday.
    """
    asked = test.drop_duplicates("visitorid")
    columns = ["visitorid", *SIDE_COLUMNS] if with_context else ["visitorid"]
    answers = model.recommend(tc.SFrame(asked[columns]), k=K, verbose=False).to_dataframe()
    truth = {
        visitor: set(test[(test.visitorid == visitor) & (test.period == period)].itemid)
        for visitor, period in zip(asked.visitorid, asked.period)
    }
    hits = {
        visitor: set(rows.itemid) & truth[visitor] for visitor, rows in answers.groupby("visitorid")
    }
    precision = sum(len(hit) for hit in hits.values()) / (K * len(truth))
    recall = sum(len(hit) / len(truth[visitor]) for visitor, hit in hits.items()) / len(truth)
    return precision, recall


def overlap(model: Any, visitors: list, one: str = "Night", other: str = "Morning") -> float:
    """Return how many of the ten best items are the same in two periods, on average.

    Parameters
    ----------
    model : turicreate recommender
        A ranking model that was trained with the period.
    visitors : list of int
        Visitors over whom the average is taken.
    one, other : str
        The two periods.
    """
    best = []
    for period in (one, other):
        asked = tc.SFrame(
            {
                "visitorid": visitors,
                "period": [period] * len(visitors),
                "month": [8] * len(visitors),
                "weekday": [2] * len(visitors),
            }
        )
        answers = model.recommend(asked, k=K, verbose=False).to_dataframe()
        best.append(answers.groupby("visitorid").itemid.apply(set))
    return sum(len(best[0][visitor] & best[1][visitor]) for visitor in visitors) / len(visitors)
