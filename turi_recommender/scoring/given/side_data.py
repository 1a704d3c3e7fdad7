"""Check and translate side data that comes with a query.

Source: docs/queries.md, sections 0.2, 2 and 10 (2, 8).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from turi_recommender.errors import QueryError
from turi_recommender.format import Column, SideTable
from turi_recommender.scoring.arguments import id_in, read_list, read_row
from turi_recommender.scoring.expansion import EachOnce, Entry, expand
from turi_recommender.scoring.ids import IdIndex
from turi_recommender.scoring.results import Id

Sides = dict[Id, tuple[Entry, ...]]


class SideDataReader:
    """Check rows of side data of users, or of items, for one model.

    Parameters
    ----------
    ids : Column
        The user or item column.
    table : SideTable
        The trained side data; its columns are those that a row must have.
    first : int
        Position of the first of them among all columns of the model.
    main : sequence of Column
        User, item and observation side columns.

    Attributes
    ----------
    columns : tuple of Column
        The side columns.
    names_before : mapping of str to str
        Names before training, by the saved name, of those that training changed and that nothing
        else bears.
    """

    def __init__(self, ids: Column, table: SideTable, first: int, main: Sequence[Column]) -> None:
        self._ids = ids.kept()
        self._columns = [
            (position, column.kept(), IdIndex(column.values, column.size))
            for position, column in enumerate(table.columns, first)
        ]
        self.columns = tuple(column for _, column, _ in self._columns)
        saved = {column.name for column in table.columns}
        taken = saved | {column.name for column in main}
        self.names_before = {new: old for old, new in table.renamed.items() if old not in taken}
        self._known = saved | set(self.names_before.values()) | {ids.name}

    def read(self, rows: Any, argument: str) -> Sides:
        """Return the entries of each id that has a row, in the order of the rows.

        A model that was trained without such side data ignores it, whatever its columns: then
        there are none.

        Parameters
        ----------
        rows : sequence of mapping
            The column of ids and all side columns, by the name that the model was saved with or, if
            nothing else bears it, the name before training. None is the library's missing value.
        argument : str
            As what they were given, for errors.

        Raises
        ------
        QueryError
            For a row that is no mapping, a column that is missing or unknown, a value of the wrong
            type, or an id that has a row already.
        """
        sides: Sides = {}
        categories = [EachOnce(known) for _, _, known in self._columns]
        for position, row in enumerate(read_list(rows, argument)):
            try:
                row_id = id_in(read_row(row), self._ids)
                if row_id in sides:
                    raise QueryError((self._ids.name,), "another row has side data of the same id")
                sides[row_id] = self._entries(row, categories) if self._columns else ()
            except QueryError as error:
                raise error.within(argument, position) from None
        return sides if self._columns else {}

    def values(self, row: Mapping[str, Any]) -> Iterator[tuple[int, Column, Any]]:
        """Yield position, column and value of what a row has, unchecked."""
        for position, column, _ in self._columns:
            name = self._name_in(row, column.name)
            if name is not None:
                yield position, column, row[name]

    def _entries(self, row: Mapping[str, Any], categories: Sequence[EachOnce]) -> tuple[Entry, ...]:
        names = [self._name_in(row, column.name) for _, column, _ in self._columns]
        missing = [
            column.name
            for (_, column, _), name in zip(self._columns, names, strict=True)
            if name is None
        ]
        if missing:
            raise QueryError(
                (missing[0],), f"missing; all side columns count: {', '.join(missing)}"
            )
        if len(row) > len(names) + 1:
            self._refuse_more(row, names)
        entries: list[Entry] = []
        for (position, column, _), known, name in zip(
            self._columns, categories, names, strict=True
        ):
            try:
                found = expand(position, column, known, row[str(name)])
                entries += [entry for entry in found if entry.place < column.size]
            except QueryError as error:
                raise QueryError((str(name), *error.path[1:]), error.message) from None
        return tuple(entries)

    def _name_in(self, row: Mapping[str, Any], name: str) -> str | None:
        """Return the name that a row uses for a column; None where the column is missing."""
        if name in row:
            return name
        before = self.names_before.get(name)
        return before if before in row else None

    def _refuse_more(self, row: Mapping[str, Any], names: Sequence[str | None]) -> None:
        for name in row:
            if name not in self._known:
                raise QueryError((name,), "the model was not trained with this side column")
            if name not in names and name != self._ids.name:
                raise QueryError((name,), "the column is there twice: as it was before training")
