"""Named fields of a variant map, read by name and type.

Source: docs/format.md, section 2.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format.pairs import PairList
from turi_recommender.format.stream import Stream
from turi_recommender.format.value_list import ValueList

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Fields:
    """Named fields of a variant map, read by name and type.

    A missing field or one of another type raises `ModelFormatError` at the map's offset.

    Attributes
    ----------
    stream : Stream
        Where they were read from.
    offset : int
        Byte offset of the map in it.
    what : str
        What the fields describe, for errors.
    entries : dict
        Value by name.
    """

    stream: Stream
    offset: int
    what: str
    entries: dict[str, Any]

    def _get(self, name: str, kind: type[_T]) -> _T:
        value = self.entries.get(name)
        if not isinstance(value, kind):
            self._wrong_type(name, kind.__name__)
        return value

    def _wrong_type(self, name: str, kind: str) -> NoReturn:
        found = type(self.entries[name]).__name__ if name in self.entries else "no such field"
        self.stream.fail(f"{self.what}.{name} ({kind})", found, self.offset)

    def integer(self, name: str, *, low: int = 0, high: int = 2**62) -> int:
        """Return an integer.

        Parameters
        ----------
        name : str
            Name of the field.
        low, high : int
            The least and the largest value that is allowed.
        """
        value = self._get(name, int)
        if not low <= value <= high:
            self.stream.fail(f"{self.what}.{name} within {low} - {high}", str(value), self.offset)
        return value

    def number(self, name: str) -> float:
        """Return a float."""
        return self._get(name, float)

    def string(self, name: str) -> str:
        """Return a string."""
        return self._get(name, str)

    def pairs(self, name: str) -> PairList:
        """Return a DICT."""
        return self._get(name, PairList)

    def values(self, name: str) -> ValueList:
        """Return a LIST."""
        value = self.entries.get(name)
        if not isinstance(value, ValueList):
            self._wrong_type(name, "LIST")
        return value

    def vector(self, name: str) -> NDArray[np.float64]:
        """Return a VECTOR as a float64 view."""
        return self._get(name, np.ndarray)

    def integers(self, name: str, *, low: int, high: int) -> list[int]:
        """Return a LIST of integers.

        Parameters
        ----------
        name : str
            Name of the field.
        low, high : int
            The least and the largest value that is allowed in it.
        """
        values = self.values(name).tolist()
        for value in values:
            if not isinstance(value, int) or not low <= value <= high:
                self.stream.fail(
                    f"{self.what}.{name} of integers within {low} - {high}",
                    repr(value),
                    self.offset,
                )
        return values
