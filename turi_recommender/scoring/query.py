"""From a user's row of a query to indices and entries.

Source: docs/format.md, section 7.1; docs/queries.md, sections 1, 2 and 13.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from turi_recommender.errors import QueryError
from turi_recommender.format import Column, ColumnMode
from turi_recommender.scoring import limits
from turi_recommender.scoring.arguments import cast_id, id_in
from turi_recommender.scoring.expansion import Entry, categories_of, expand, unknown_of
from turi_recommender.scoring.ids import IdIndex
from turi_recommender.scoring.lookup import UNKNOWN
from turi_recommender.scoring.remember import remember
from turi_recommender.scoring.results import Id
from turi_recommender.scoring.terms import LONGEST_SHOWN, shown

ABSENT = object()
_LONGEST_NUMBER = 16  # characters of a number in a label, or of "missing"
_LONG_INTEGER = 64  # bits; the same for integers as `limits.LONG_TEXT` for texts


class History(NamedTuple):
    """The items that a user has interacted with.

    Attributes
    ----------
    items : ndarray of int, shape (n,)
        Item indices, ascending; without repeats, except for items of which a query's basket has
        several values.
    values : ndarray of float64, shape (n,)
        Mean target of each of them, or 1.0 where the model has no target.
    """

    items: NDArray[np.integer[Any]]
    values: NDArray[np.float64]


class Basket(NamedTuple):
    """Interactions that a query brings along for its user.

    Attributes
    ----------
    known : History
        Those with items that the model knows: different pairs of item and value, ascending.
    new : ndarray of int64
        Indices of the others that are candidates of this call, ascending.
    unknown : tuple of int or str
        All items that the model does not know, each once.
    """

    known: History
    new: NDArray[np.int64]
    unknown: tuple[Id, ...]


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
    unknown : tuple of Entry
        Categories of the context that the model does not know, counted on from the known ones of
        their column. They have no part in any score, but in what identifies the row.
    basket : Basket or None
        What the query brings along; its items are part of `history`.
    side : tuple of Entry or None
        What counts as the user's side data; None for the side data the model was trained with.
    factors : ndarray of float32, shape (K,), or None
        What counts as the user's factors; None for those the model was trained with.
    """

    user_id: Id
    user: int
    context: tuple[Entry, ...] = ()
    has_context: bool = False
    history: History | None = None
    unknown: tuple[Entry, ...] = ()
    basket: Basket | None = None
    side: tuple[Entry, ...] | None = None
    factors: NDArray[np.float32] | None = None

    def with_basket(self, basket: Basket, history: History | None = None) -> Query:
        """Return this query with a basket, and with what counts as the history then.

        Parameters
        ----------
        basket : Basket
            What the query brings along.
        history : History, optional
            The items of the basket among others; without it, this query's.
        """
        # `dataclasses.replace` takes five times as long, for each basket of a request.
        return Query(
            self.user_id,
            self.user,
            self.context,
            self.has_context,
            self.history if history is None else history,
            self.unknown,
            basket,
            self.side,
            self.factors,
        )


class _Context(NamedTuple):
    """What the side columns of a row come to.

    Attributes
    ----------
    known, unknown : tuple of Entry
        As in `Query`.
    is_given : bool
        Whether any was given.
    """

    known: tuple[Entry, ...] = ()
    unknown: tuple[Entry, ...] = ()
    is_given: bool = False


