"""From a user's row to entries, for each mode of a column (docs/format.md, section 7.4)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turi_recommender.errors import QueryError
from turi_recommender.format import Column, ColumnMode, GenericValues, ValueType
from turi_recommender.scoring.ids import IdIndex
from turi_recommender.scoring.lookup import UNKNOWN
from turi_recommender.scoring.query import Entry, QueryReader, cast_id

LETTERS = ["a", "b", "c"]


def column(
    name: str,
    mode: ColumnMode,
    values: list[Any],
    size: int,
    value_type: ValueType = ValueType.STRING,
) -> Column:
    counts, means = np.ones(size, np.uint64), np.arange(0.5, size, 1.0)
    return Column(name, mode, value_type, size, GenericValues(values), counts, means)


USER = column("user", ColumnMode.CATEGORICAL, [10, 20], 2, ValueType.INTEGER)
ITEM = column("item", ColumnMode.CATEGORICAL, [1], 1, ValueType.INTEGER)
NUMBER = column("number", ColumnMode.NUMERIC, [], 1, ValueType.FLOAT)
LETTER = column("letter", ColumnMode.CATEGORICAL, LETTERS, 2)  # "c" was learned from a query
PAIR = column("pair", ColumnMode.NUMERIC_VECTOR, [], 2, ValueType.VECTOR)
BAG = column("bag", ColumnMode.CATEGORICAL_LIST, LETTERS, 3, ValueType.LIST)
WEIGHTS = column("weights", ColumnMode.DICTIONARY, LETTERS, 3, ValueType.DICT)
LOST = column("lost", ColumnMode.UNTRANSLATED, [], 0, ValueType.DATETIME)


@pytest.fixture
def reader() -> QueryReader:
    columns = [USER, ITEM, NUMBER, LETTER, PAIR, BAG, WEIGHTS, LOST]
    return QueryReader(columns, IdIndex(USER.values, USER.size))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ()),
        ({"number": 3}, (Entry(2, 0, 3.0),)),
        ({"number": None}, (Entry(2, 0, 0.5),)),
        ({"letter": "b"}, (Entry(3, 1, 1.0),)),
        ({"letter": "c"}, ()),
        ({"letter": "other"}, ()),
        ({"letter": 7}, ()),
        ({"letter": None}, ()),
        ({"pair": [1, 2.5]}, (Entry(4, 0, 1.0), Entry(4, 1, 2.5))),
        ({"pair": None}, (Entry(4, 0, 0.5), Entry(4, 1, 1.5))),
        ({"bag": ["c", "a", "other"]}, (Entry(5, 0, 1.0), Entry(5, 2, 1.0))),
        ({"bag": []}, ()),
        ({"bag": None}, ()),
        ({"weights": {"c": 2, "other": 1, "b": 0.5}}, (Entry(6, 1, 0.5), Entry(6, 2, 2.0))),
        ({"weights": None}, ()),
        ({"lost": "anything"}, ()),
        ({"letter": "a", "number": 1.0}, (Entry(2, 0, 1.0), Entry(3, 0, 1.0))),
    ],
)
def test_a_value_becomes_entries(
    reader: QueryReader, given: dict[str, Any], expected: tuple[Entry, ...]
) -> None:
    for _ in range(2):  # the second answer may be a remembered one
        query = reader.read({"user": 20, **given}, 0)
        assert (query.user_id, query.user, query.context) == (20, 1, expected)
        assert query.has_context == bool(given)
        assert query.history is None
    assert reader.context(given) == expected


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({"user": 10, "number": "3"}, "users.4.number", "expected a number, got str"),
        ({"user": 10, "number": True}, "users.4.number", "expected a number, got bool"),
        ({"user": 10, "number": 10**400}, "users.4.number", "the number is too large"),
        ({"user": 10, "pair": [1]}, "users.4.pair", "expected 2 numbers, got 1"),
        ({"user": 10, "pair": "ab"}, "users.4.pair", "expected a list, got str"),
        ({"user": 10, "bag": "ab"}, "users.4.bag", "expected a list, got str"),
        ({"user": 10, "weights": ["a"]}, "users.4.weights", "expected a dictionary, got list"),
        ({"user": 10, "weights": {"a": None}}, "users.4.weights", "expected a number, got null"),
        ({"user": 10, "item": 1}, "users.4.item", "the item column cannot be part of"),
        ({"user": 10, "other": 1}, "users.4.other", ""),
        ({"number": 1}, "users.4.user", "missing"),
    ],
)
def test_a_value_of_the_wrong_type_is_named(
    reader: QueryReader, given: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(QueryError) as caught:
        reader.read(given, 4)
    assert caught.value.field == field
    assert message in caught.value.message


@given(st.text(max_size=200), st.text(max_size=200))
def test_what_is_remembered_is_what_is_read(one: str, other: str) -> None:
    """Long texts are not remembered; short ones are, each for itself."""
    texts = column("text", ColumnMode.CATEGORICAL, list({one, other}), len({one, other}))
    reader = QueryReader([USER, ITEM, texts], IdIndex(USER.values, USER.size))
    for text in (one, other, one, other):
        place = texts.values.tolist().index(text)
        assert reader.context({"text": text}) == (Entry(2, place, 1.0),)


INTEGERS = column("id", ColumnMode.CATEGORICAL, [], 0, ValueType.INTEGER)
STRINGS = column("id", ColumnMode.CATEGORICAL, [], 0, ValueType.STRING)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(5, 5), (5.0, 5), ("5", 5), ("-5", -5), (np.int64(5), 5), (np.float32(5), 5), (2**70, 2**70)],
)
def test_ids_become_integers(value: object, expected: int) -> None:
    found = cast_id(value, INTEGERS)
    assert (found, type(found)) == (expected, int)


@pytest.mark.parametrize(
    ("value", "expected"), [("5", "5"), (5, "5"), ("", ""), (np.str_("x"), "x"), (np.int8(5), "5")]
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


def test_a_bare_id_is_a_user_without_context(reader: QueryReader) -> None:
    query = reader.read(99, 0)
    assert (query.user_id, query.user, query.has_context) == (99, UNKNOWN, False)
