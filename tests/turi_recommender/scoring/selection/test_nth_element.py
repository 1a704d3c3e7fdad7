"""The selection against results of the real `std::nth_element` (see data/nth_element.cpp)."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turi_recommender.scoring.selection import nth_element
from turi_recommender.scoring.selection.nth_element import best_by_nth_element

REFERENCE = Path(__file__).parent / "data" / "nth_element.txt.gz"


def cases() -> Iterator[tuple[np.ndarray, int, list[int]]]:
    lines = gzip.decompress(REFERENCE.read_bytes()).decode().splitlines()
    for asked, answered in zip(lines[::2], lines[1::2], strict=True):
        nth, *scores = asked.split()
        yield np.array(scores, np.float64), int(nth), [int(place) for place in answered.split()]


def test_leaves_the_order_that_libstdcxx_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    heaps = 0
    original = nth_element.NthElement._heap_select

    def counted(self: nth_element.NthElement, first: int, middle: int, last: int) -> None:
        nonlocal heaps
        heaps += 1
        original(self, first, middle, last)

    monkeypatch.setattr(nth_element.NthElement, "_heap_select", counted)
    number = 0
    for scores, nth, order in cases():
        assert nth_element.NthElement(scores).run(nth).tolist() == order
        number += 1
    assert number == 400
    assert heaps > 0, "the cases must reach the depth limit, too"


def test_short_lists_take_the_same_steps() -> None:
    ended = {True: 0, False: 0}
    for scores, nth, order in cases():
        places = list(range(len(scores)))
        done = nth_element._run_few(scores.tolist(), places, nth)
        ended[done] += 1
        if done:
            assert places == order
    assert min(ended.values()) > 0, "the cases must reach the depth limit, too"


@given(st.lists(st.integers(0, 5).map(float), min_size=1, max_size=60), st.integers(1, 16))
def test_selects_the_best(scores: list[float], k: int) -> None:
    best = best_by_nth_element(np.array(scores), k)
    chosen = [scores[place] for place in best]
    assert chosen == sorted(scores, reverse=True)[:k]
    assert len(set(best.tolist())) == len(chosen)
