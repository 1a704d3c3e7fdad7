"""One scan, step by step, with numbers that are exact in float32."""

from __future__ import annotations

from typing import Any

import numpy as np

from turi_recommender.scoring.factorization.bounds import BlockBounds, Directions
from turi_recommender.scoring.factorization.order import ItemOrder
from turi_recommender.scoring.factorization.scan import Scan

NOTHING = np.empty(0, np.int64)
COUNT = 8


def order(constants: list[float], block: int = 256) -> ItemOrder:
    """Return items that have constants and no vectors, and errors that are next to nothing."""
    uppers, none = np.array(constants), np.zeros(len(constants))
    vectors = np.zeros((len(constants), 2), np.float32)
    return ItemOrder(
        len(constants),
        lambda low, high: vectors[low:high],
        uppers.astype(np.float32),
        np.full(len(constants), 2e-6, np.float32),
        BlockBounds(uppers, none, none, 1.0, block),
        0.0,
    )


def scan_of(excluded: list[Any], k: int, constants: list[float] | None = None) -> Scan:
    """Return the scan of queries of length 1, whose errors are next to nothing."""
    vectors = np.tile(np.array([[1.0, 0.0]], np.float32), (len(excluded), 1))
    one = np.ones(len(excluded))
    directions = Directions(vectors, one, one, np.zeros(len(excluded)), 1)
    return Scan(order(constants or [0.0] * COUNT, 2), directions, excluded, k)


def step(scan: Scan, low: int, *scores: list[float]) -> None:
    scan.absorb(low, np.array(scores, np.float32))


def found(scan: Scan) -> list[list[int]]:
    return [places.tolist() for places in scan.found()]


def test_only_what_reaches_the_kth_best_is_kept() -> None:
    scan = scan_of([NOTHING, NOTHING], 2)
    step(scan, 0, [5, 1, 4, 3], [1, 1, 1, 0])
    assert found(scan) == [[0, 2], [0, 1, 2]]


def test_ties_that_rounding_could_have_made_are_kept() -> None:
    scan = scan_of([NOTHING], 1)
    step(scan, 0, [5.0, 5.0 - 5e-7, 4.9])
    assert found(scan) == [[0, 1]]


def test_a_later_step_raises_the_bar_for_an_earlier_one() -> None:
    scan = scan_of([NOTHING], 2)
    step(scan, 0, [5, 4, 3, 2])
    step(scan, 4, [6, 1])
    assert found(scan) == [[0, 4]]
    step(scan, 6, [7, 8])
    assert found(scan) == [[6, 7]]


def test_excluded_places_are_left_out_for_their_own_query() -> None:
    scan = scan_of([np.array([0, 5]), np.array([2])], 1)
    step(scan, 0, [5, 4, 3, 2], [5, 4, 6, 2])
    assert found(scan) == [[1], [0]]
    step(scan, 4, [1, 9], [1, 9])
    assert found(scan) == [[1], [5]]


def test_what_is_known_before_is_made_use_of() -> None:
    scan = scan_of([NOTHING], 1)
    scan.thresholds[:] = 4.5
    step(scan, 0, [5.0, 4.0, 4.6])
    assert found(scan) == [[0]]
    scan = scan_of([NOTHING], 2)
    scan.thresholds[:] = 4.5
    step(scan, 0, [5.0, 4.0, 4.6])
    assert found(scan) == [[0, 2]]
    scan = scan_of([NOTHING], 3)
    scan.thresholds[:] = 6.0
    step(scan, 0, [5.0, 4.0, 4.6])
    assert found(scan) == [[]]


def test_a_query_stops_where_no_block_reaches_it() -> None:
    scan = scan_of([NOTHING, NOTHING], 1, [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0])
    step(scan, 0, [-0.5, 0], [-4.5, -4])
    assert scan.go_on(2) == 6  # the second needs blocks 2 - 5: up to a ceiling of 4.5
    assert scan.active.tolist() == [1]
    step(scan, 2, [0, 0, 0, 0])
    assert scan.go_on(6) == 6
    assert scan.active.tolist() == []
    assert found(scan) == [[0], [2]]


def test_a_scan_runs_until_no_query_needs_more() -> None:
    constants = [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0]
    assert [places.tolist() for places in scan_of([NOTHING], 2, constants).run(2)] == [[0, 1]]
    out = np.array([0, 1, 2])
    assert [places.tolist() for places in scan_of([out], 2, constants).run(2)] == [[3, 4]]
    both = scan_of([NOTHING, out], 1, constants).run(1)
    assert [places.tolist() for places in both] == [[0], [3]]
