from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from turi_recommender.format.interactions import _row_starts

VALUES = st.floats() | st.sampled_from([1.0, 10.0, 0.0, -0.0, 5e-324])
ROWS = st.lists(st.lists(st.tuples(st.integers(0, 2**31), VALUES), max_size=5), max_size=8)


def block(rows: list[list[tuple[int, float]]]) -> tuple[np.ndarray, list[int]]:
    words, starts = [np.uint64(len(rows))], []
    for row in rows:
        starts.append(len(words))
        words.append(np.uint64(len(row)))
        for item, value in row:
            words += [np.uint64(item), np.float64(value).view(np.uint64)]
    return np.array(words, np.uint64), starts


@given(ROWS)
def test_finds_where_rows_begin(rows: list[list[tuple[int, float]]]) -> None:
    words, starts = block(rows)
    found = _row_starts(words, len(rows))
    if rows:
        assert found is not None
        assert found.tolist() == starts
    else:
        assert found is None or len(found) == 0


@given(ROWS.filter(bool), st.data())
def test_a_block_that_does_not_add_up_is_refused(
    rows: list[list[tuple[int, float]]], data: st.DataObject
) -> None:
    words, _ = block(rows)
    assert _row_starts(np.append(words, np.uint64(0)), len(rows)) is None
    assert _row_starts(words, len(rows) + 1) is None
    cut = words[: data.draw(st.integers(1, len(words) - 1))]
    assert _row_starts(cut, len(rows)) is None


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=30), st.integers(0, 30))
def test_any_words_are_read_within_bounds(numbers: list[int], rows: int) -> None:
    words = np.array(numbers, np.uint64)
    starts = _row_starts(words, rows)
    if starts is not None:
        ends = [start + 1 + 2 * int(words[start]) for start in starts.tolist()]
        assert ends == [*starts[1:].tolist(), len(words)] or rows == 0
