"""The sort against results of the real `std::sort` (see data/sort.cpp)."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turi_recommender.scoring import limits
from turi_recommender.scoring.selection.introsort import STABLE_UP_TO, sort_like_library
from turi_recommender.scoring.selection.partition import Movable

REFERENCE = Path(__file__).parent / "data" / "sort.txt.gz"


def cases() -> Iterator[tuple[np.ndarray, list[int]]]:
    lines = gzip.decompress(REFERENCE.read_bytes()).decode().splitlines()
    for asked, answered in zip(lines[::2], lines[1::2], strict=True):
        yield np.array(asked.split(), np.float64), [int(place) for place in answered.split()]


@pytest.mark.parametrize("few", [STABLE_UP_TO, limits.NTH_ELEMENT_FEW, 10**6])
def test_leaves_the_order_that_libstdcxx_leaves(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether ranges are partitioned by numpy or in lists."""
    heaps = 0
    original = Movable.heap_sort

    def counted(self: Movable) -> None:
        nonlocal heaps
        heaps += 1
        original(self)

    monkeypatch.setattr(Movable, "heap_sort", counted)
    monkeypatch.setattr(limits, "NTH_ELEMENT_FEW", few)
    number = unstable = 0
    for scores, order in cases():
        assert sort_like_library(scores).tolist() == order
        number += 1
        unstable += np.argsort(-scores, kind="stable").tolist() != order
    assert number == 300
    assert unstable > 100, "the order must not be the stable one"
    assert heaps > 0, "the cases must reach the depth limit, too"


@given(st.lists(st.integers(0, 5).map(float), max_size=200))
def test_sorts(scores: list[float]) -> None:
    order = sort_like_library(np.array(scores))
    assert [scores[place] for place in order] == sorted(scores, reverse=True)
    assert sorted(order.tolist()) == list(range(len(scores)))


@given(st.lists(st.integers(0, 3).map(float), max_size=STABLE_UP_TO))
def test_is_stable_up_to_sixteen(scores: list[float]) -> None:
    keys = np.array(scores)
    assert sort_like_library(keys).tolist() == np.argsort(-keys, kind="stable").tolist()
