"""From a user's row to entries, for each mode of a column (docs/format.md, section 7.4)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turi_recommender.errors import QueryError
from turi_recommender.format import Column, ColumnMode, GenericValues, ValueType
from turi_recommender.scoring.ids import IdIndex
from turi_recommender.scoring.lookup import UNKNOWN
from turi_recommender.scoring.query import Entry, QueryReader, cast_id, read_count, read_list

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


def test_scalars_and_arrays_of_a_data_frame_are_values(reader: QueryReader) -> None:
    plain = {"number": 3, "letter": "b", "pair": [1.0, 2.5], "bag": ["a"], "weights": {"b": 2.0}}
    given = {
        "number": np.int64(3),
        "letter": np.str_("b"),
        "pair": np.array([1.0, 2.5]),
        "bag": np.array(["a"]),
        "weights": {np.str_("b"): np.float32(2.0)},
    }
    expected = reader.read({"user": 20, **plain}, 0)
    for user in (20, np.int64(20), np.int32(20), np.uint8(20), 20.0, np.float64(20.0), "20"):
        query = reader.read({"user": user, **given}, 0)
        assert (query.user_id, query.user, query.context) == (20, 1, expected.context)
        assert type(query.user_id) is int


@pytest.mark.parametrize(
    "value",
    [None, True, np.True_, 20.5, np.nan, np.inf, "abc", b"20", [20], np.array([20]), object()],
)
def test_what_is_no_id_is_an_error_with_its_place(reader: QueryReader, value: object) -> None:
    with pytest.raises(QueryError, match=r"users\.3\.user: expected an integer"):
        reader.read({"user": value}, 3)


def test_none_is_an_id_where_it_was_trained() -> None:
    missing = replace(USER, values=GenericValues([10, None]), nullable=True)
    reader = QueryReader([missing, ITEM], IdIndex(missing.values, missing.size))
    query = reader.read({"user": None}, 0)
    assert [query.user_id, query.user] == [None, 1]
    assert missing.sample(5) == [10]
    assert missing.kept().nullable


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
    "given", [None, 6000, "6000", b"6000", {"visitorid": 6000}, np.array([[1]]), np.array(1)]
)
def test_what_is_no_list(given: object) -> None:
    with pytest.raises(QueryError, match=r"^users: expected"):
        read_list(given, "users")


def test_many_rows_are_read_as_each_is(reader: QueryReader) -> None:
    rows: list[Any] = [1, {"user": 2, "letter": "b"}, {"user": 10**9}, {"user": 3.0}, "2"] * 5
    each = [reader.read(row, position) for position, row in enumerate(rows)]
    for query, expected in zip(reader.read_all(rows), each, strict=True):
        assert (query.user_id, query.user) == (expected.user_id, expected.user)
        assert (query.context, query.has_context) == (expected.context, expected.has_context)
    with pytest.raises(QueryError) as raised:
        reader.read_all([*rows, {"user": 1, "letters": "a"}])
    assert raised.value.path == ("users", len(rows), "letters")
