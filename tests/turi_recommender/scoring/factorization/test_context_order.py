"""What the order of a context finds: all that can be among the best, or the word that it cannot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization.bounds import BlockBounds, Directions, error_rate
from turi_recommender.scoring.factorization.context_order import ContextOrder, Head, find
from turi_recommender.scoring.factorization.order import ItemOrder

TERMS = 30


class Catalogue:
    """Random items in the order that all queries share."""

    def __init__(self, draw: np.random.Generator, count: int, width: int, depth: int) -> None:
        self.vectors = (draw.normal(size=(count, width)) * 0.3).astype(np.float32)
        self.constants = draw.normal(size=count).astype(np.float32)
        norms = np.sqrt((self.vectors.astype(np.float64) ** 2).sum(axis=1))
        order = np.argsort(-(self.constants + norms), kind="stable")
        self.vectors, self.constants, norms = (
            self.vectors[order],
            self.constants[order],
            norms[order],
        )
        rate = error_rate(TERMS)
        errors = (rate * norms**2).astype(np.float32)
        bounds = BlockBounds(self.constants.astype(np.float64), norms, norms**2, 1.0, 4)
        shared = ItemOrder(
            count,
            lambda low, high: self.vectors[low:high],
            self.constants + errors,
            2 * errors,
            bounds,
            rate,
        )
        self.items = draw.permutation(count).astype(np.int32)
        self.head = Head(shared, self.items, norms[:depth].astype(np.float32) * 1.0001, 1.0)

    def best(self, vector: np.ndarray, excluded: np.ndarray, k: int) -> set[int]:
        """Return the best items by their exact scores."""
        scores = self.constants.astype(np.float64) + self.vectors.astype(np.float64) @ vector
        scores[np.isin(self.items, excluded)] = -np.inf
        return set(self.items[np.argsort(-scores)[:k]].tolist())


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(20, 60),
    depth=st.sampled_from([12, 40, 200]),
    k=st.integers(1, 8),
    context=st.sampled_from([0.0, 1.0, 30.0]),
    length=st.sampled_from([0.0, 0.1, 3.0, 500.0]),
)
def test_what_it_calls_whole_holds_the_best(
    seed: int, count: int, depth: int, k: int, context: float, length: float
) -> None:
    draw = np.random.default_rng(seed)
    catalogue = Catalogue(draw, count, 3, depth)
    total, users = draw.normal(size=3) * context, draw.normal(size=(4, 3)) * length
    size = float(np.abs(total).sum())
    asked = Directions.beside([*users.astype(np.float32)], [size] * 4, np.zeros(4), TERMS)
    excluded = [np.flatnonzero(draw.random(count) < 0.1) for _ in range(4)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "CONTEXT_FRONTS", (6, 20))
        patch.setattr(limits, "SEARCH_GROWTH", 1)
        order = ContextOrder(catalogue.head, total, size)
        found = find([order] * 4, asked, excluded, k)
    for place in range(4):
        if found.is_whole[place]:
            best = catalogue.best(total + users[place], excluded[place], k)
            assert best <= set(found.items[place].tolist())


def test_a_context_decides_what_is_best() -> None:
    """The control: an order that never found anything would pass the test above."""
    draw = np.random.default_rng(0)
    catalogue = Catalogue(draw, 5000, 8, 5000)
    total = draw.normal(size=8) * 3
    order = ContextOrder(catalogue.head, total, float(np.abs(total).sum()))
    users = (draw.normal(size=(20, 8)) * 0.05).astype(np.float32)
    asked = Directions.beside([*users], [order.size] * 20, np.zeros(20), TERMS)
    found = find([order] * 20, asked, [np.empty(0, np.int64)] * 20, 10)
    assert found.is_whole == [True] * 20
    assert max(map(len, found.items)) < 20
    assert order.helps


def test_an_order_that_misses_most_does_not_help() -> None:
    draw = np.random.default_rng(0)
    catalogue = Catalogue(draw, 5000, 8, 100)
    order = ContextOrder(catalogue.head, np.zeros(8), 0.0)
    users = (draw.normal(size=(20, 8)) * 50).astype(np.float32)
    asked = Directions.beside([*users], [0.0] * 20, np.zeros(20), TERMS)
    find([order] * 20, asked, [np.empty(0, np.int64)] * 20, 10)
    assert not order.helps
