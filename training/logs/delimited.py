"""Logs as text: a header, and one line per event (CSV and the like)."""

from __future__ import annotations

import csv
from functools import partial
from itertools import chain
from typing import Any, Collection, Iterator, List, Tuple

from training.logs.encoding import require_text
from training.logs.errors import LogError, shown
from training.logs.files import BROKEN, Source, broken
from training.logs.form import Chunk, Table
from training.logs.limits import CHUNK_ROWS, LINE_BYTES
from training.logs.options import SEPARATORS, LogOptions

_CR_ALONE = (
    "new-lines that are CR alone, as old Macs wrote them: save the file with LF or CR LF, or put "
    "a field that has a CR into quotes"
)


def read(source: Source, options: LogOptions) -> Table:
    """Read the header of a log.

    Parameters
    ----------
    source : Source
        The file.
    options : LogOptions
        The separator; if it is "auto", the one with which the header has the columns that other
        options name, or else the most columns.

    Raises
    ------
    LogError
        If there is no header. Of the rows: if one has too many or too few fields, is no UTF-8, or
        has a NUL byte or a CR that ends no line.
    """
    require_text(source.head())
    lines = _lines(source)
    first = next(lines, "")
    separator = SEPARATORS[options.separator] or likely_separator(first, options.columns)
    reader = csv.reader(chain([first], lines), delimiter=separator, strict=True)
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise _unread(1, error) from error

    def chunks(names: List[str]) -> Iterator[Chunk]:
        places = {name: header.index(name) for name in names}
        for numbers, rows in _batches(reader):
            _require_width(numbers, rows, len(header))
            texts = {name: [row[place] for row in rows] for name, place in places.items()}
            yield Chunk(numbers, texts)

    return Table(header, chunks)


def _lines(source: Source) -> Iterator[str]:
    """Yield the lines of a file as text, each of them bounded."""
    number = 0
    try:
        for line in iter(partial(source.stream.readline, LINE_BYTES + 1), b""):
            number += 1
            if len(line) > LINE_BYTES:
                if b"\r" in line:
                    raise LogError("row {}: {}".format(number, _CR_ALONE))
                raise LogError("row {}: more than {} bytes".format(number, LINE_BYTES))
            if b"\0" in line:
                raise LogError("row {}: a NUL byte, which no text has".format(number))
            # Excel, for one, writes a byte order mark in front of the first line.
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        wrong = shown(error.object[error.start : error.end])
        raise LogError("row {}: no UTF-8 text, because of {}".format(number, wrong)) from error
    except BROKEN as error:
        raise broken(number, error) from error


def likely_separator(header: str, wanted: Collection[str]) -> str:
    """Return the character that parts the columns of a header best.

    Parameters
    ----------
    header : str
        The first line.
    wanted : collection of str
        Columns that it should have.
    """

    def quality(separator: str) -> Tuple[int, int]:
        columns = header.rstrip("\r\n").replace('"', "").split(separator)
        return len(set(wanted) & set(columns)), len(columns)

    return max(",;\t|", key=quality)


def _unread(row: int, error: csv.Error) -> LogError:
    """Return the error about a line that cannot be parted into fields."""
    why = _CR_ALONE if "new-line" in str(error) else str(error)
    return LogError("row {}: {}".format(row, why))


def _batches(reader: Any) -> Iterator[Tuple[List[int], List[List[str]]]]:
    """Yield rows with the lines at which they begin, many at a time; lines may be empty."""
    numbers: List[int] = []
    rows: List[List[str]] = []
    begin = reader.line_num + 1
    try:
        for row in reader:
            if row:
                numbers.append(begin)
                rows.append(row)
            begin = reader.line_num + 1
            if len(rows) == CHUNK_ROWS:
                yield numbers, rows
                numbers, rows = [], []
    except csv.Error as error:
        raise _unread(begin, error) from error
    if rows:
        yield numbers, rows


def _require_width(numbers: List[int], rows: List[List[str]], width: int) -> None:
    """Refuse rows that have more or fewer fields than the header."""
    if set(map(len, rows)) == {width}:
        return
    for number, row in zip(numbers, rows):
        if len(row) != width:
            what = "row {}: {} field{} where the header has {}: {}"
            plural = "" if len(row) == 1 else "s"
            raise LogError(what.format(number, len(row), plural, width, shown(",".join(row))))
