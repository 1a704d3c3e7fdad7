"""Logs as Parquet files. Their values become texts, so that one set of rules reads all logs."""

from __future__ import annotations

from typing import Any, Iterator, List, Optional

import pyarrow as pa
import pyarrow.parquet as pq

from training.logs.errors import LogError, column_name
from training.logs.files import Source
from training.logs.form import Chunk, Table
from training.logs.limits import CHUNK_ROWS
from training.logs.options import LogOptions

_MOST_WHOLE = 2.0**53  # beyond, two integers can be one double
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
        try:
            for batch in file.iter_batches(CHUNK_ROWS, columns=names):
                texts = {name: _texts(name, batch.column(name)) for name in names}
                yield Chunk(list(range(first, first + batch.num_rows)), texts)
                first += batch.num_rows
        except _BROKEN as error:
            raise _broken(error) from error

    return Table(columns, chunks)


def _texts(name: str, values: Any) -> List[str]:
    """Return values as texts; those that are missing are empty."""
    kind, suffix = values.type, ""
    if pa.types.is_dictionary(kind):
        values, kind = values.dictionary_decode(), kind.value_type
    if pa.types.is_timestamp(kind):
        suffix = "Z" if kind.tz is not None else ""
        values = values.cast(pa.timestamp("us"), safe=False)
    if pa.types.is_nested(kind):
        raise LogError("column {}: {} is no single value".format(column_name(name), kind))
    texts = values.cast(pa.string()).to_pylist()
    if pa.types.is_floating(kind):  # integers among which one was missing, as pandas keeps them
        texts = list(map(_without_exponent, values.to_pylist(), texts))
    return ["" if text is None else text + suffix for text in texts]


def _without_exponent(value: Optional[float], text: Optional[str]) -> Optional[str]:
    """Return a whole number as integers are written, and any other as it was."""
    if value is None or not value.is_integer() or abs(value) > _MOST_WHOLE:
        return text
    return str(int(value))


def _broken(error: Exception) -> LogError:
    return LogError("the Parquet file cannot be read: {}".format(" ".join(str(error).split())))
