from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turi_recommender import encode
from tests.turi_recommender.encode import reader
from turi_recommender.errors import ModelFormatError
from turi_recommender.format.column import Column, read_column
from turi_recommender.format.side_table import SideTable, read_side_rows

# One column of each mode, of 3 trained categories or a vector of 2 numbers.
MODES = {
    0: encode.column("number", 0, 1, 1, means=[0.5]),
    1: encode.column("letter", 1, 2, 3, values=["a", "b", "c"]),
    2: encode.column("pair", 2, 3, 2, means=[0.0, 0.0]),
    3: encode.column("bag", 3, 4, 3, values=["a", "b", "c"]),
    4: encode.column("weights", 4, 5, 3, values=["a", "b", "c"]),
    5: encode.column("lost", 5, 6, 0),
}
NUMBERS = st.floats(-100, 100)
INDICES = st.integers(0, 4)  # 3 and 4 were not trained


def columns(modes: list[int]) -> tuple[Column, ...]:
    read = [read_column(reader(MODES[mode]), "a column") for mode in modes]
    return tuple(column for column in read if column is not None)


def table(modes: list[int], rows: list[list[int | float]]) -> SideTable:
    encoded = encode.side_table([], rows)
    start = len(encode.side_table([], [])) - 8
    data = encoded[start:][8:]
    return read_side_rows(reader(data + b"\0" * 8).stream, columns(modes), len(rows), "side data")


def words(mode: int, value: Any) -> list[int | float]:
    match mode:
        case 2:
            return list(value)
        case 3:
            return [len(value), *value]
        case 4:
            return [len(value), *(word for pair in value for word in pair)]
        case _:
            return [value]


def expected(mode: int, value: Any) -> list[tuple[int, float]]:
    match mode:
        case 0:
            return [(0, value)]
        case 1:
            return [(value, 1.0)] if value < 3 else []
        case 2:
            return list(enumerate(value))
        case 3:
            return [(index, 1.0) for index in value if index < 3]
        case 4:
            return [(index, number) for index, number in value if index < 3]
        case _:
            return []


VALUES: dict[int, Any] = {
    0: NUMBERS,
    1: INDICES,
    2: st.tuples(NUMBERS, NUMBERS),
    3: st.lists(INDICES, max_size=4),
    4: st.lists(st.tuples(INDICES, NUMBERS), max_size=3),
    5: st.just(7),
}


@given(st.data(), st.lists(st.sampled_from(sorted(MODES)), min_size=1, max_size=4))
def test_rows_come_apart_into_entries(data: st.DataObject, modes: list[int]) -> None:
    one = st.tuples(*(VALUES[mode] for mode in modes))
    drawn = data.draw(st.lists(st.none() | one, min_size=1, max_size=6))
    rows: list[list[int | float]] = []
    for values in drawn:
        row: list[int | float] = []
        for mode, value in zip(modes, values or (), strict=values is not None):
            row += words(mode, value)
        has_header = values is not None and any(mode in (3, 4) for mode in modes)
        rows.append([len(row) + 1, *row] if has_header else row)
    side = table(modes, rows)
    asked = data.draw(st.lists(st.integers(-1, len(rows) + 1), max_size=8))
    entries = side.entries(np.array(asked, np.int64))
    found = list(
        zip(
            entries.rows.tolist(),
            entries.columns.tolist(),
            entries.indices.tolist(),
            entries.values.tolist(),
            strict=True,
        )
    )
    wanted = []
    for position, index in enumerate(asked):
        values = drawn[index] if 0 <= index < len(drawn) else None
        for column, (mode, value) in enumerate(zip(modes, values or (), strict=False)):
            wanted += [(position, column, place, number) for place, number in expected(mode, value)]
    assert found == wanted


@pytest.mark.parametrize(
    ("modes", "row"),
    [
        ([0, 1], [1.0]),
        ([2], [1.0]),
        ([3], [4, 3, 0, 1]),
        ([4], [3, 1, 0]),
        ([3], [2, 2**63]),
        ([4], [2, 2**64 - 1]),
    ],
)
def test_a_row_that_is_too_short(modes: list[int], row: list[int | float]) -> None:
    side = table(modes, [row])
    with pytest.raises(ModelFormatError, match="as long as their columns need, found a shorter"):
        side.entries(np.zeros(1, np.int64))


def test_rows_that_are_missing() -> None:
    data = encode.u64(0x05322323) + encode.u64(0)
    for rows, broken, expected in (
        (2, data, "2 rows"),
        (1, encode.u64(1) + data, "1 row"),
        (1, data[:-8] + encode.u64(9), "1 row"),
    ):
        with pytest.raises(ModelFormatError, match=f"expected {expected} of side data, found few"):
            read_side_rows(reader(broken).stream, (), rows, "side data")


def test_an_empty_table_has_no_entries() -> None:
    entries = SideTable.empty().entries(np.arange(3))
    assert len(entries.rows) == len(entries.values) == 0
