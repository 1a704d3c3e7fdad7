"""What events weigh: by their kind, or by the log's own ratings."""

from __future__ import annotations

from typing import List, Mapping, NamedTuple, Optional

import numpy as np

from training.logs.categories import Categories
from training.logs.errors import LogError, at, column_name, shown
from training.logs.numbers import finite

# Those of RetailRocket's events, as the original deployment weighed them.
RETAILROCKET = {"view": 1.0, "addtocart": 10.0, "transaction": 50.0}


class Ratings:
    """A column of ratings."""

    def __init__(self, column: str) -> None:
        self._column = column
        self._chunks: List[np.ndarray] = []

    def add(self, rows: List[int], texts: List[str]) -> None:
        """Add rows.

        Parameters
        ----------
        rows : list of int
            Their lines in the file.
        texts : list of str
            A rating each.

        Raises
        ------
        LogError
            If one is no finite number.
        """
        numbers = list(map(finite, texts))
        if None in numbers:
            place = numbers.index(None)
            raise at(self._column, rows[place], texts[place], "is no finite number")
        self._chunks.append(np.array(numbers, dtype=np.float64))

    def finish(self) -> np.ndarray:
        """Return all ratings: float64."""
        return np.concatenate(self._chunks)


class Weighed(NamedTuple):
    """What the events of a log weigh."""

    weights: np.ndarray  # of each event
    note: Optional[str]  # what was assumed, if anything was


def weigh(events: Categories, rows: np.ndarray, stated: Optional[Mapping[str, float]]) -> Weighed:
    """Weigh events by their kind.

    Parameters
    ----------
    events : Categories
        The column of events.
    rows : numpy.ndarray
        Lines of all rows.
    stated : mapping of str to float, optional
        Weight of each kind of event. Without it, RetailRocket's events have their own weights, and
        if a log has none of these events, every event weighs 1.

    Raises
    ------
    LogError
        If an event has no weight, though others have.
    """
    names = events.codes.texts
    if stated is None and RETAILROCKET.keys().isdisjoint(names):
        what = "{} is one of other events than {}: every event weighs 1 (--weights changes that)"
        note = what.format(shown(names[0]), ", ".join(RETAILROCKET))
        return Weighed(np.ones(len(rows)), "column {}: {}".format(column_name(events.column), note))
    weights = RETAILROCKET if stated is None else stated
    for code, name in enumerate(names):
        if name not in weights:
            known = ", ".join(map(shown, list(weights)[:10]))
            what = "column {}, row {}: unknown event {} (there are weights of {}: see --weights)"
            row = events.codes.row_of(code, rows)
            raise LogError(what.format(column_name(events.column), row, shown(name), known))
    return Weighed(np.array([weights[name] for name in names])[events.codes.codes()], None)
