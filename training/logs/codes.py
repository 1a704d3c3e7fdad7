"""Texts that repeat, as numbers: each text is kept once."""

from __future__ import annotations

from typing import Dict, List

import numpy as np

from training.logs.errors import at
from training.logs.limits import TEXT_CHARACTERS


def require_storable(column: str, rows: List[int], texts: List[str]) -> None:
    """Refuse texts that cannot be kept: too long ones, and those with a NUL.

    To pandas a text ends at a NUL, so two different ids would be one.

    Parameters
    ----------
    column : str
        Name of their column.
    rows : list of int
        Their lines in the file.
    texts : list of str
        One for each row.

    Raises
    ------
    LogError
        If there is one.
    """
    if any("\0" in text for text in texts):
        place = next(n for n, text in enumerate(texts) if "\0" in text)
        raise at(column, rows[place], texts[place], "has a NUL character, which no text has")
    if max(map(len, texts)) > TEXT_CHARACTERS:
        place = next(n for n, text in enumerate(texts) if len(text) > TEXT_CHARACTERS)
        what = "has more than {} characters".format(TEXT_CHARACTERS)
        raise at(column, rows[place], texts[place], what)


class Codes:
    """A column of texts."""

    def __init__(self) -> None:
        self._index: Dict[str, int] = {}
        self._chunks: List[np.ndarray] = []

    def __len__(self) -> int:
        return len(self._index)

    @property
    def texts(self) -> List[str]:
        """The different texts, in the order in which they came."""
        return list(self._index)

    def add(self, texts: List[str]) -> None:
        """Add rows."""
        index = self._index
        codes = [index.setdefault(text, len(index)) for text in texts]
        self._chunks.append(np.array(codes, dtype=np.int32))

    def codes(self) -> np.ndarray:
        """Return each row's place in `texts`."""
        return np.concatenate(self._chunks) if self._chunks else np.empty(0, dtype=np.int32)

    def row_of(self, code: int, rows: np.ndarray) -> int:
        """Return the first row that has a text.

        Parameters
        ----------
        code : int
            Its place in `texts`.
        rows : numpy.ndarray
            Lines of all rows.
        """
        return int(rows[int(np.argmax(self.codes() == code))])


def strings(texts: List[str]) -> np.ndarray:
    """Return texts as an array of objects."""
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array
