"""Titles of items, from a CSV file of the shop, for the examples of the report."""

from __future__ import annotations

import csv
import gzip
import io
from itertools import chain
from typing import IO, AbstractSet, Dict, List

from training.logs.delimited import likely_separator
from training.logs.errors import LogError, column_name, shown

_GZIP = b"\x1f\x8b"
LONGEST_TITLE = 120
_SHOWN_COLUMNS = 20  # of a header, in a message


def read_titles(
    path: str, id_column: str, title_column: str, wanted: AbstractSet[str]
) -> Dict[str, str]:
    """Return titles by item id, as text.

    Parameters
    ----------
    path : str
        A CSV file in UTF-8 with a header, perhaps packed by gzip.
    id_column : str
        The column of item ids.
    title_column : str
        The column of titles.
    wanted : set of str
        The items of the log; other rows are passed over, so that memory is bounded by the log.

    Raises
    ------
    LogError
        If it cannot be read, or has no such column.
    """
    try:
        with open(path, "rb") as file, _unpacked(file) as text:
            header = text.readline()
            separator = likely_separator(header, (id_column, title_column))
            rows = csv.reader(chain([header], text), delimiter=separator)
            return _titles(rows, id_column, title_column, wanted)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise LogError("--titles: {} cannot be read: {}".format(shown(path), error)) from error


def _unpacked(file: IO[bytes]) -> IO[str]:
    is_packed = file.read(2) == _GZIP
    file.seek(0)
    return io.TextIOWrapper(
        gzip.GzipFile(fileobj=file) if is_packed else file,  # type: ignore[arg-type]
        encoding="utf-8-sig",
        newline="",
    )


def _titles(rows, id_column: str, title_column: str, wanted: AbstractSet[str]) -> Dict[str, str]:
    header = next(rows, [])
    for name, option in ((id_column, " (--titles-id)"), (title_column, "")):
        if name not in header:
            told = "--titles: there is no column {}{}; it has {}"
            raise LogError(told.format(column_name(name), option, _names(header)))
    identity, title = header.index(id_column), header.index(title_column)
    found: Dict[str, str] = {}
    for row in rows:
        if len(row) > max(identity, title) and row[identity] in wanted:
            found.setdefault(row[identity], _short(row[title].strip()))
    return found


def _names(header: List[str]) -> str:
    return ", ".join(map(column_name, header[:_SHOWN_COLUMNS])) or "none"


def _short(title: str) -> str:
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + "…"
