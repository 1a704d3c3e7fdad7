"""Columns of few different values: kinds of events, and context."""

from __future__ import annotations

from typing import List

import numpy as np

from training.logs.codes import Codes, require_storable, strings
from training.logs.errors import at
from training.logs.ids import integers
from training.logs.numbers import finite


class Categories:
    """A column of few different values.

    Parameters
    ----------
    column : str
        Its name.
    most : int
        How many different values it may have.
    """

    def __init__(self, column: str, most: int) -> None:
        self.column = column
        self.codes = Codes()
        self._most = most

    def add(self, rows: List[int], texts: List[str]) -> None:
        """Add rows.

        Parameters
        ----------
        rows : list of int
            Their lines in the file.
        texts : list of str
            A value each; an empty one is a value, too.

        Raises
        ------
        LogError
            If there are too many different values, or one is too long.
        """
        require_storable(self.column, rows, texts)
        self.codes.add(texts)
        if len(self.codes) > self._most:
            beyond = set(self.codes.texts[self._most :])
            place = next(place for place, text in enumerate(texts) if text in beyond)
            what = "is one of more than {} different values, which are too many".format(self._most)
            raise at(self.column, rows[place], texts[place], what)

    def finish(self) -> np.ndarray:
        """Return all values: int64 or float64 if all are numbers, or else objects of type str."""
        return _typed(self.codes.texts)[self.codes.codes()]


def _typed(texts: List[str]) -> np.ndarray:
    numbers = integers(texts)
    if numbers is not None:
        return numbers
    floats = list(map(finite, texts))
    return strings(texts) if None in floats else np.array(floats, dtype=np.float64)