_NO_CONTEXT = _Context()


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

    def read_all(
        self, rows: Sequence[Id | Mapping[str, Any]], argument: str = "users"
    ) -> list[Query]:
        """Translate the rows of a query, whose users are looked up together.

        Parameters
        ----------
        rows : sequence
            As for `read`.
        argument : str
            As what they were given, for errors.

        Raises
        ------
        QueryError
            As `read`.
        """
        if len(rows) < limits.MANY_IDS:
            return [self.read(row, position, argument) for position, row in enumerate(rows)]
        checked = [self._check(row, position, argument) for position, row in enumerate(rows)]
        users = self._users.find_many([user_id for user_id, _ in checked])
        return [
            _query(user_id, user, context)
            for (user_id, context), user in zip(checked, users, strict=True)
        ]

    def read(self, row: Id | Mapping[str, Any], position: int, argument: str = "users") -> Query:
        """Translate one row.

        Parameters
        ----------
        row : int, str or mapping
            A user id, or a mapping of column names to values. An absent side column contributes
            nothing; None is the library's missing value.
        position : int
            Place of the row in the query, for errors.
        argument : str
            As what the rows were given, for errors.

        Raises
        ------
        QueryError
            For an unknown column or a value of the wrong type.
        """
        user_id, context = self._check(row, position, argument)
        return _query(user_id, self._users.find(user_id), context)

    def _check(
        self, row: Id | Mapping[str, Any], position: int, argument: str
    ) -> tuple[Id, _Context]:
        """Return the user and the context."""
        try:
            # A type is compared faster than an abstract class is looked up, row after row.
            if type(row) is not dict and not isinstance(row, Mapping):
                return cast_id(row, self._user), _NO_CONTEXT
            user_id = id_in(row, self._user)
            return user_id, self._context(row) if len(row) > 1 else _NO_CONTEXT
        except QueryError as error:
            raise error.within(argument, position) from None

    def label(self, entries: Sequence[Entry]) -> str:
        """Return the name of a side column with the value that became these entries of it.

        Parameters
        ----------
        entries : sequence of Entry
            Those of one observation side column; at least one.
        """
        _, column, categories = self._side[entries[0].column - 2]
        return label(column, categories.ids_in_memory, entries)

    def visit(self, row: Mapping[str, Any]) -> Query:
        """Translate what is known of a visit, which need not be its user.

        Parameters
        ----------
        row : mapping
            Column names to values: observation side columns and, for a user, the user column.

        Raises
        ------
        QueryError
            As `read`; its path begins with the column.
        """
        has_user = self._user.name in row
        has_context = len(row) > has_user
        context = self.context(row) if has_context else ()
        if not has_user:
            return Query(cast("Id", None), UNKNOWN, context, has_context)
        user_id = cast_id(row[self._user.name], self._user)
        return Query(user_id, self._users.find(user_id), context, has_context)

    def label_bounds(self) -> list[int]:
        """Return how many bytes the label of each observation side column takes at most."""
        return [label_bound(column, known.ids_in_memory) for _, column, known in self._side]

    def context(self, row: Mapping[str, Any]) -> tuple[Entry, ...]:
        """Translate the side columns of a row.

        Raises
        ------
        QueryError
            As `read`.
        """
        return self._context(row).known

    def _context(self, row: Mapping[str, Any]) -> _Context:
        values = [row.get(name, ABSENT) for name in self._side_names]
        given = [value for value in values if value is not ABSENT]  # arrays cannot be compared
        if len(given) + (self._user.name in row) != len(row):
            self._check_names(row)
        # Shops ask with few combinations, each of them many times.
        read = self._remembered if can_be_remembered(values) else self._read_context
        return read(*values)

    def unknown(self, row: Mapping[str, Any]) -> Sequence[tuple[str, Any]]:
        """Return the columns and categories of a row that were not trained; see `Recommender`."""
        values = [row.get(name) for name in self._side_names]
        find = self._remembered_unknown if can_be_remembered(values) else self._find_unknown
        return find(*values)

    def _find_unknown(self, *values: Any) -> tuple[tuple[str, Any], ...]:
        return tuple(
            (column.name, category)
            for (_, column, categories), value in zip(self._side, values, strict=True)
            for category in unknown_of(categories, categories_of(column, value))
            if category is not None
        )

    def _read_context(self, *values: Any) -> _Context:
        """Translate the value, or its absence, of each side column."""
        known: list[Entry] = []
        unknown: list[Entry] = []
        for (position, column, categories), value in zip(self._side, values, strict=True):
            if value is not ABSENT:
                for entry in expand(position, column, categories, value):
                    (known if entry.place < column.size else unknown).append(entry)
        return _Context(tuple(known), tuple(unknown), is_given=True)

    def _check_names(self, row: Mapping[str, Any]) -> None:
        for name in row:
            if name == self._item.name:
                raise QueryError((name,), "the item column cannot be part of a user's row")
            if name not in self._known_names:
                message = f"the model was not trained with this column; {self._has()}"
                raise QueryError((name,), message)

    def _has(self) -> str:
        """Say which side columns there are."""
        if len(self._side_names) == 0:
            return "it has no side columns"
        named = self._side_names[: limits.SHOWN_COLUMNS]
        more = ", ..." if len(named) < len(self._side_names) else ""
        return f"its side columns are {', '.join(named)}{more}"


def _query(user_id: Id, user: int, context: _Context) -> Query:
    known, unknown, is_given = context
    return Query(user_id, user, known, is_given, unknown=unknown)


def label(
    column: Column, take: Callable[[NDArray[np.int64]], list[Any]], entries: Sequence[Entry]
) -> str:
    """Return the name of a column with its value, where that is a category or a number.

    Parameters
    ----------
    column : Column
        The column.
    take : callable
        Returns its categories at some indices.
    entries : sequence of Entry
        What a value of it became; at least one.
    """
    first = entries[0]
    if column.mode == ColumnMode.NUMERIC:
        return shown(column.name, float(first.value))
    if column.mode == ColumnMode.CATEGORICAL and 0 <= first.place < column.size:
        return shown(column.name, take(np.array([first.place]))[0])
    return column.name


def label_bound(column: Column, take: Callable[[NDArray[np.int64]], list[Any]]) -> int:
    """Return how many bytes the label of a column takes at most, in UTF-8.

    Parameters
    ----------
    column, take
        As for `label`.
    """
    name = len(column.name.encode())
    if column.mode != ColumnMode.CATEGORICAL:
        return name + _LONGEST_NUMBER
    if column.size > limits.IDS_AT_A_TIME:  # the longest of them takes long to find
        return name + LONGEST_SHOWN
    texts = [str(value).encode(errors="surrogatepass") for value in take(np.arange(column.size))]
    return name + max(_LONGEST_NUMBER, min(max(map(len, texts), default=0) + 1, LONGEST_SHOWN))


def can_be_remembered(values: Sequence[Any]) -> bool:
    """Tell whether a memory can tell these values from others, and does not grow by them.

    It compares by == and by type, which is not enough for what is within a tuple: (1,) == (True,).
    """
    for value in values:
        kind = type(value)
        if kind is str:
            if len(value) > limits.LONG_TEXT:
                return False
        elif kind is int:
            if value.bit_length() > _LONG_INTEGER:
                return False
        elif kind is not float and value is not None and value is not ABSENT:
            return False
    return True
