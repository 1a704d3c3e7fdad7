"""What was known: the first that applies."""

from __future__ import annotations

import numpy as np
import pytest

from turi_recommender.scoring.given.basis import basis_of
from turi_recommender.scoring.lookup import UNKNOWN
from turi_recommender.scoring.query import History, Query

BASKET = History(np.array([1]), np.ones(1))
VECTOR = np.ones(2, np.float32)


@pytest.mark.parametrize(
    ("query", "has_history", "basis"),
    [
        (Query(1, 1, (), True, BASKET, side=()), True, "history"),
        (Query(1, 1, (), True, BASKET, side=()), False, "basket"),
        (Query(1, UNKNOWN, (), True, side=()), False, "side data"),
        (Query(1, UNKNOWN, (), True), False, "context"),
        (Query(1, UNKNOWN), False, "nothing"),
        (Query(1, 1, (), True, BASKET, side=(), factors=VECTOR), True, "fold-in"),
    ],
)
def test_the_first_that_applies(query: Query, has_history: bool, basis: str) -> None:
    assert basis_of(query, has_history=has_history) == basis
