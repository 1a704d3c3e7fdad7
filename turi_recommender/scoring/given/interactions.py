"""Check rows of interactions that come with a query.

Source: docs/queries.md, sections 0.2 and 1.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence
from typing import Any

from turi_recommender.errors import QueryError
from turi_recommender.format import Column
from turi_recommender.scoring.arguments import cast_id, id_in, read_list, read_number, read_row
from turi_recommender.scoring.results import Id

Pair = tuple[Id, float]  # an item and the value of the target

_NO_TARGET = 1.0


class InteractionReader:
    """Check interactions for one model.

    Parameters
    ----------
    columns : sequence of Column
        User, item, then the observation side columns.
    target : Column or None
        The target column.
    """

    def __init__(self, columns: Sequence[Column], target: Column | None) -> None:
        self._user = columns[0].kept()
        self._item = columns[1].kept()
        self._target = None if target is None else target.kept()
        # Turi Create wants the side columns of a visit in these rows, and does not use them.
        self._ignored = frozenset(column.name for column in columns[2:])

    def by_user(self, rows: Any, wanted: Container[Id]) -> dict[Id, list[Pair]]:
        """Return the interactions of those users that are asked for, in the order of the rows.

        Parameters
        ----------
        rows : sequence of mapping
            The user column, the item column, and optionally the target column (1.0 where it is
            absent); the observation side columns are allowed, and ignored.
        wanted : container of int or str
            Ids of the users that are asked for, cast to the column's type.

        Raises
        ------
        QueryError
            For a row that is no mapping, a column that is missing or unknown, or a value of the
            wrong type.
        """
        found: dict[Id, list[Pair]] = {}
        for position, row in enumerate(read_list(rows, "interactions")):
            try:
                user_id, pair = self._read(row)
            except QueryError as error:
                raise error.within("interactions", position) from None
            if user_id in wanted:
                found.setdefault(user_id, []).append(pair)
        return found

    def pairs(self, items: Any, *place: str | int, wanted: str = "a list") -> list[Pair]:
        """Return the items of one basket.

        Parameters
        ----------
        items : sequence of int, str or mapping
            Item ids, or mappings as for `by_user`, without the user column.
        *place : str or int
            Where they stand in the query, for errors.
        wanted : str
            What would do in their place, for errors.

        Raises
        ------
        QueryError
            As `by_user`.
        """
        pairs: list[Pair] = []
        try:
            listed = read_list(items, "items", wanted)
        except QueryError as error:
            raise QueryError(place, error.message) from None
        for position, item in enumerate(listed):
            # A type is compared faster than an abstract class is looked up.
            if type(item) is dict or isinstance(item, Mapping):
                try:
                    pairs.append(self._pair(item, item.keys()))
                except QueryError as error:
                    raise error.within(*place, position) from None
            else:
                pairs.append((self._cast_item(item, *place, position), _NO_TARGET))
        return pairs

    def _read(self, row: Any) -> tuple[Id, Pair]:
        user_id = id_in(read_row(row), self._user)
        return user_id, self._pair(row, row.keys() - {self._user.name})

    def _pair(self, row: Mapping[str, Any], names: Collection[str]) -> Pair:
        """Return the item and the value of a row, in which only these columns may stand."""
        item = id_in(row, self._item)
        if len(names) == 1:
            return item, _NO_TARGET
        target, value = self._target, _NO_TARGET
        if target is not None and target.name in names:
            value = read_number(row[target.name], target)
        known = 1 + (target is not None and target.name in names)
        if len(names) > known:
            self._check_names(names)
        return item, value

    def _check_names(self, names: Collection[str]) -> None:
        target = None if self._target is None else self._target.name
        for name in sorted(names, key=str):
            if name == self._user.name:
                raise QueryError((name,), "say whose basket it is beside its items")
            if name not in (self._item.name, target) and name not in self._ignored:
                raise QueryError((name,), "the model was not trained with this column")

    def _cast_item(self, item: Any, *place: str | int) -> Id:
        try:
            return cast_id(item, self._item)
        except QueryError as error:
            raise QueryError(place, error.message) from None
