from __future__ import annotations

import struct
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turi_recommender import encode
from tests.turi_recommender.encode import reader
from turi_recommender.errors import ModelFormatError
from turi_recommender.format.pairs import PairList
from turi_recommender.format.value_list import IntegerValues, StringValues, ValueList
from turi_recommender.format.values import MAX_DEPTH, Frame, Skipped

INTEGERS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False)
STRINGS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | INTEGERS | FLOATS | STRINGS | st.lists(FLOATS, max_size=4).map(tuple),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(STRINGS, inner, max_size=4),
    max_leaves=20,
)


def plain(value: Any) -> Any:
    """Turn what was read back into what was written."""
    match value:
        case ValueList():
            return [plain(item) for item in value.tolist()]
        case PairList():
            keys = [plain(key) for key in value.keys]
            items = [plain(item) for item in value.values]
            return dict(zip(keys, items, strict=True))
        case np.ndarray():
            return tuple(value.tolist())
        case np.generic():
            return value.item()
    return value


@given(VALUES)
def test_flexible_values_round_trip(value: Any) -> None:
    values = reader(encode.flexible(value) + b"end")
    assert plain(values.flexible("value")) == value
    assert values.stream.remaining == 3


@given(VALUES, st.data())
def test_a_truncated_value_is_an_error(value: Any, data: st.DataObject) -> None:
    encoded = encode.flexible(value)
    cut = data.draw(st.integers(1, len(encoded)))
    values = reader(b"\x00" + encoded[:-cut])
    values.stream.skip(1, "padding")
    with pytest.raises(ModelFormatError):
        values.flexible("value")


@given(st.lists(INTEGERS, min_size=1))
def test_a_list_of_integers_stays_in_the_file(numbers: list[int]) -> None:
    values = reader(encode.flexible(numbers)).flexible("ids")
    assert isinstance(values, IntegerValues)
    assert not values.values.flags.owndata
    assert values.tolist() == numbers


@given(st.lists(STRINGS, min_size=1))
def test_a_list_of_strings_stays_in_the_file(texts: list[str]) -> None:
    values = reader(encode.flexible(texts)).flexible("ids")
    assert isinstance(values, StringValues)
    assert values.tolist() == texts
    assert values.take([len(texts) - 1, 0]) == [texts[-1], texts[0]]


def test_a_string_that_looks_like_a_list_of_strings() -> None:
    texts = ["\x82" * 3, "\x00\x00\x00\x00\x00\x00\x00\x00", "é" * 300, "", "\x82\x01" + "\x00" * 7]
    values = reader(encode.flexible(texts)).flexible("ids")
    assert values.tolist() == texts


def test_numeric_pairs_keep_repeated_keys_in_order() -> None:
    pairs = b"".join(map(encode.flexible, [2.0, 0.5, 1.0, 0.25, 2.0, 0.75]))
    read = reader(b"\x85" + encode.u64(3) + pairs).flexible("scales")
    assert read.keys.tolist() == [2.0, 1.0, 2.0]
    assert read.values.tolist() == [0.5, 0.25, 0.75]


def test_pairs_of_mixed_types_are_read_one_by_one() -> None:
    mixed = {1: 0.5, 2: "text", "three": None}
    assert plain(reader(encode.flexible(mixed)).flexible("mixed")) == mixed


def test_tables_take_prefixes_in_order() -> None:
    frame = struct.pack("<i?", 4, True)
    absent = struct.pack("<i?", 5, False)
    values = reader(encode.variant_map({"a": frame, "b": absent, "c": frame}))
    assert values.variant("state") == {"a": Frame(2), "b": Frame(None), "c": Frame(3)}
    assert values.take_prefix() == 4


@pytest.mark.parametrize("which", [-1, 1, 2, 3, 8, 2**31 - 1])
def test_an_unknown_variant_is_an_error(which: int) -> None:
    with pytest.raises(ModelFormatError, match="a variant type"):
        reader(struct.pack("<i", which) + b"\x00" * 20).variant("state")


@pytest.mark.parametrize("tag", [0, 127, 136, 255])
def test_an_unknown_type_is_an_error(tag: int) -> None:
    with pytest.raises(ModelFormatError, match="a type tag"):
        reader(bytes([tag]) + b"\x00" * 20).flexible("value")


def test_deep_nesting_is_an_error_not_a_crash() -> None:
    depth = 100_000
    with pytest.raises(ModelFormatError, match=f"at most {MAX_DEPTH} deep"):
        reader((b"\x84" + encode.u64(1)) * depth + b"\x87").flexible("value")
    with pytest.raises(ModelFormatError, match=f"at most {MAX_DEPTH} deep"):
        reader(struct.pack("<iQ", 7, 1) * depth).variant("state")


def test_fields_tell_what_is_missing() -> None:
    fields = reader(encode.variant_map({"size": encode.variant(7)})).variant_fields(
        "column", tagged=False
    )
    assert fields.integer("size") == 7
    with pytest.raises(ModelFormatError, match=r"column\.name \(str\), found no such field"):
        fields.string("name")
    with pytest.raises(ModelFormatError, match=r"column\.size \(str\), found int"):
        fields.string("size")
    with pytest.raises(ModelFormatError, match=r"column\.size within 0 - 6, found 7"):
        fields.integer("size", high=6)


def test_a_date_is_skipped_and_is_no_number() -> None:
    values = reader(b"\x86" + bytes(12) + encode.flexible(7))
    assert values.flexible("date") == Skipped()
    assert values.flexible("number") == 7


def test_names_of_names_cost_their_own_length() -> None:
    """A text of a long name for each of the values below it would take minutes."""
    inner = encode.variant_map({f"{number:04d}": encode.variant(1) for number in range(3000)})
    data = encode.variant_map({"n" * 1_000_000: inner})
    started = time.process_time()
    (read,) = reader(data).variant("state").values()
    assert len(read) == 3000
    assert time.process_time() - started < 1.0


def test_nothing_but_tiny_values_are_refused() -> None:
    """Each takes tens of bytes of memory for one of the file, or hundreds."""
    nones = b"\x84" + encode.u64(1 << 20) + b"\x87" * (1 << 20)
    lists = b"\x84" + encode.u64(1 << 17) + (b"\x84" + bytes(8)) * (1 << 17)
    maps = struct.pack("<iQ", 7, 1 << 16) + struct.pack("<iQ", 6, 0) * (1 << 16)
    for read in (reader(nones).flexible, reader(lists).flexible, reader(maps).variant):
        with pytest.raises(ModelFormatError, match="fewer values than fill"):
            read("ids")


def test_a_long_list_with_a_missing_value_is_not_refused() -> None:
    ids: list[int | None] = [None, *range(600_000)]
    assert len(encode.stored(ids)) == len(ids)


def test_many_short_lists_that_look_like_strings_are_read_fast() -> None:
    few = [["a", *[None] * 70] for _ in range(1000)]
    data = encode.flexible(few) + bytes(3_000_000)
    started = time.process_time()
    assert len(reader(data).flexible("lists")) == len(few)
    assert time.process_time() - started < 2.0
