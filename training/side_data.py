"""Side data of items or users: a CSV file with their ids and further columns."""

from __future__ import annotations

import pandas as pd
import turicreate as tc

from training.logs import LogError
from training.logs.delimited import likely_separator
from training.logs.encoding import require_text
from training.logs.errors import column_name
from training.logs.files import BROKEN, Source, opened
from training.logs.limits import LINE_BYTES


def read_side_data(path: str, key: str, ids: pd.Series) -> tc.SFrame:
    """Read side data.

    Parameters
    ----------
    path : str
        A CSV file, perhaps packed by gzip. Its columns are parted as those of logs are: by the one
        of comma, semicolon, tab and bar with which the header has the column of ids.
    key : str
        Name of the column of ids, which is that of the log.
    ids : pandas.Series
        The log's ids; those of the file are read as the same type.

    Raises
    ------
    LogError
        If the file cannot be read, or its ids are missing or of another type.
    """
    kind = str if ids.dtype == object else "int64"
    try:
        with opened(path) as source:
            require_text(source.head())
            separator = likely_separator(_header(source), [key])
            table = pd.read_csv(source.stream, sep=separator, dtype={key: kind}, encoding="utf-8")
    except LogError as error:
        raise LogError("side data {}: {}".format(repr(path), error)) from error
    except (*BROKEN, ValueError) as error:
        why = " ".join(str(error).split())
        raise LogError("side data {} cannot be read: {}".format(repr(path), why)) from error
    if key not in table.columns:
        what = "side data {}: row 1 has no column {}; it has {}"
        columns = ", ".join(map(column_name, list(map(str, table.columns))[:30]))
        raise LogError(what.format(repr(path), column_name(key), columns))
    missing = table[key].isna()
    if missing.any():
        row = 2 + int(missing.to_numpy().argmax())
        raise LogError("side data {}: column {}, row {}: a missing id".format(
            repr(path), column_name(key), row))  # fmt: skip
    return tc.SFrame(table)


def _header(source: Source) -> str:
    """Return the first line of a file, which is read again later."""
    head = source.head()[:LINE_BYTES]
    return head.split(b"\n", 1)[0].decode("utf-8-sig", "replace")
