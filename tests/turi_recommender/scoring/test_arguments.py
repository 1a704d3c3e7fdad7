"""What is an id, a count or a list, and what is none."""

from __future__ import annotations

from enum import Enum, IntEnum

import numpy as np
import pytest

from tests.turi_recommender.scoring.test_query import column
from turi_recommender.errors import QueryError
from turi_recommender.format import MAX_INDICES, Column, ColumnMode, ValueType
from turi_recommender.scoring.arguments import cast_id, plain, read_count, read_list


class Number(IntEnum):
    FIVE = 5


class Text(str, Enum):
    X = "x"


INTEGERS = column("id", ColumnMode.CATEGORICAL, [], 0, ValueType.INTEGER)
STRINGS = column("id", ColumnMode.CATEGORICAL, [], 0, ValueType.STRING)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5),
        (5.0, 5),
        ("5", 5),
        ("-5", -5),
        (np.int64(5), 5),
        (np.float32(5), 5),
        (Number.FIVE, 5),
        (2**63 - 1, 2**63 - 1),
    ],
)
def test_ids_become_integers(value: object, expected: int) -> None:
    found = cast_id(value, INTEGERS)
    assert (found, type(found)) == (expected, int)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("5", "5"), (5, "5"), ("", ""), (np.str_("x"), "x"), (np.int8(5), "5"), (Text.X, "x")],
)
def test_ids_become_strings(value: object, expected: str) -> None:
    found = cast_id(value, STRINGS)
    assert (found, type(found)) == (expected, str)


@pytest.mark.parametrize(
    "value", [None, True, 1.5, "1.0", "a", "", "\u0663", [1], np.bool_(True), float("nan")]
)
def test_what_is_no_integer(value: object) -> None:
    with pytest.raises(QueryError, match="expected an integer, got"):
        cast_id(value, INTEGERS)


@pytest.mark.parametrize("value", [None, True, 1.5, [1], b"a"])
def test_what_is_no_string(value: object) -> None:
    with pytest.raises(QueryError, match="expected a string, got"):
        cast_id(value, STRINGS)


LARGE = [
    2**63,
    -(2**63) - 1,
    2**200,
    10**5000,
    1e19,
    -1e300,
    "9223372036854775808",
    np.uint64(2**63),
]


@pytest.mark.parametrize("value", LARGE, ids=range(len(LARGE)))
def test_an_integer_beyond_64_bits_is_no_id(value: object) -> None:
    with pytest.raises(QueryError, match="id: expected an integer of 64 bits, got a larger one"):
        cast_id(value, INTEGERS)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**5000], ids=range(3))
def test_nor_is_it_one_written_out(value: int) -> None:
    with pytest.raises(QueryError, match="id: expected an integer of 64 bits, got a larger one"):
        cast_id(value, STRINGS)
    assert cast_id("9" * 5000, STRINGS) == "9" * 5000


@pytest.mark.parametrize("value", [np.datetime64(5, "ns"), np.timedelta64(5, "ns"), b"5", 5j])
@pytest.mark.parametrize("ids", [INTEGERS, STRINGS], ids=["integer", "string"])
def test_a_time_is_no_id(value: object, ids: Column) -> None:
    with pytest.raises(QueryError, match=r"id: expected an? (integer|string), got"):
        cast_id(value, ids)


@pytest.mark.parametrize(
    ("value", "expected"), [(Number.FIVE, int), (Text.X, str), (np.int8(1), int), (np.str_(), str)]
)
def test_what_is_plain(value: object, expected: type) -> None:
    assert type(plain(value)) is expected


@pytest.mark.parametrize("k", [MAX_INDICES + 1, 2**63 - 1, np.uint64(2**64 - 1), 10**30])
def test_a_count_beyond_every_catalogue(k: int) -> None:
    assert read_count(k) == MAX_INDICES


@pytest.mark.parametrize("k", [1, np.int64(3), np.uint8(3)])
def test_counts(k: int) -> None:
    assert read_count(k) == int(k)
    assert type(read_count(k)) is int


@pytest.mark.parametrize(
    "k", [0, -1, 3.0, np.float64(3), "3", None, True, np.True_, [3], np.array([3])]
)
def test_what_is_no_count(k: object) -> None:
    with pytest.raises(QueryError, match=r"^k: "):
        read_count(k)


def test_lists() -> None:
    ids = [6000, 6001]
    for ids_given in (
        ids,
        tuple(ids),
        np.array(ids),
        iter(ids),
        range(6000, 6002),
        {6000: 0, 6001: 0}.keys(),
    ):
        assert list(read_list(ids_given, "users")) == ids
    assert read_list([], "users") == []


@pytest.mark.parametrize(
    "given",
    [
        None,
        6000,
        "6000",
        b"6000",
        bytearray(b"6000"),
        memoryview(b"6000"),
        {"visitorid": 6000},
        np.array([[1]]),
        np.array(1),
        np.array([5], "M8[ns]"),
        np.array([5], "m8[s]"),
    ],
)
def test_what_is_no_list(given: object) -> None:
    with pytest.raises(QueryError, match=r"^users: expected"):
        read_list(given, "users")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "an empty string"),
        ("guest", "a string that is not all digits"),
        ("6000 ", "a string that is not all digits"),
        ("-", "a string that is not all digits"),
        ("٦", "a string that is not all digits"),
        ("1" * 20, "a string of more than 19 digits"),
    ],
)
def test_what_is_wrong_with_a_string(text: str, told: str) -> None:
    with pytest.raises(QueryError, match=f"expected an integer, got {told}$"):
        cast_id(text, INTEGERS)
