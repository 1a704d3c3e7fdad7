"""From a file to a log: each column is read by its own rules, some rows at a time."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

import numpy as np
import pandas as pd

from training.logs.categories import Categories
from training.logs.checks import require_learnable
from training.logs.codes import strings
from training.logs.errors import LogError, column_name
from training.logs.files import opened
from training.logs.form import Chunk
from training.logs.formats import open_table
from training.logs.ids import Ids
from training.logs.limits import CONTEXT_VALUES, EVENT_NAMES, MOST_ROWS, SHOWN_COLUMNS
from training.logs.log import Log
from training.logs.options import LogOptions
from training.logs.times import Times
from training.logs.weights import Ratings, weigh

DEFAULT_EVENT = "event"


def read_log(path: str, options: Optional[LogOptions] = None) -> Log:
    """Read an event log.

    Parameters
    ----------
    path : str
        A file: text or Parquet; text may be packed by gzip.
    options : LogOptions, optional
        How to read it; RetailRocket's form if absent.

    Raises
    ------
    LogError
        If the file cannot be read, a value cannot be what its column holds, or nothing could be
        learnt from the log. The message is one line, and names column, row and value.
    """
    options = options or LogOptions()
    with opened(path) as source:
        table = open_table(source, options)
        _require_columns(table.columns, options)
        columns = _Columns(options, table.columns)
        for chunk in table.chunks(list(columns.readers)):
            columns.add(chunk)
    return columns.log(source.digest)


class _Columns:
    """The columns of a log that are needed, each with what reads it."""

    def __init__(self, options: LogOptions, there: List[str]) -> None:
        self._options = options
        self._rows: List[np.ndarray] = []
        self._count = 0
        self._users, self._items = Ids(options.user), Ids(options.item)
        self._times = Times(options.time, options.time_unit, options.time_zone)
        self._ratings: Optional[Ratings] = None
        self._events: Optional[Categories] = None
        self._context = {name: Categories(name, CONTEXT_VALUES) for name in options.context_of_log}
        self.readers: Dict[str, Any] = {
            options.user: self._users,
            options.item: self._items,
            options.time: self._times,
            **self._context,
        }
        event = options.event
        if event is None and DEFAULT_EVENT in there:
            event = DEFAULT_EVENT
        if options.rating is not None:
            self._ratings = self.readers[options.rating] = Ratings(options.rating)
        elif event is not None and event not in self.readers:
            self._events = self.readers[event] = Categories(event, EVENT_NAMES)

    def add(self, chunk: Chunk) -> None:
        """Add some rows of the file."""
        self._count += len(chunk.rows)
        if self._count > MOST_ROWS:
            raise LogError("row {}: more than {} events".format(chunk.rows[-1], MOST_ROWS))
        for name, reader in self.readers.items():
            reader.add(chunk.rows, chunk.texts[name])
        self._rows.append(np.array(chunk.rows, dtype=np.int64))

    def log(self, digest: str) -> Log:
        """Return what was read."""
        if not self._rows:
            raise LogError("the log has a header (row 1) and no events")
        rows = np.concatenate(self._rows)
        notes: List[str] = []
        weights = self._weights(rows, notes)
        events = pd.DataFrame(
            {
                "user": self._users.finish(rows),
                "item": self._items.finish(rows),
                "event": self._names(len(rows)),
                "time": self._times.finish(),
                "weight": weights,
                **{name: reader.finish() for name, reader in self._context.items()},
            }
        )
        user, item = self._options.user, self._options.item
        require_learnable(events["user"], events["item"], user, item, int(rows[0]))
        if self._options.time_unit == "auto":
            what = "column {}: times are read as {}"
            notes.append(what.format(column_name(self._options.time), self._times.unit))
        return Log(events, user, item, digest, tuple(notes))

    def _weights(self, rows: np.ndarray, notes: List[str]) -> np.ndarray:
        if self._ratings is not None:
            return self._ratings.finish()
        if self._events is None:
            if self._options.weights is not None:
                raise LogError("the log has no column event (--event), to which --weights applies")
            notes.append("the log has no column event (--event): every event weighs 1")
            return np.ones(len(rows))
        weighed = weigh(self._events, rows, self._options.weights)
        if weighed.note is not None:
            notes.append(weighed.note)
        return weighed.weights

    def _names(self, count: int) -> np.ndarray:
        """Return the name of each event."""
        if self._events is None:
            return strings([""])[np.zeros(count, dtype=np.int8)]
        return strings(self._events.codes.texts)[self._events.codes.codes()]


def _require_columns(there: List[str], options: LogOptions) -> None:
    """Refuse a log that lacks a column that an option names, or has it twice."""
    wanted = options.columns
    if options.rating is None and DEFAULT_EVENT in there:
        wanted.setdefault(DEFAULT_EVENT, "--event")
    for name, option in wanted.items():
        if name not in there:
            known = ", ".join(map(column_name, there[:SHOWN_COLUMNS])) or "no columns"
            known += ", ..." if len(there) > SHOWN_COLUMNS else ""
            what = "row 1: the log has no column {} ({}); it has {}"
            if option == "--time":
                what += "; a log needs the time of each event"
            raise LogError(what.format(column_name(name), option, known))
        if there.count(name) > 1:
            raise LogError("row 1: the log has the column {} twice".format(column_name(name)))
