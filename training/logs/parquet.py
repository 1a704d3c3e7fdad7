"""Logs as Parquet files. Their values become texts, so that one set of rules reads all logs."""

from __future__ import annotations

from typing import Any, Iterator, List, Optional

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from training.logs.errors import LogError, at, column_name
from training.logs.files import Source
from training.logs.form import Chunk, Table
from training.logs.limits import CHUNK_ROWS
from training.logs.options import LogOptions

_MOST_WHOLE = 2.0**53  # beyond, two integers can be one double
_CALENDAR = ("0001-01-01", "9999-12-31")
_BROKEN = (pa.ArrowException, OSError, ValueError)


def read(source: Source, options: LogOptions) -> Table:  # noqa: ARG001 - the form of all readers
    """Read the footer of a log.

    Parameters
    ----------
    source : Source
        The file; it must be seekable, and so not be packed.
    options : LogOptions
        Not needed: the file itself says how it is to be read.

    Raises
    ------
    LogError
        If the file is broken, or a column holds what is no single value, such as lists.
    """
    if source.is_packed:
        raise LogError("Parquet within gzip cannot be read: unpack the file first")
    try:
        file = pq.ParquetFile(source.stream)
        columns = list(file.schema_arrow.names)
    except _BROKEN as error:
        raise _broken(error) from error

    def chunks(names: List[str]) -> Iterator[Chunk]:
        first = 1
        if file.metadata.num_rows == 0:
            raise LogError("the Parquet file has columns and no rows, which means no events")
        try:
            for batch in file.iter_batches(CHUNK_ROWS, columns=names):
                texts = {name: _texts(name, batch.column(name), first) for name in names}
                yield Chunk(list(range(first, first + batch.num_rows)), texts)
                first += batch.num_rows
        except _BROKEN as error:
            raise _broken(error) from error

    return Table(columns, chunks)


def _texts(name: str, values: Any, first: int) -> List[str]:
    """Return values as texts; those that are missing are empty.

    Parameters
    ----------
    name : str
        The column.
    values : pyarrow.Array
        Some of its values.
    first : int
        The row of the first of them.
    """
    kind, suffix = values.type, ""
    if pa.types.is_dictionary(kind):
        values, kind = values.dictionary_decode(), kind.value_type
    if pa.types.is_nested(kind):
        raise LogError("column {}: {} is no single value".format(column_name(name), kind))
    if pa.types.is_timestamp(kind):
        suffix = "Z" if kind.tz is not None else ""
        _require_on_calendar(name, values, first)
        # Without the zone, because it is UTC that is told of moments that have one.
        values = values.cast(pa.timestamp("ns" if kind.unit == "ns" else "us"))
    if _is_binary(kind):
        _require_utf8(name, values, first)
    texts = values.cast(pa.string()).to_pylist()
    if pa.types.is_temporal(kind):
        _require_told(name, texts, first)
        texts = list(map(_without_zeros, texts))
    if pa.types.is_floating(kind):  # integers among which one was missing, as pandas keeps them
        texts = list(map(_without_exponent, values.to_pylist(), texts))
    return ["" if text is None else text + suffix for text in texts]


def _is_binary(kind: Any) -> bool:
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def _require_utf8(name: str, values: Any, first: int) -> None:
    """Refuse bytes that are no text."""
    for place, value in enumerate(values.to_pylist()):
        try:
            (value or b"").decode("utf-8")
        except UnicodeDecodeError as error:
            what = "is binary and no UTF-8 text: write the column as text (in hex, say)"
            raise at(name, first + place, value, what) from error


def _require_on_calendar(name: str, values: Any, first: int) -> None:
    """Refuse moments outside of the years 1 to 9999, which have no text."""
    unit = values.type.unit
    if unit == "ns":  # 64 bits of these are from 1677 to 2262
        return
    earliest, latest = (int(np.datetime64(day, unit).astype(np.int64)) for day in _CALENDAR)
    for place, value in enumerate(values.cast(pa.int64()).to_pylist()):
        if value is not None and not earliest <= value < latest:
            what = "{} since 1970 is a timestamp in no year from 1 to 9999".format(unit)
            raise at(name, first + place, value, what)


def _require_told(name: str, texts: List[Optional[str]], first: int) -> None:
    """Refuse days and hours for which pyarrow has no text."""
    for place, text in enumerate(texts):
        if text is not None and text.startswith("<"):
            raise at(name, first + place, text.strip("<>"), "is no day, and no hour of a day")


def _without_zeros(text: Optional[str]) -> Optional[str]:
    """Return a time in microseconds unless it is finer than these."""
    if text is None or "." not in text:
        return text
    return text[:-3] if len(text.partition(".")[2]) == 9 and text.endswith("000") else text


def _without_exponent(value: Optional[float], text: Optional[str]) -> Optional[str]:
    """Return a whole number as integers are written, and any other as it was."""
    if value is None or not value.is_integer() or abs(value) > _MOST_WHOLE:
        return text
    return str(int(value))


def _broken(error: Exception) -> LogError:
    return LogError("the Parquet file cannot be read: {}".format(" ".join(str(error).split())))
