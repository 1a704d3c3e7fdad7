"""From a user's row of a query to indices and entries.

Source: docs/format.md, sections 7.1 and 7.4 (expansion by mode).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from turi_recommender.errors import QueryError
from turi_recommender.format import Column, ColumnMode, ValueType
from turi_recommender.scoring import limits
from turi_recommender.scoring.ids import IdIndex
from turi_recommender.scoring.lookup import UNKNOWN
from turi_recommender.scoring.remember import remember
from turi_recommender.scoring.results import Id

_ABSENT = object()
_INTEGER = re.compile(r"-?[0-9]{1,19}")


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


class History(NamedTuple):
    """The items that a user has interacted with.

    Attributes
    ----------
    items : ndarray of int, shape (n,)
        Item indices, ascending and without repeats.
    values : ndarray of float64, shape (n,)
        Mean target of each of them, or 1.0 where the model has no target.
    """

    items: NDArray[np.integer[Any]]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A user, the context of the visit, and a history if the query brings one along.

    Attributes
    ----------
    user_id : int or str
        As asked, cast to the model's type.
    user : int
        Its index, or `UNKNOWN`.
    context : tuple of Entry
        Entries of the observation side columns, in training order.
    has_context : bool
        Whether any side column was given, even if it came to no entry.
    history : History or None
        What counts as the user's history; None for the one the model was trained with.
    """

    user_id: Id
    user: int
    context: tuple[Entry, ...] = ()
    has_context: bool = False
    history: History | None = None


class QueryReader:
    """Check and translate the rows of a query for one model.

    Parameters
    ----------
    columns : sequence of Column
        User, item, then the observation side columns, in training order.
    users : IdIndex
        The trained users.
    """

    def __init__(self, columns: Sequence[Column], users: IdIndex) -> None:
        self._user = columns[0]
        self._item = columns[1]
        self._users = users
        self._side = [
            (position, column.kept(), IdIndex(column.values, column.size))
            for position, column in enumerate(columns[2:], 2)
        ]
        self._remembered = remember(limits.CONTEXTS, self._read_context, typed=True)
        self._remembered_unknown = remember(limits.CONTEXTS, self._find_unknown, typed=True)
        self._side_names = [column.name for column in columns[2:]]
        self._known_names = {self._user.name, *(column.name for column in columns[2:])}

    def read_all(self, rows: Sequence[Id | Mapping[str, Any]]) -> list[Query]:
        """Translate the rows of a query, whose users are looked up together.

        Parameters
        ----------
        rows : sequence
            As for `read`.

        Raises
        ------
        QueryError
            As `read`.
        """
        if len(rows) < limits.MANY_IDS:
            return [self.read(row, position) for position, row in enumerate(rows)]
        checked = [self._check(row, position) for position, row in enumerate(rows)]
        users = self._users.find_many([user_id for user_id, *_ in checked])
        return [
            Query(user_id, user, context, has_context)
            for (user_id, context, has_context), user in zip(checked, users, strict=True)
        ]

    def read(self, row: Id | Mapping[str, Any], position: int) -> Query:
        """Translate one row.

        Parameters
        ----------
        row : int, str or mapping
            A user id, or a mapping of column names to values. An absent side column contributes
            nothing; None is the library's missing value.
        position : int
            Place of the row in the query, for errors.

        Raises
        ------
        QueryError
            For an unknown column or a value of the wrong type.
        """
        user_id, context, has_context = self._check(row, position)
        return Query(user_id, self._users.find(user_id), context, has_context)

    def _check(
        self, row: Id | Mapping[str, Any], position: int
    ) -> tuple[Id, tuple[Entry, ...], bool]:
        """Return the user, the context, and whether there is any."""
        try:
            if isinstance(row, int | str) or not isinstance(row, Mapping):
                return cast_id(row, self._user), (), False
            if self._user.name not in row:
                raise QueryError((self._user.name,), "missing")
            user_id = cast_id(row[self._user.name], self._user)
            has_context = len(row) > 1
            return user_id, self.context(row) if has_context else (), has_context
        except QueryError as error:
            raise error.within("users", position) from None

    def context(self, row: Mapping[str, Any]) -> tuple[Entry, ...]:
        """Translate the side columns of a row.

        Raises
        ------
        QueryError
            As `read`.
        """
        values = [row.get(name, _ABSENT) for name in self._side_names]
        given = [value for value in values if value is not _ABSENT]  # arrays cannot be compared
        if len(given) + (self._user.name in row) != len(row):
            self._check_names(row)
        for value in values:
            if type(value) is str and len(value) > limits.LONG_TEXT:
                return self._read_context(*values)
        try:  # shops ask with few combinations, each of them many times
            return self._remembered(*values)
        except TypeError:  # lists and dictionaries cannot be remembered
            return self._read_context(*values)

    def unknown(self, row: Mapping[str, Any]) -> Sequence[tuple[str, Any]]:
        """Return the columns and categories of a row that were not trained; see `Recommender`."""
        values = [row.get(name) for name in self._side_names]
        if any(type(value) is str and len(value) > limits.LONG_TEXT for value in values):
            return self._find_unknown(*values)
        try:
            return self._remembered_unknown(*values)
        except TypeError:
            return self._find_unknown(*values)

    def _find_unknown(self, *values: Any) -> tuple[tuple[str, Any], ...]:
        return tuple(
            (column.name, category)
            for (_, column, categories), value in zip(self._side, values, strict=True)
            for category in _unknown(categories, _categories(column, value))
            if category is not None
        )

    def _read_context(self, *values: Any) -> tuple[Entry, ...]:
        """Translate the value, or its absence, of each side column."""
        entries: list[Entry] = []
        for (position, column, categories), value in zip(self._side, values, strict=True):
            if value is not _ABSENT:
                entries += _expand(position, column, categories, value)
        return tuple(entries)

    def _check_names(self, row: Mapping[str, Any]) -> None:
        for name in row:
            if name == self._item.name:
                raise QueryError((name,), "the item column cannot be part of a user's row")
            if name not in self._known_names:
                raise QueryError((name,), "the model was not trained with this column")


