"""The times of events: seconds, milliseconds or microseconds since 1970, or ISO 8601."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import List, Optional

import numpy as np

from training.logs.errors import WrongValueError, at
from training.logs.ids import integers
from training.logs.iso import is_iso, read_iso
from training.logs.numbers import finite

# Microseconds in one of each unit.
_MICROSECONDS = {"s": 1_000_000, "ms": 1_000, "us": 1}
_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds"}
_EPOCH = datetime(1970, 1, 1)
# No log is older, and what a unit that is too small makes of the numbers is.
_EARLIEST = (datetime(1990, 1, 1) - _EPOCH) // timedelta(microseconds=1)
# Clocks of those who log may be wrong, but not by a day.
_AHEAD = 24 * 3600 * 1_000_000
_WHAT_IS_WRONG = "is before 1990 or in the future"


class Times:
    """A column of times.

    Parameters
    ----------
    column : str
        Its name.
    unit : str
        "s", "ms", "us" or "iso", or "auto": that of the first row, which the others must have, too.
    zone : str
        IANA name of the zone of ISO 8601 times that have none.
    """

    def __init__(self, column: str, unit: str, zone: str) -> None:
        self.unit: Optional[str] = None if unit == "auto" else unit
        self._column = column
        self._zone = zone
        self._latest = int(time.time() * 1_000_000) + _AHEAD
        self._chunks: List[np.ndarray] = []

    def add(self, rows: List[int], texts: List[str]) -> None:
        """Add rows.

        Parameters
        ----------
        rows : list of int
            Their lines in the file.
        texts : list of str
            A time each.

        Raises
        ------
        LogError
            If one is no time, or is before 1990 or in the future.
        """
        try:
            if self.unit is None:
                self.unit = self._likely_unit(texts[0])
            read = self._read_iso if self.unit == "iso" else self._read_numbers
            self._chunks.append(read(texts))
        except WrongValueError as error:
            raise at(self._column, rows[error.place], texts[error.place], error.what) from None

    def finish(self) -> np.ndarray:
        """Return all times: datetime64[ns], UTC."""
        return np.concatenate(self._chunks).astype("datetime64[us]").astype("datetime64[ns]")

    def _likely_unit(self, text: str) -> str:
        number = finite(text)
        if number is None:
            return "iso"
        unit = self._plausible_unit(number)
        if unit is None:
            raise WrongValueError(0, "is no time from 1990 to now, be it s, ms or us since 1970")
        return unit

    def _plausible_unit(self, number: float) -> Optional[str]:
        """Return the unit in which a number is from 1990 to now; there never is a second one."""
        for unit, microseconds in _MICROSECONDS.items():
            if _EARLIEST <= number * microseconds <= self._latest:
                return unit
        return None

    def _read_numbers(self, texts: List[str]) -> np.ndarray:
        unit = str(self.unit)
        values = integers(texts)
        if values is None:
            values = _floats(texts, unit)
        # Not multiplied before, because what is far too large would not fit.
        earliest, latest = _EARLIEST / _MICROSECONDS[unit], self._latest / _MICROSECONDS[unit]
        plausible = (values >= earliest) & (values <= latest)
        if not plausible.all():
            place = int(np.argmin(plausible))
            raise WrongValueError(place, self._implausible(float(values[place]), unit))
        return np.rint(values * _MICROSECONDS[unit]).astype(np.int64)

    def _implausible(self, number: float, unit: str) -> str:
        """Say what a number would be, and in which unit it could be a time."""
        what = "is {} in {}, which {}".format(_day(number, unit), _NAMES[unit], _WHAT_IS_WRONG)
        other = self._plausible_unit(number)
        if other is not None:
            day = _day(number, other)
            what += "; in {} it is {} (--time-unit {})".format(_NAMES[other], day, other)
        return what

    def _read_iso(self, texts: List[str]) -> np.ndarray:
        try:
            values = read_iso(texts, self._zone)
        except WrongValueError as error:
            if finite(texts[error.place]) is None:
                raise
            raise WrongValueError(error.place, error.what + " (--time-unit s, ms or us?)") from None
        plausible = (values >= _EARLIEST) & (values <= self._latest)
        if not plausible.all():
            raise WrongValueError(int(np.argmin(plausible)), _WHAT_IS_WRONG)
        return values


def _floats(texts: List[str], unit: str) -> np.ndarray:
    numbers = list(map(finite, texts))
    if None in numbers:
        place = numbers.index(None)
        hint = " (--time-unit iso?)" if is_iso(texts[place]) else ""
        raise WrongValueError(place, "is no number of {}{}".format(_NAMES[unit], hint))
    return np.array(numbers, dtype=np.float64)


def _day(number: float, unit: str) -> str:
    """Return the day of a time, as messages show it."""
    try:
        return (_EPOCH + timedelta(microseconds=number * _MICROSECONDS[unit])).date().isoformat()
    except OverflowError:
        return "in no year from 1 to 9999"
