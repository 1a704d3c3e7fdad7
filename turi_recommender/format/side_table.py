"""Side data of users or items: one packed row of 8-byte words for each index.

Source: docs/format.md, section 4 (SIDE FEATURES and ROW).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format.chain import follow_chain
from turi_recommender.format.column import Column, ColumnMode
from turi_recommender.format.stream import Stream
from turi_recommender.wording import counted

_ROW_MARK = 0x05322323
_MAX_ROW_WORDS = 1 << 40
_ROWS_AT_ONCE = 1 << 16
_VARIABLE = (ColumnMode.CATEGORICAL_LIST, ColumnMode.DICTIONARY)


@dataclass(frozen=True, slots=True, eq=False)
class SideEntries:
    """Rows taken apart into entries: by row, and within a row as they are stored.

    Attributes
    ----------
    rows : ndarray of int64, shape (entries,)
        Position of the entry's row among those asked for.
    columns : ndarray of int64, shape (entries,)
        Position of the column in the side table.
    indices : ndarray of int64, shape (entries,)
        Index within the column.
    values : ndarray of float64, shape (entries,)
        The value at that index.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    indices: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SideTable:
    """Packed side data rows; `words` is a view of the file.

    Attributes
    ----------
    columns : tuple of Column
        Side columns, in the order of a row.
    words : ndarray of uint64
        The rows' words.
    starts, lengths : ndarray of int64, shape (rows,)
        Where each row begins in `words`, and its length; length 0 is no side data.
    stream : Stream or None
        The file of `words`, for errors.
    offset : int
        Byte offset of the table in it.
    renamed : mapping of str to str
        Names that training changed, because they were taken, by the name before.
    """

    columns: tuple[Column, ...]
    words: NDArray[np.uint64]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    stream: Stream | None = None
    offset: int = 0
    renamed: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def empty(cls) -> SideTable:
        """Return the table of a model without such side data."""
        none = np.empty(0, np.int64)
        return cls((), np.empty(0, np.uint64), none, none)

    def check_lengths(self) -> None:
        """Check that each row is as long as its columns need, without keeping what is in it.

        Raises
        ------
        ModelFormatError
            If one is shorter.
        """
        if not self.columns:
            return
        for low in range(0, len(self.starts), _ROWS_AT_ONCE):
            here = slice(low, low + _ROWS_AT_ONCE)
            rows = np.flatnonzero(self.lengths[here] > 0) + low
            _RowReader(self, rows, self.starts[rows], self.lengths[rows]).skip_row()

    def entries(self, indices: NDArray[np.int64]) -> SideEntries:
        """Take the rows of these user or item indices apart.

        Indices without side data have no entries; neither has a category that the model was not
        trained on.

        Raises
        ------
        ModelFormatError
            If a row is shorter than its columns need.
        """
        rows = np.flatnonzero((indices >= 0) & (indices < len(self.starts)))
        rows = rows[self.lengths[indices[rows]] > 0]
        picked = indices[rows]
        reader = _RowReader(self, rows, self.starts[picked], self.lengths[picked])
        reader.skip_header()
        for position, column in enumerate(self.columns):
            reader.read_column(position, column)
        return reader.finish()


