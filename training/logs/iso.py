"""Times as ISO 8601 writes them, and as databases print them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import List, Optional

import numpy as np
import pandas as pd

from training.logs.errors import WrongValueError

_DATE = r"(\d{4}-\d\d-\d\d)"
_CLOCK = r"(\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,6})\d*)?"
_ZONE = r"(Z|UTC|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)"
_ISO = re.compile("{}(?:[T ]{} ?{}?)?".format(_DATE, _CLOCK, _ZONE), re.ASCII).fullmatch
# Years that NumPy can tell in nanoseconds, with some to spare; no log is of others.
_TOLD = np.array(["1700", "2250"], dtype="datetime64[us]").astype(np.int64)


def is_iso(text: str) -> bool:
    """Tell whether a text has the form of a time, such as 2015-05-03T09:26:00Z or 2015-05-03."""
    return _ISO(text) is not None


def read_iso(texts: List[str], zone: str) -> np.ndarray:
    """Return times in microseconds since 1970 (int64).

    Parameters
    ----------
    texts : list of str
        A time each.
    zone : str
        IANA name of the zone of those that do not state theirs.

    Raises
    ------
    WrongValueError
        If one is no time.
    """
    parts = [_ISO(text) for text in texts]
    if None in parts:
        raise WrongValueError(
            parts.index(None), "is no ISO 8601 time, such as 2015-05-03T09:26:00Z"
        )
    clocks = [_clock(*part.group(1, 2, 3)) for part in parts if part is not None]
    offsets = [_offset(part.group(4)) for part in parts if part is not None]
    values = _on_the_clock(clocks)
    if zone != "UTC":
        bare = np.array([offset is None for offset in offsets], dtype=bool)
        values[bare] = _to_utc(values[bare], zone)
    return values - np.array([offset or 0 for offset in offsets], dtype=np.int64)


def _clock(day: str, clock: Optional[str], fraction: Optional[str]) -> str:
    if clock is None:
        return day
    return "{}T{}{}".format(day, clock, "" if fraction is None else "." + fraction)


@lru_cache(maxsize=1000)
def _offset(zone: Optional[str]) -> Optional[int]:
    """Return how far the clocks of a zone (``Z``, ``+02:00``) are ahead of UTC, in microseconds."""
    if zone is None:
        return None
    if zone in ("Z", "UTC"):
        return 0
    hours, minutes = zone[1:3], zone[3:].lstrip(":") or "0"
    sign = -1 if zone[0] == "-" else 1
    return sign * (int(hours) * 60 + int(minutes)) * 60 * 1_000_000


def _on_the_clock(clocks: List[str]) -> np.ndarray:
    """Return what clocks showed, in microseconds since 1970 as if they showed UTC."""
    try:
        return np.array(clocks, dtype="datetime64[us]").astype(np.int64)
    except ValueError:
        place = next(place for place, clock in enumerate(clocks) if not _is_there(clock))
        raise WrongValueError(place, "is on no calendar or on no clock") from None


def _is_there(clock: str) -> bool:
    try:
        np.datetime64(clock, "us")
    except ValueError:
        return False
    return True


def _to_utc(values: np.ndarray, zone: str) -> np.ndarray:
    """Return what wall clocks showed as UTC.

    Where clocks are set back, an hour comes twice: the first one is meant. Where they are set
    forward, an hour never comes: the moment at which they are set is meant.
    """
    told = values.clip(*_TOLD).astype("datetime64[us]").astype("datetime64[ns]")
    first = np.ones(len(told), dtype=bool)
    local = pd.DatetimeIndex(told).tz_localize(zone, ambiguous=first, nonexistent="shift_forward")
    utc = local.tz_convert("UTC").tz_localize(None).to_numpy()
    return utc.astype("datetime64[us]").astype(np.int64)
