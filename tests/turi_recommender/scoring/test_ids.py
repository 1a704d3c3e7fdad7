from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turi_recommender.encode import stored
from turi_recommender.format import GenericValues, StringValues, ValueType
from turi_recommender.scoring.ids import IdIndex, StringIds
from turi_recommender.scoring.lookup import UNKNOWN

INTEGERS = st.lists(st.integers(-(2**63), 2**63 - 1), unique=True)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NEAR = st.lists(st.integers(-1000, 10**9), unique=True)
STRINGS = st.lists(TEXT, unique=True)
MIXED = st.lists(st.none() | st.integers(-9, 9) | TEXT, unique=True)


@given(INTEGERS | NEAR | STRINGS | MIXED, st.data())
def test_every_trained_id_is_found_and_no_other(values: list[Any], data: st.DataObject) -> None:
    trained = data.draw(st.integers(0, len(values)))
    index = IdIndex(stored(values), trained)
    assert len(index) == trained
    for position, value in enumerate(values):
        assert index.find(value) == (position if position < trained else UNKNOWN)
        assert (value in index) == (position < trained)
    assert index.ids(np.arange(trained)) == values[:trained]


@given(INTEGERS | STRINGS | MIXED, st.integers() | TEXT | st.none() | st.floats())
def test_other_values_are_unknown(values: list[Any], other: Any) -> None:
    index = IdIndex(stored(values), len(values))
    same = [v for v in values if type(v) is type(other) and v == other]
    assert (index.find(other) == UNKNOWN) == (not same)


@given(INTEGERS | NEAR | STRINGS | MIXED, st.data(), st.integers(1, 9))
def test_chunks_are_the_trained_ids_in_order(
    values: list[Any], data: st.DataObject, size: int
) -> None:
    trained = data.draw(st.integers(0, len(values)))
    parts = list(IdIndex(stored(values), trained).chunks(size))
    assert [value for part in parts for value in part.tolist()] == values[:trained]
    lengths = [size] * (trained // size) + ([trained % size] if trained % size else [])
    assert [len(part) for part in parts] == lengths


@given(INTEGERS | NEAR, st.integers(1, 9))
def test_integers_come_as_int64(values: list[int], size: int) -> None:
    for part in IdIndex(stored(values), len(values)).chunks(size):
        assert isinstance(part, np.ndarray)
        assert part.dtype == np.int64


@given(STRINGS, st.integers(1, 9))
def test_strings_come_as_offsets_and_utf8(values: list[str], size: int) -> None:
    for part in IdIndex(stored(values), len(values)).chunks(size):
        assert isinstance(part, StringIds)
        assert part.offsets.dtype == np.int64
        assert part.data.dtype == np.uint8
        assert (part.offsets[0], part.offsets[-1]) == (0, len(part.data))
        assert part.data.tobytes().decode() == "".join(part.tolist())


def test_strings_held_as_objects_come_as_strings_too() -> None:
    (part,) = IdIndex(GenericValues(["a", "", "\u00e9"]), 3, ValueType.STRING).chunks()
    assert isinstance(part, StringIds)
    assert part.offsets.tolist() == [0, 1, 1, 3]
    assert part.tolist() == ["a", "", "\u00e9"]


def test_ids_of_several_types_come_as_objects() -> None:
    index = IdIndex(GenericValues(["a", None, 7]), 3)
    (part,) = index.chunks()
    assert isinstance(part, np.ndarray)
    assert part.dtype == index.dtype == object
    assert part.tolist() == ["a", None, 7]


@pytest.mark.parametrize(
    "raw",
    [
        [b"a\xff", b"b"],
        [b"\xc3", b"\xa9"],  # one character, torn apart
        [b"ok", b"\xa9\xc3"],
    ],
)
def test_bytes_that_are_not_utf8_are_replaced_as_in_answers(raw: list[bytes]) -> None:
    records = [b"\x82" + len(each).to_bytes(8, "little") + each for each in raw]
    offsets = np.cumsum([0, *map(len, records)], dtype=np.int64)
    index = IdIndex(StringValues(b"".join(records), offsets), len(raw), ValueType.STRING)
    (part,) = index.chunks()
    assert isinstance(part, StringIds)
    assert part.tolist() == index.ids(range(len(raw)))
    assert "\ufffd" in "".join(part.tolist())


@pytest.mark.parametrize("size", [0, -1])
def test_a_chunk_has_a_size(size: int) -> None:
    with pytest.raises(ValueError, match="size must be 1 or more"):
        IdIndex(GenericValues([]), 0).chunks(size)


@pytest.mark.parametrize(
    ("values", "value_type", "dtype"),
    [
        ([], ValueType.INTEGER, np.int64),
        ([], ValueType.STRING, object),
        ([5, 6], ValueType.INTEGER, np.int64),
        (["5"], ValueType.STRING, object),
        ([5, None], ValueType.INTEGER, object),
    ],
)
def test_the_dtype_is_known_even_without_ids(
    values: list[Any], value_type: ValueType, dtype: Any
) -> None:
    assert IdIndex(GenericValues(values), len(values), value_type).dtype == dtype
