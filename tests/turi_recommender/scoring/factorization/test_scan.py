"""One scan, step by step, with numbers that are exact in float32."""

from __future__ import annotations

import numpy as np
import pytest

from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization.bounds import BlockBounds, Directions
from turi_recommender.scoring.factorization.scan import Scan

NOTHING = np.empty(0, np.int64)


def directions(count: int) -> Directions:
    """Return queries of length 1, whose errors are next to nothing."""
    vectors = np.tile([[1.0, 0.0]], (count, 1))
    return Directions(vectors, vectors, np.zeros(count), 1)


def step(scan: Scan, low: int, *scores: list[float]) -> None:
    here = np.array(scores, np.float32)
    scan.absorb(low, here, np.full(here.shape[1], 1e-6, np.float32))


def found(scan: Scan) -> list[list[int]]:
    return [places.tolist() for places in scan.found()]


def test_only_what_reaches_the_kth_best_is_kept() -> None:
    scan = Scan(directions(2), [NOTHING, NOTHING], 2)
    step(scan, 0, [5, 1, 4, 3], [1, 1, 1, 0])
    assert found(scan) == [[0, 2], [0, 1, 2]]


def test_ties_that_rounding_could_have_made_are_kept() -> None:
    scan = Scan(directions(1), [NOTHING], 1)
    step(scan, 0, [5.0, 5.0 - 5e-7, 4.9])
    assert found(scan) == [[0, 1]]


def test_a_later_step_raises_the_bar_for_an_earlier_one() -> None:
    scan = Scan(directions(1), [NOTHING], 2)
    step(scan, 0, [5, 4, 3, 2])
    step(scan, 4, [6, 1])
    assert found(scan) == [[0, 4]]
    step(scan, 6, [7, 8])
    assert found(scan) == [[6, 7]]


def test_excluded_places_are_left_out_for_their_own_query() -> None:
    scan = Scan(directions(2), [np.array([0, 5]), np.array([2])], 1)
    step(scan, 0, [5, 4, 3, 2], [5, 4, 6, 2])
    assert found(scan) == [[1], [0]]
    step(scan, 4, [1, 9], [1, 9])
    assert found(scan) == [[1], [5]]


def test_a_query_stops_where_no_block_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SEARCH_BLOCK", 2)
    constants = np.array([9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0])
    none = np.zeros(8)
    bounds = BlockBounds(constants, none, none, 1.0)
    scan = Scan(directions(2), [NOTHING, NOTHING], 1)
    step(scan, 0, [8.5, 8], [4.5, 4])
    assert scan.go_on(2, bounds, 8) == 6  # the second needs blocks 2 - 5: up to a ceiling of 4.5
    assert scan.active.tolist() == [1]
    step(scan, 2, [7, 6, 5, 4])
    assert scan.go_on(6, bounds, 8) == 0
    assert scan.active.tolist() == []
    assert found(scan) == [[0], [2]]
