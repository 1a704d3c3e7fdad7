"""The forms that a log may have. A further one is one more entry in `FORMS`."""

from __future__ import annotations

from typing import Tuple

from training.logs import delimited
from training.logs.errors import LogError
from training.logs.files import Source
from training.logs.form import Form, Table
from training.logs.options import LogOptions


def open_table(source: Source, options: LogOptions) -> Table:
    """Return the table in a file, whose form follows from its first bytes.

    Parameters
    ----------
    source : Source
        The file.
    options : LogOptions
        How to read it.

    Raises
    ------
    LogError
        If the file is empty, or its header cannot be read.
    """
    head = source.head()
    if not head:
        raise LogError("the file is empty")
    form = next(form for form in FORMS if form.sniff(head))
    return form.read(source, options)


def _is_parquet(head: bytes) -> bool:
    return head.startswith(b"PAR1")


def _read_parquet(source: Source, options: LogOptions) -> Table:
    # pyarrow takes 60 MB and half a second: only those who need it have it imported.
    from training.logs import parquet

    return parquet.read(source, options)


def _is_any(head: bytes) -> bool:
    """Take every file: whether it is text turns out line by line, and is then told with the row."""
    return bool(head)


# The first one whose `sniff` says yes reads the file.
FORMS: Tuple[Form, ...] = (
    Form("Parquet", _is_parquet, _read_parquet),
    Form("text", _is_any, delimited.read),
)
