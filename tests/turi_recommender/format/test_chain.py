from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from turi_recommender.format.chain import follow_chain


def follow(lengths: list[int], places: list[int], count: int) -> list[int] | None:
    """Follow records of these lengths, with a guess at these places."""
    starts = np.cumsum([0, *lengths]).tolist()
    end = starts[-1]
    by_start = dict(zip(starts, lengths, strict=False))

    def guess(low: int, high: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        inside = np.array([place for place in places if low <= place < high], np.int64)
        return inside, np.array([by_start.get(place, 1) for place in inside.tolist()], np.int64)

    found = follow_chain(0, count, end, by_start.get, guess)
    return None if found is None else found.tolist()


LENGTHS = st.lists(st.integers(1, 9), min_size=1, max_size=300)


@given(LENGTHS, st.data())
def test_any_guess_gives_the_true_chain(lengths: list[int], data: st.DataObject) -> None:
    starts = np.cumsum([0, *lengths]).tolist()
    wrong = data.draw(st.lists(st.integers(0, starts[-1]), max_size=50))
    kept = data.draw(st.sampled_from([starts[:-1], starts[:-1:2], []]))
    assert follow(lengths, sorted({*kept, *wrong}), len(lengths)) == starts


@given(LENGTHS)
def test_a_chain_that_ends_too_early_is_none(lengths: list[int]) -> None:
    starts = np.cumsum([0, *lengths]).tolist()
    assert follow(lengths, starts, len(lengths) + 1) is None


def test_no_records() -> None:
    assert follow([4], [0], 0) == [0]
