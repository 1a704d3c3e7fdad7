"""From a value of side data to entries, by the mode of its column.

Source: docs/format.md, section 7.4 (expansion by mode).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from turi_recommender.errors import QueryError
from turi_recommender.format import Column, ColumnMode
from turi_recommender.scoring.arguments import kind_of, read_category, read_list, read_number
from turi_recommender.scoring.ids import IdIndex
from turi_recommender.scoring.lookup import UNKNOWN
from turi_recommender.wording import counted


class Entry(NamedTuple):
    """One feature of a row.

    Attributes
    ----------
    column : int
        Position among all columns of the model.
    place : int
        Index within the column.
    value : float
        1.0 for a category.
    """

    column: int
    place: int
    value: float


class Categories(Protocol):
    """The trained categories of a column."""

    def find_many(self, values: Sequence[object], /) -> list[int]:
        """Return the index of each value, or `UNKNOWN`."""


class EachOnce:
    """Categories of which each different one is looked up once, however many rows have it.

    Parameters
    ----------
    categories : Categories
        Where they are looked up. What is remembered lasts as long as this object.
    """

    def __init__(self, categories: Categories) -> None:
        self._categories = categories
        self._found: dict[tuple[type, object], int] = {}  # 1 and 1.0 are one key

    def find_many(self, values: Sequence[object], /) -> list[int]:
        """Return the index of each value, or `UNKNOWN`."""
        keys = [(type(value), value) for value in values]
        missing = [key for key in keys if key not in self._found]
        if missing:
            places = self._categories.find_many([value for _, value in missing])
            self._found.update(zip(missing, places, strict=True))
        return [self._found[key] for key in keys]


def expand(position: int, column: Column, categories: Categories, value: Any) -> list[Entry]:
    """Return the entries of one value.

    Parameters
    ----------
    position : int
        Position of the column among all columns of the model.
    column : Column
        How its values become entries; errors name it.
    categories : Categories
        Its trained categories. Those that are not among them are counted on from the trained ones,
        as Turi Create would learn them now; they have no part in any score.
    value : object
        What was given. None is the library's missing value.

    Raises
    ------
    QueryError
        If the value is of the wrong type.
    """
    match column.mode:
        case ColumnMode.NUMERIC:
            number = float(column.means[0]) if value is None else read_number(value, column)
            return [Entry(position, 0, number)]
        case ColumnMode.CATEGORICAL:
            return [Entry(position, index, 1.0) for index in _places(column, categories, value)]
        case ColumnMode.NUMERIC_VECTOR:
            return [
                Entry(position, index, number)
                for index, number in enumerate(_vector(value, column))
            ]
        case ColumnMode.CATEGORICAL_LIST:
            indices = sorted(_places(column, categories, value))
            return [Entry(position, index, 1.0) for index in indices]
        case ColumnMode.DICTIONARY:
            return _dictionary(position, column, categories, value)
        case ColumnMode.UNTRANSLATED:
            return []


def categories_of(column: Column, value: Any) -> Sequence[Any]:
    """Return the categories in a value of a column, checked."""
    match column.mode:
        case ColumnMode.CATEGORICAL:
            listed: Iterable[Any] = [value]
        case ColumnMode.CATEGORICAL_LIST:
            listed = [] if value is None else read_list(value, column.name)
        case ColumnMode.DICTIONARY:
            listed = _mapping(value, column)
        case _:
            return []
    return [read_category(one, column) for one in listed]


def _places(column: Column, categories: Categories, value: Any) -> list[int]:
    values = categories_of(column, value)
    return _numbered(values, categories.find_many(values), column.size)


def _numbered(values: Sequence[Any], indices: list[int], size: int) -> list[int]:
    """Return the indices of categories; those that are not known are counted on from `size`.

    Turi Create would learn them now, and give each the next index.
    """
    if UNKNOWN not in indices:  # nearly always
        return indices
    learned: dict[tuple[type, Any], int] = {}  # 1 and 1.0 are one key, but not one category
    return [
        learned.setdefault((type(value), value), size + len(learned)) if index == UNKNOWN else index
        for value, index in zip(values, indices, strict=True)
    ]


def unknown_of(categories: IdIndex, values: Sequence[Any]) -> list[Any]:
    """Return those of some categories that were not trained."""
    places = categories.find_many(values)
    return [value for value, place in zip(values, places, strict=True) if place == UNKNOWN]


def _vector(value: Any, column: Column) -> list[float]:
    if value is None:
        means: list[float] = column.means[: column.size].tolist()
        return means
    numbers = [read_number(number, column) for number in read_list(value, column.name)]
    if len(numbers) != column.size:
        expected = counted(column.size, "number")
        raise QueryError((column.name,), f"expected {expected}, got {len(numbers)}")
    return numbers


def _dictionary(position: int, column: Column, categories: Categories, value: Any) -> list[Entry]:
    weights = _mapping(value, column)
    keys = [read_category(key, column) for key in weights]
    places = _numbered(keys, categories.find_many(keys), column.size)
    entries = [
        Entry(position, place, read_number(number, column))
        for place, number in zip(places, weights.values(), strict=True)
    ]
    return sorted(entries, key=lambda entry: entry.place)


def _mapping(value: Any, column: Column) -> Mapping[Any, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise QueryError((column.name,), f"expected a dictionary, got {kind_of(value)}")
    return value
