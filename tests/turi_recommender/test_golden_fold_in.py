"""What real Turi Create's training made of users' rows, made again by folding them in.

Each case is a pair of models that were trained alike but for one iteration, which begins with the
users: those of the second model are made of the items of the first one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.turi_recommender.golden import GOLDEN, read_answers, unpack_model
from turi_recommender import Recommender, load_model
from turi_recommender.format import FactorModel, read_model

FOLD_IN = GOLDEN / "fold_in"
CASES: dict[str, Any] = read_answers("cases", FOLD_IN)["cases"]
TOLERANCE = 1e-5  # of the largest score: training is in float32

Factors = NDArray[np.float64]


class Trained:
    """A model with its factors.

    Parameters
    ----------
    path : Path
        The directory of the model.
    """

    def __init__(self, path: Path) -> None:
        self.model = load_model(path)
        details = read_model(path).details
        assert isinstance(details, FactorModel)
        assert (details.solver, details.intercept) == ("ials", 0.0)
        assert not details.weights.any()
        count = details.sizes[0]
        self.users: Factors = details.factors[:count].astype(np.float64)
        self.items: Factors = details.factors[count:].astype(np.float64)


def read_pair(name: str, folder: Path, recorded: Path = FOLD_IN) -> tuple[Trained, Trained]:
    before, after = (
        Trained(unpack_model(f"{name}_{each}", folder / each, recorded))
        for each in ("before", "after")
    )
    return before, after


def folded_again(model: Recommender) -> Factors:
    """Return the scores of all items for the trained rows of each user, shape (users, items)."""
    users, items = (ids.ids(range(len(ids))) for ids in (model.users, model.items))
    # An item of the history again adds nothing to it, but makes it the query's.
    known = [items[model.interactions.row(user)[0][0]] for user in range(len(users))]
    name = model.user_column.name
    baskets = [{name: user, "items": [item]} for user, item in zip(users, known, strict=True)]
    answer = model.recommend_basket(baskets, k=len(items), exclude_known=False, fold_in=True)
    assert answer.basis == ["fold-in"] * len(users)
    places = {item: place for place, item in enumerate(items)}
    scores = np.full((len(users), len(items)), np.nan)
    for user, ranking in enumerate(answer.rankings):
        scores[user, [places[item] for item in ranking.items]] = ranking.scores
    return scores


def off_by(before: Trained, after: Trained) -> float:
    """Return how far scores by fold-in are from those of one more iteration, as part of them."""
    wanted = after.users @ before.items.T
    return float(np.abs(folded_again(before.model) - wanted).max() / np.abs(wanted).max())


@pytest.mark.parametrize("name", CASES)
def test_users_are_what_one_more_iteration_makes_of_them(name: str, tmp_path: Path) -> None:
    before, after = read_pair(name, tmp_path)
    assert off_by(before, after) < TOLERANCE
    if name != "settled":  # the users changed: it is not that nothing happened
        moved = np.abs(after.users - before.users).max()
        assert moved > 1000 * TOLERANCE * np.abs(after.users).max()


def test_users_of_a_settled_model_are_made_of_their_own_rows(tmp_path: Path) -> None:
    """After many iterations, another one changes nothing."""
    settled, _ = read_pair("settled", tmp_path)
    scores, trained = folded_again(settled.model), settled.users @ settled.items.T
    assert np.corrcoef(scores.ravel(), trained.ravel())[0, 1] > 0.9999
    best, best_trained = (np.argsort(-each, axis=1)[:, :10].tolist() for each in (scores, trained))
    same = [len({*mine} & {*theirs}) for mine, theirs in zip(best, best_trained, strict=True)]
    assert np.mean(same) > 9.9


@pytest.mark.parametrize("name", CASES)
def test_the_options_are_those_of_the_case(name: str, tmp_path: Path) -> None:
    for more, trained in enumerate(read_pair(name, tmp_path)):
        summary = trained.model.summary
        assert summary["num_iterations"] == CASES[name]["iterations"] + more
        kind = CASES[name].get("ials_confidence_scaling_type", "auto")
        assert summary["ials_confidence_scaling_type"] == kind