class _RowReader:
    """Read many rows at once, column by column, with one cursor per row."""

    def __init__(
        self,
        table: SideTable,
        rows: NDArray[np.int64],
        starts: NDArray[np.int64],
        lengths: NDArray[np.int64],
    ) -> None:
        self.table = table
        self.rows = rows
        self.cursor = starts.copy()
        self.end = starts + lengths
        self.parts: list[tuple[NDArray[np.int64], int, NDArray[np.int64], NDArray[np.float64]]] = []

    def _advance(self, words: NDArray[np.int64] | int) -> NDArray[np.int64]:
        start = self.cursor
        self.cursor = start + words
        if (self.cursor > self.end).any() and self.table.stream is not None:
            self.table.stream.fail(
                "side data rows as long as their columns need", "a shorter row", self.table.offset
            )
        return start

    def skip_header(self) -> None:
        """Skip the row's own length, known already, which rows of variable length begin with."""
        if any(column.mode in _VARIABLE for column in self.table.columns):
            self._advance(1)

    def skip_row(self) -> None:
        self.skip_header()
        for column in self.table.columns:
            if column.mode in _VARIABLE:
                self._advance(self._stored_counts() * (2 if column.mode == _VARIABLE[1] else 1))
            else:
                self._advance(column.size if column.mode == ColumnMode.NUMERIC_VECTOR else 1)

    def read_column(self, position: int, column: Column) -> None:
        words = self.table.words
        match column.mode:
            case ColumnMode.NUMERIC:
                at = self._advance(1)
                self._add(self.rows, position, np.zeros(len(at), np.int64), _floats(words[at]))
            case ColumnMode.CATEGORICAL:
                at = self._advance(1)
                self._add(self.rows, position, words[at].astype(np.int64), np.ones(len(at)))
            case ColumnMode.NUMERIC_VECTOR:
                at = self._advance(column.size)
                owner, place = self._spread(np.full(len(at), column.size, np.int64))
                self._add(self.rows[owner], position, place, _floats(words[at[owner] + place]))
            case ColumnMode.CATEGORICAL_LIST | ColumnMode.DICTIONARY:
                self._read_variable(position, 1 if column.mode in _VARIABLE[:1] else 2)
            case ColumnMode.UNTRANSLATED:
                self._advance(1)

    def _read_variable(self, position: int, width: int) -> None:
        """Read a count and that many records of one word (list) or two (dictionary)."""
        words = self.table.words
        counts = self._stored_counts()
        at = self._advance(counts * width)
        owner, place = self._spread(counts)
        records = at[owner] + place * width
        values = np.ones(len(owner)) if width == 1 else _floats(words[records + 1])
        self._add(self.rows[owner], position, words[records].astype(np.int64), values)

    def _stored_counts(self) -> NDArray[np.int64]:
        """Read a count in each row, limited so that a damaged one cannot overflow the cursor."""
        words = self.table.words
        stored = words[self._advance(1)]
        return np.minimum(stored, np.uint64(len(words) + 1)).astype(np.int64)

    def _spread(self, counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the row and the place within it of each record; row i has `counts[i]`."""
        owner = np.repeat(np.arange(len(counts)), counts)
        place = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
        return owner, place

    def _add(
        self,
        rows: NDArray[np.int64],
        column: int,
        indices: NDArray[np.int64],
        values: NDArray[np.float64],
    ) -> None:
        trained = (indices >= 0) & (indices < self.table.columns[column].size)
        self.parts.append((rows[trained], column, indices[trained], values[trained]))

    def finish(self) -> SideEntries:
        none = np.empty(0, np.int64)
        rows = np.concatenate([none, *(part[0] for part in self.parts)])
        order = np.argsort(rows, kind="stable")
        columns = [np.full(len(part[0]), part[1], np.int64) for part in self.parts]
        return SideEntries(
            rows=rows[order],
            columns=np.concatenate([none, *columns])[order],
            indices=np.concatenate([none, *(part[2] for part in self.parts)])[order],
            values=np.concatenate([np.empty(0), *(part[3] for part in self.parts)])[order],
        )


def _floats(words: NDArray[np.uint64]) -> NDArray[np.float64]:
    return np.ascontiguousarray(words).view(np.float64)


def read_side_rows(stream: Stream, columns: tuple[Column, ...], rows: int, what: str) -> SideTable:
    """Find the packed rows at the cursor and move behind them.

    Parameters
    ----------
    stream : Stream
        The cursor.
    columns : tuple of Column
        What a row holds, in this order.
    rows : int
        Number of rows.
    what : str
        What they are the side data of, for errors.

    Raises
    ------
    ModelFormatError
        If there are fewer than `rows` rows.
    """
    offset = stream.offset
    words = np.frombuffer(stream.map, "<u8", stream.remaining // 8, offset)

    def length_at(position: int) -> int | None:
        if position + 2 > len(words) or words[position] != _ROW_MARK:
            return None
        size = int(words[position + 1])
        return 2 + size if size <= len(words) - position - 2 else None

    def guess(low: int, high: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        high = min(high, len(words) - 1)
        places = np.flatnonzero(words[low:high] == _ROW_MARK) + low
        sizes = words[places + 1]
        likely = sizes < _MAX_ROW_WORDS
        return places[likely], sizes[likely].astype(np.int64) + 2

    starts = follow_chain(0, rows, len(words), length_at, guess)
    if starts is None:
        stream.fail(f"{counted(rows, 'row')} of {what}", "fewer, or a damaged row", offset)
    stream.skip(int(starts[-1]) * 8, what)
    return SideTable(columns, words, starts[:-1] + 2, np.diff(starts) - 2, stream, offset)
