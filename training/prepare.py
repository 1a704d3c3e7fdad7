"""From an event log to training rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

import pandas as pd

from training import keep
from training.logs import DERIVED, Log, LogError
from training.logs.errors import column_name

PERIODS = {
    1: "Late Night",
    2: "Early Morning",
    3: "Morning",
    4: "Noon",
    5: "Evening",
    6: "Night",
}


@dataclass(frozen=True)
class PrepareOptions:
    """What becomes of a log.

    Attributes
    ----------
    keep : str
        Which visitors and items are kept, a rule of `training.keep`.
    context : tuple of str
        Context columns: period, month and weekday are derived from the time, others are columns
        of the log.
    time_zone : str
        IANA name of the zone in which period, month and weekday are told.
    """

    keep: str = keep.DEFAULT
    context: Tuple[str, ...] = DERIVED
    time_zone: str = "UTC"


def prepare(log: Log, options: Optional[PrepareOptions] = None) -> pd.DataFrame:
    """Turn events into rows of user, item, target and context.

    Parameters
    ----------
    log : Log
        The events.
    options : PrepareOptions, optional
        Who is kept, and which context rows have; the defaults if absent.

    Returns
    -------
    pandas.DataFrame
        The users and items, by the log's own names of the two columns; target (the weight; int64
        if all weights are whole numbers); and the context: period (name), month (1 - 12), weekday
        (Monday 0), or what the log has. Equal rows are kept once.

    Raises
    ------
    LogError
        If nobody is kept, or the log has no such context column.
    """
    options = options or PrepareOptions()
    events = log.events
    kept = events[keep.kept(events, options.keep)]
    if kept.empty:
        raise LogError(
            "--keep {} leaves none of {} visitors".format(options.keep, events["user"].nunique())
        )
    columns = {
        log.user_name: kept["user"],
        log.item_name: kept["item"],
        "target": _whole(kept["weight"]),
    }
    for name in options.context:
        columns[name] = context_of(name, kept, options.time_zone)
    return pd.DataFrame(columns).drop_duplicates().reset_index(drop=True)


def context_of(name: str, events: pd.DataFrame, time_zone: str) -> pd.Series:
    """Return a context column of events.

    Parameters
    ----------
    name : str
        period, month or weekday, which the time tells, or a column of the log.
    events : pandas.DataFrame
        The events.
    time_zone : str
        IANA name of the zone in which the time is told.

    Raises
    ------
    LogError
        If the log has no such column.
    """
    times = pd.DatetimeIndex(events["time"], tz="UTC").tz_convert(time_zone)
    if name == "period":
        return pd.Series((times.hour + 4) // 4, index=events.index).map(PERIODS)
    if name in DERIVED:
        return pd.Series(getattr(times, name), index=events.index).astype("int64")
    if name not in events.columns:
        raise LogError("the log has no column {} (--context)".format(column_name(name)))
    return events[name]


def _whole(weights: pd.Series) -> pd.Series:
    """Return weights as integers if all of them are."""
    whole = weights.round().clip(-(2**53), 2**53)
    return whole.astype("int64") if (whole == weights).all() else weights