def cast_id(value: object, column: Column) -> Id:
    """Cast a user or item id to the type the model was trained with.

    Parameters
    ----------
    value : object
        An int or a str; a float without a fraction and a scalar of NumPy will do, too. None is an
        id only where the model was trained with one.
    column : Column
        The user or item column; errors name it.

    Raises
    ------
    QueryError
        If it cannot be cast without loss.
    """
    if type(value) is int and column.value_type == ValueType.INTEGER:
        return value
    value = plain(value)
    if value is None and column.nullable:
        return cast("Id", None)
    if column.value_type == ValueType.STRING:
        if isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise QueryError((column.name,), f"expected a string, got {_kind(value)}")
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    raise QueryError((column.name,), f"expected an integer, got {_kind(value)}")


def plain(value: Any) -> Any:
    """Return a scalar of an array or a data frame as a Python object, and the rest as it is."""
    return value.item() if isinstance(value, np.generic) else value


def read_count(value: object) -> int:
    """Check how many answers are asked for.

    Raises
    ------
    QueryError
        If it is not a whole number of 1 or more.
    """
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise QueryError(("k",), f"expected an integer, got {_kind(value)}")
    if value < 1:
        raise QueryError(("k",), "must be 1 or more")
    return value


def read_list(values: Any, argument: str) -> Sequence[Any]:
    """Check a list of ids or rows: a sequence, an array of one dimension, or a series.

    Parameters
    ----------
    values : object
        What was given.
    argument : str
        As what, for errors.

    Raises
    ------
    QueryError
        If it is something else, such as one id, a string or a table.
    """
    if isinstance(values, np.ndarray):
        if values.ndim != 1:
            message = f"expected one dimension, got {values.ndim}"
            raise QueryError((argument,), message)
        return values.tolist()  # type: ignore[no-any-return]
    is_one = isinstance(values, str | bytes | Mapping) or getattr(values, "ndim", 1) != 1
    if is_one or not isinstance(values, Iterable):
        raise QueryError((argument,), f"expected a list, got {_kind(values)}")
    return values if isinstance(values, Sequence) else list(values)


def _expand(position: int, column: Column, categories: IdIndex, value: Any) -> list[Entry]:
    value = plain(value)
    match column.mode:
        case ColumnMode.NUMERIC:
            number = float(column.means[0]) if value is None else _number(value, column)
            return [Entry(position, 0, number)]
        case ColumnMode.CATEGORICAL:
            return [Entry(position, index, 1.0) for index in _known(categories, [value])]
        case ColumnMode.NUMERIC_VECTOR:
            return [
                Entry(position, index, number)
                for index, number in enumerate(_vector(value, column))
            ]
        case ColumnMode.CATEGORICAL_LIST:
            indices = _known(categories, _list(value, column))
            return [Entry(position, index, 1.0) for index in sorted(indices)]
        case ColumnMode.DICTIONARY:
            return _dictionary(position, column, categories, value)
        case ColumnMode.UNTRANSLATED:
            return []


def _categories(column: Column, value: Any) -> Sequence[Any]:
    """Return the categories in a value of a column."""
    match column.mode:
        case ColumnMode.CATEGORICAL:
            return [value]
        case ColumnMode.CATEGORICAL_LIST | ColumnMode.DICTIONARY:
            return [] if value is None else list(value)
        case _:
            return []


def _known(categories: IdIndex, values: Sequence[Any]) -> list[int]:
    indices = categories.find_many([plain(value) for value in values])
    return [index for index in indices if index != UNKNOWN]


def _unknown(categories: IdIndex, values: Sequence[Any]) -> list[Any]:
    places = categories.find_many(values)
    return [value for value, place in zip(values, places, strict=True) if place == UNKNOWN]


def _number(value: Any, column: Column) -> float:
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise QueryError((column.name,), f"expected a number, got {_kind(value)}")
    try:
        return float(value)
    except OverflowError:
        raise QueryError((column.name,), "the number is too large") from None


def _vector(value: Any, column: Column) -> list[float]:
    if value is None:
        means: list[float] = column.means[: column.size].tolist()
        return means
    numbers = [_number(number, column) for number in _list(value, column)]
    if len(numbers) != column.size:
        raise QueryError((column.name,), f"expected {column.size} numbers, got {len(numbers)}")
    return numbers


def _list(value: Any, column: Column) -> Sequence[Any]:
    if value is None:
        return []
    if isinstance(value, np.ndarray) and value.ndim == 1:
        return value.tolist()  # type: ignore[no-any-return]
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        raise QueryError((column.name,), f"expected a list, got {_kind(value)}")
    return value


def _dictionary(position: int, column: Column, categories: IdIndex, value: Any) -> list[Entry]:
    if value is None:
        return []
    if not isinstance(value, Mapping):
        raise QueryError((column.name,), f"expected a dictionary, got {_kind(value)}")
    places = categories.find_many([plain(key) for key in value])
    entries = [
        Entry(position, place, _number(number, column))
        for place, number in zip(places, value.values(), strict=True)
    ]
    known = [entry for entry in entries if entry.place != UNKNOWN]
    return sorted(known, key=lambda entry: entry.place)


def _kind(value: object) -> str:
    return "null" if value is None else type(value).__name__
