"""Columns of ids: 64-bit integers if every id is one, and otherwise strings."""

from __future__ import annotations

import re
from typing import List, Optional

import numpy as np

from training.logs.codes import Codes, require_storable, strings
from training.logs.errors import at

# What programs write for a value that is missing. As an id, it would be one visitor made of many.
MISSING = frozenset(
    ["", "nan", "NaN", "NAN", "null", "NULL", "Null", "None", "NA", "N/A", "<NA>", "\\N"]
)
_INTEGER = re.compile(r"-?[1-9][0-9]*|0").fullmatch


class Ids:
    """A column of ids.

    Text counts as an integer if it is written as integers are: ``007`` and ``7`` are two ids.
    While every id is an integer, only their numbers are kept.
    """

    def __init__(self, column: str) -> None:
        self._column = column
        self._numbers: List[np.ndarray] = []
        self._texts: Optional[Codes] = None

    def add(self, rows: List[int], texts: List[str]) -> None:
        """Add rows.

        Parameters
        ----------
        rows : list of int
            Their lines in the file.
        texts : list of str
            An id each.

        Raises
        ------
        LogError
            If one is missing, or too long.
        """
        if self._texts is None:
            numbers = integers(texts)
            if numbers is not None:
                self._numbers.append(numbers)
                return
            self._texts = Codes()
            for chunk in self._numbers:
                self._texts.add([str(number) for number in chunk.tolist()])
        require_storable(self._column, rows, texts)
        self._require_ids(rows, texts)
        self._texts.add(texts)

    def finish(self, rows: np.ndarray) -> np.ndarray:
        """Return all ids: int64, or objects of type str.

        Parameters
        ----------
        rows : numpy.ndarray
            Lines of all rows.

        Raises
        ------
        LogError
            If every id is an integer, and one of them has more than 64 bits.
        """
        if self._texts is None:
            return np.concatenate(self._numbers)
        texts = self._texts.texts
        if all(map(_INTEGER, texts)):
            code = next(place for place, text in enumerate(texts) if integers([text]) is None)
            row = self._texts.row_of(code, rows)
            raise at(self._column, row, texts[code], "is an integer of more than 64 bits")
        return strings(texts)[self._texts.codes()]

    def _require_ids(self, rows: List[int], texts: List[str]) -> None:
        wrong = {text for text in set(texts) if text in MISSING or not text.strip()}
        if wrong:
            place = next(place for place, text in enumerate(texts) if text in wrong)
            raise at(self._column, rows[place], texts[place], "is a missing id")


def integers(texts: List[str]) -> Optional[np.ndarray]:
    """Return texts as int64, None if one of them is not written as an integer of 64 bits is."""
    try:
        numbers = np.array(list(map(int, texts)), dtype=np.int64)
    except (ValueError, OverflowError):
        return None
    return numbers if list(map(str, numbers.tolist())) == texts else None
