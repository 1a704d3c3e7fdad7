"""From a user's row to entries, for each mode of a column (docs/format.md, section 7.4)."""

from __future__ import annotations

import math
from dataclasses import replace
from enum import Enum
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turi_recommender.errors import QueryError
from turi_recommender.format import Column, ColumnMode, GenericValues, ValueType
from turi_recommender.scoring.expansion import Entry
from turi_recommender.scoring.ids import IdIndex
from turi_recommender.scoring.lookup import UNKNOWN
from turi_recommender.scoring.query import QueryReader

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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"bag": (1,)}, {"bag": (True,)}),
        ({"bag": (1,)}, {"bag": (1.0,)}),
        ({"pair": (1, 2)}, {"pair": (True, 2)}),
        ({"letter": 1}, {"letter": True}),
        ({"letter": 1}, {"letter": 1.0}),
        ({"number": 1}, {"number": True}),
    ],
)
def test_answers_do_not_depend_on_earlier_queries(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    """To Python, 1 == 1.0 == True; whatever was asked first must not answer for the others."""

    def answers(*asked: dict[str, Any]) -> list[object]:
        numbers = replace(LETTER, name="letter", values=GenericValues([1, "1"]))
        bag = replace(BAG, values=GenericValues([1, "1", "b"]))
        reader = QueryReader([USER, ITEM, NUMBER, numbers, PAIR, bag], IdIndex(USER.values, 2))
        found: list[object] = []
        for row in asked:
            for ask in (reader.context, reader.unknown):
                try:
                    found.append(repr(ask(row)))
                except QueryError as error:
                    found.append(str(error))
        return found

    alone = [answers(one), answers(other)]
    assert alone[0] != alone[1]
    assert answers(one, other) == alone[0] + alone[1]
    assert answers(other, one) == alone[1] + alone[0]


def test_zero_has_no_sign(reader: QueryReader) -> None:
    for first, second in ((0.0, -0.0), (-0.0, 0.0)):
        for number in (first, second):
            (entry,) = reader.context({"number": number})
            assert math.copysign(1.0, entry.value) == 1.0


class Letter(str, Enum):
    B = "b"


class NA:
    """As the missing value of a data frame: neither true nor false, and equal to nothing."""

    def __bool__(self) -> bool:
        raise TypeError("NA is ambiguous")

    __hash__ = object.__hash__

    def __eq__(self, _: object) -> bool:
        raise TypeError("NA is ambiguous")


NOTHINGS = [
    np.nan,
    np.float32("nan"),
    NA(),
    np.datetime64("NaT", "ns"),
    np.datetime64(5, "ns"),
    b"b",
]


@pytest.mark.parametrize("value", [*NOTHINGS, True, np.True_, ["b"], ("b",), {"b": 1}, object()])
def test_what_is_no_category_is_named(reader: QueryReader, value: object) -> None:
    for row in ({"letter": value}, {"bag": ["a", value]}):
        for _ in range(2):
            with pytest.raises(QueryError, match="expected a string or a number, got"):
                reader.context(row)
            with pytest.raises(QueryError, match="expected a string or a number, got"):
                reader.unknown(row)


@pytest.mark.parametrize("value", [*NOTHINGS, [1.0], (1.0,), object(), np.array(1.0)])
def test_what_is_no_number_is_named(reader: QueryReader, value: object) -> None:
    for row in ({"number": value}, {"pair": [1.0, value]}, {"weights": {"b": value}}):
        for _ in range(2):
            with pytest.raises(QueryError, match="expected a number, got"):
                reader.context(row)


@pytest.mark.parametrize("value", ["ab", b"ab", bytearray(b"ab"), memoryview(b"ab"), 7, {"a": 1}])
def test_what_is_no_list_of_values_is_named(reader: QueryReader, value: object) -> None:
    for name in ("pair", "bag"):
        with pytest.raises(QueryError, match=rf"^{name}: expected a list, got"):
            reader.context({name: value})
    with pytest.raises(QueryError, match=r"^bag: expected a list, got"):
        reader.unknown({"bag": value})
    with pytest.raises(QueryError, match=r"^weights: expected a dictionary, got int"):
        reader.unknown({"weights": 7})


def test_lists_of_any_kind_are_vectors_and_bags(reader: QueryReader) -> None:
    expected = reader.context({"pair": [1.0, 2.5], "bag": ["a", "b"]})
    pairs: list[Any] = [(1.0, 2.5), np.array([1, 2.5], np.float32), {1: 0, 2.5: 0}.keys()]
    bags: list[Any] = [("b", "a"), {"a", "b"}, np.array(["a", "b"]), [Letter.B, np.str_("a")]]
    for pair, bag in product(pairs, bags):
        assert reader.context({"pair": pair, "bag": bag}) == expected
    assert reader.context({"pair": iter([1.0, 2.5]), "bag": iter("ab")}) == expected
    assert reader.context({"letter": Letter.B}) == reader.context({"letter": "b"})


def test_what_is_long_is_not_remembered(reader: QueryReader) -> None:
    remembered: Any = reader._remembered
    for value in (2**70, "x" * 1000, Letter.B):
        reader.context({"letter": value})
    assert remembered.cache_info().currsize == 0
    reader.context({"letter": 2**60})
    assert remembered.cache_info().currsize == 1


def test_many_rows_are_read_as_each_is(reader: QueryReader) -> None:
    rows: list[Any] = [1, {"user": 2, "letter": "b"}, {"user": 10**9}, {"user": 3.0}, "2"] * 5
    each = [reader.read(row, position) for position, row in enumerate(rows)]
    for query, expected in zip(reader.read_all(rows), each, strict=True):
        assert (query.user_id, query.user) == (expected.user_id, expected.user)
        assert (query.context, query.has_context) == (expected.context, expected.has_context)
    with pytest.raises(QueryError) as raised:
        reader.read_all([*rows, {"user": 1, "letters": "a"}])
    assert raised.value.path == ("users", len(rows), "letters")


def test_the_two_zeros_are_one_unknown_value(reader: QueryReader) -> None:
    """What is remembered of one must not be told of the other."""
    for first, then in ((0.0, -0.0), (-0.0, 0.0), (np.float64(-0.0), 0.0)):
        for value in (first, then):
            for row in ({"letter": value}, {"bag": [value]}):
                ((_, found),) = reader.unknown(row)
                assert repr(found) == "0.0"


def test_numbers_of_several_types_are_different_unknown_values(reader: QueryReader) -> None:
    for value in (7, 7.0, 2**70, math.inf, "7"):
        ((name, found),) = reader.unknown({"letter": value})
        assert (name, found, type(found)) == ("letter", value, type(value))
    assert list(reader.unknown({"number": -0.0, "pair": [1.0, -0.0], "letter": None})) == []


def test_an_unknown_column_is_told_the_known_ones() -> None:
    told = "the model was not trained with this column"
    few = QueryReader([USER, ITEM, NUMBER, PAIR], IdIndex(USER.values, USER.size))
    names = f"its side columns are {NUMBER.name}, {PAIR.name}"
    with pytest.raises(QueryError, match=rf"^users\.0\.colour: {told}; {names}$"):
        few.read({USER.name: 1, "colour": 1}, 0)
    none = QueryReader([USER, ITEM], IdIndex(USER.values, USER.size))
    with pytest.raises(QueryError, match=rf"{told}; it has no side columns$"):
        none.read({USER.name: 1, "colour": 1}, 0)
    columns = [replace(NUMBER, name=f"n{number}") for number in range(40)]
    many = QueryReader([USER, ITEM, *columns], IdIndex(USER.values, USER.size))
    with pytest.raises(QueryError, match=r"n28, n29, \.\.\.$"):
        many.read({USER.name: 1, "colour": 1}, 0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"letter": "b", "number": 3, "pair": None}, ()),
        ({"letter": "other"}, (Entry(3, LETTER.size, 1.0),)),
        ({"letter": None}, (Entry(3, LETTER.size, 1.0),)),
        (
            {"bag": ["z", "a", "y", "z"]},
            (Entry(5, BAG.size, 1.0), Entry(5, BAG.size, 1.0), Entry(5, BAG.size + 1, 1.0)),
        ),
        (
            {"bag": [1, 1.0, "1"]},
            tuple(Entry(5, BAG.size + place, 1.0) for place in range(3)),
        ),
        (
            {"weights": {"z": 2.0, "b": 1.0, "y": 0.5}, "letter": 7},
            (
                Entry(3, LETTER.size, 1.0),
                Entry(6, WEIGHTS.size, 2.0),
                Entry(6, WEIGHTS.size + 1, 0.5),
            ),
        ),
        ({"lost": "anything"}, ()),
    ],
)
def test_unknown_categories_have_the_next_indices_of_their_column(
    reader: QueryReader, given: dict[str, Any], expected: tuple[Entry, ...]
) -> None:
    for _ in range(2):  # the second time, some come from the memory
        assert reader.read({"user": 1, **given}, 0).unknown == expected
        assert reader.read_all([{"user": 1, **given}] * 20)[7].unknown == expected
