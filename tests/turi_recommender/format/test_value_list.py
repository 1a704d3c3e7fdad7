from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turi_recommender.encode import stored
from turi_recommender.format.value_list import GenericValues, IntegerValues, StringValues

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1)
    | st.lists(TEXT, min_size=1)
    | st.lists(st.none() | st.integers(-9, 9) | TEXT),
    st.data(),
)
def test_values_are_taken_by_position(values: list[Any], data: st.DataObject) -> None:
    read = stored(values)
    positions = data.draw(st.lists(st.integers(0, max(len(values) - 1, 0)), max_size=9))
    positions = positions if values else []
    for held in (read, read.in_memory()):
        assert len(held) == len(values)
        assert held.tolist() == values
        assert held.take(positions) == [values[position] for position in positions]
        assert held.take(np.array(positions, np.int64)) == held.take(positions)


def test_what_is_in_memory_is_not_in_the_file() -> None:
    integers, strings = stored([1, 2, 3]), stored(["a", "b"])
    assert isinstance(integers, IntegerValues)
    assert isinstance(strings, StringValues)
    assert not np.shares_memory(integers.values, integers.in_memory().values)
    assert type(strings.in_memory().data) is bytes
    assert strings.in_memory().in_memory().tolist() == ["a", "b"]


@given(st.lists(TEXT, min_size=1), st.data())
def test_packed_strings_are_the_bytes_alone(values: list[str], data: st.DataObject) -> None:
    low = data.draw(st.integers(0, len(values)))
    high = data.draw(st.integers(low, len(values)))
    read = stored(values)
    assert isinstance(read, StringValues)
    ends, octets = read.packed(low, high)
    raw = [value.encode() for value in values[low:high]]
    assert octets.tobytes() == b"".join(raw)
    assert ends.tolist() == np.cumsum([0, *map(len, raw)]).tolist()


@pytest.mark.parametrize("values", [[None, "a"], [1, "a"], ["a", 1], []])
def test_mixed_values_are_objects(values: list[Any]) -> None:
    assert isinstance(stored(values), GenericValues)
