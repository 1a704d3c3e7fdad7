"""Recommending by factors: users asked together, what a search decides, and similar items."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.turi_recommender.scoring.factorization.test_float32 import slow_dot, slow_matrix_vector
from tests.turi_recommender.scoring.synthetic import USERS, factor_model
from turi_recommender.errors import QueryError
from turi_recommender.format import LINEAR, MACHINE, MATRIX, FactorModel
from turi_recommender.scoring import limits, make_recommender
from turi_recommender.scoring.factorization.recommender import _is_unambiguous, _sigmoid

ITEMS = 40
ROWS = st.fixed_dictionaries(
    {"user": st.integers(0, USERS + 1)},
    optional={"period": st.sampled_from(["period0", "unknown"]), "hour": st.just(3.0)},
)


@settings(max_examples=50)
@given(
    seed=st.integers(0, 2**32 - 1),
    mode=st.sampled_from([MACHINE, MATRIX, LINEAR]),
    rows=st.lists(ROWS, min_size=1, max_size=9),
    searched=st.booleans(),
)
def test_users_asked_together_get_what_each_gets_alone(
    seed: int, mode: str, rows: list[dict[str, Any]], searched: bool
) -> None:
    """They are grouped by what is known of them, and some at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "QUERIES_AT_ONCE", 2)
        patch.setattr(limits, "EXACT_CHUNK", 7)
        patch.setattr(limits, "EXACT_WORK", 0 if searched else 2**60)
        model = make_recommender(factor_model(seed, mode=mode, items=ITEMS, user_side=True))
        together = model.recommend(rows, k=5).rankings
        assert together == [model.recommend([row], k=5).rankings[0] for row in rows]


@pytest.mark.parametrize("seed", range(4))
def test_similar_items_are_those_of_the_highest_cosines(seed: int) -> None:
    saved = factor_model(seed, items=ITEMS, factors=7)
    model = saved.details
    assert isinstance(model, FactorModel)
    factors = model.factors[model.offsets[1] : model.offsets[1] + ITEMS]
    recommender = make_recommender(saved)
    for item in range(ITEMS):
        own_length = np.sqrt(slow_dot(factors[item], factors[item]))
        cosines = {}
        for other in range(ITEMS):
            row = model.offsets[1] + item
            product = slow_matrix_vector(factors[other], factors[item], row)
            length = np.sqrt(slow_dot(factors[other], factors[other]))
            cosines[other] = float(np.float32(product / np.float32(own_length * length)))
        del cosines[item]
        (ranking,) = recommender.similar_items([item], k=5).rankings
        assert ranking.items == sorted(cosines, key=lambda other: -cosines[other])[:5]
        assert ranking.scores == [cosines[int(other)] for other in ranking.items]


def test_a_model_without_factors_cannot_tell_what_is_similar() -> None:
    model = make_recommender(factor_model(1, mode=LINEAR, items=ITEMS))
    with pytest.raises(QueryError, match="has no factors"):
        model.similar_items([1])


@pytest.mark.parametrize(
    ("scores", "k", "expected"),
    [
        ([3.0, 2.0, 1.0], 2, True),
        ([3.0, 2.0, 2.0], 1, True),
        ([3.0, 2.0, 2.0], 2, False),  # which of the two is among the best?
        ([3.0, 3.0, 1.0], 2, False),  # which of the two comes first?
        ([3.0, 2.0], 2, False),
        ([3.0, np.nan, 1.0], 1, False),
    ],
)
def test_ties_make_a_choice_ambiguous(scores: list[float], k: int, expected: bool) -> None:
    assert _is_unambiguous(np.array(scores), k) is expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(0.0, 0.5), (-0.0, 0.5), (math.inf, 1.0), (-math.inf, 0.0), (800.0, 1.0), (-800.0, 0.0)],
)
def test_the_link_is_finite(raw: float, expected: float) -> None:
    assert _sigmoid(raw) == expected


def test_the_link_of_what_is_no_number() -> None:
    assert math.isnan(_sigmoid(math.nan))


def test_different_sums_that_become_one_score_are_ordered_by_index() -> None:
    """Beyond ten, equal scores come in ascending index; the link can make scores equal."""
    model = make_recommender(factor_model(3, items=ITEMS, sigmoid=True, scale=100.0))
    (ranking,) = model.recommend([1], k=30, exclude_known=False).rankings
    ties = [
        (one, other)
        for one, other, a, b in zip(
            ranking.items, ranking.items[1:], ranking.scores, ranking.scores[1:], strict=False
        )
        if a == b
    ]
    assert len(ties) > 5
    assert all(int(one) < int(other) for one, other in ties)
