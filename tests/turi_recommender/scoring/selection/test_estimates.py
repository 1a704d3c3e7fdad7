"""The choice among estimates must be that of all exact scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.turi_recommender.scoring.selection.test_nth_element import cases
from turi_recommender.scoring.selection import estimates as module
from turi_recommender.scoring.selection.estimates import best_of_estimates
from turi_recommender.scoring.selection.nth_element import best_by_nth_element

Scores = NDArray[np.float64]


class Exact:
    """The exact scores, and which of them were asked for."""

    def __init__(self, scores: Scores) -> None:
        self.scores = scores
        self.asked: list[int] = []

    def __call__(self, places: NDArray[np.int64]) -> Scores:
        assert (np.diff(places) > 0).all()
        self.asked.extend(places.tolist())
        return self.scores[places]


def estimated(scores: Scores, error: float, seed: int, unknown: int = 0) -> NDArray[np.float32]:
    generator = np.random.default_rng(seed)
    off = generator.uniform(-error, error, len(scores)) * 0.9  # rounded after that
    estimates = (scores + off).astype(np.float32)
    estimates[generator.integers(0, len(scores), unknown)] = np.nan
    return estimates


@settings(max_examples=300, deadline=None)
@given(
    st.integers(2, 700),
    st.sampled_from([1, 2, 3, 20, 1000]),
    st.sampled_from([1e-6, 1e-3, 0.1, 3.0]),
    st.integers(0, 5),
    st.integers(1, 16),
    st.integers(0, 2**32),
)
def test_chooses_as_among_exact_scores(
    count: int, values: int, error: float, unknown: int, k: int, seed: int
) -> None:
    drawn = np.random.default_rng(seed).integers(0, values, count) / values
    scores = drawn.astype(np.float32).astype(np.float64)
    k = min(k, count - 1)
    exact = Exact(scores)
    best, chosen = best_of_estimates(estimated(scores, error, seed, unknown), error, exact, k)
    expected = best_by_nth_element(scores, k)
    assert best.tolist() == expected.tolist()
    assert chosen.tolist() == scores[expected].tolist()
    assert len(exact.asked) == len(set(exact.asked)), "each is computed once"


def test_cases_of_the_real_library_and_its_depth_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    heaps = 0
    original = module._Estimated._heap_select

    def counted(self: module._Estimated, first: int, middle: int, last: int) -> None:
        nonlocal heaps
        heaps += 1
        original(self, first, middle, last)

    monkeypatch.setattr(module._Estimated, "_heap_select", counted)
    number = 0
    for scores, nth, order in cases():
        if 0 < nth <= 16 and nth < len(scores):
            exact = Exact(scores)
            best, _ = best_of_estimates(estimated(scores, 0.4, nth), 0.4, exact, nth)
            ranked = np.argsort(-scores[order[:nth]], kind="stable")
            assert best.tolist() == np.array(order)[ranked].tolist()
            number += 1
    assert number > 50
    assert heaps > 0, "the cases must reach the depth limit, too"


def test_few_scores_are_computed() -> None:
    """The control: to compute them all would pass the tests above."""
    scores = np.random.default_rng(3).random(100_000, np.float32).astype(np.float64)
    exact = Exact(scores)
    best_of_estimates(estimated(scores, 1e-5, 3), 1e-5, exact, 11)
    assert len(exact.asked) < 500
