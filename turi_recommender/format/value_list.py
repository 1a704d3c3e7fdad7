"""Long lists of values (ids, categories) that stay in the mapped file.

A catalogue's ids are a LIST of flexible values: n records of 9 bytes for integers, a tag, a length
and the bytes for each string. Neither becomes Python objects here: integers are a strided view, and
strings an array of offsets.

Source: docs/format.md, sections 2.1 and 2.4.
"""

from __future__ import annotations

import mmap
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format.chain import follow_chain

_INTEGER_TAG = 128
_STRING_TAG = 130
_STRING_HEADER = 9  # tag byte and u64 length
_RECORD = np.dtype([("tag", "u1"), ("value", "<i8")])


class ValueList(ABC):
    """A read-only sequence of int, str or None, addressed by position."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def take(self, positions: NDArray[np.integer[Any]] | Sequence[int]) -> list[Any]:
        """Return the values at these positions."""

    def in_memory(self) -> ValueList:
        """Return the same values, independent of the file."""
        return self

    def tolist(self) -> list[Any]:
        """Return all values; for short lists."""
        return self.take(range(len(self)))


class IntegerValues(ValueList):
    """Integers only: a strided int64 view, shape (n,)."""

    def __init__(self, values: NDArray[np.int64]) -> None:
        self.values = values

    @classmethod
    def view(cls, data: mmap.mmap, start: int, count: int) -> IntegerValues | None:
        """View a list of tagged integers.

        Parameters
        ----------
        data : mmap
            The file.
        start : int
            Byte offset of the first one's tag.
        count : int
            How many there are; the file must be long enough for them.

        Returns
        -------
        IntegerValues or None
            None if a value of another type is among them.
        """
        records = np.frombuffer(data, _RECORD, count, start)
        return cls(records["value"]) if (records["tag"] == _INTEGER_TAG).all() else None

    def __len__(self) -> int:
        return len(self.values)

    def in_memory(self) -> IntegerValues:
        """Return the same values, independent of the file."""
        return IntegerValues(np.ascontiguousarray(self.values))

    def take(self, positions: NDArray[np.integer[Any]] | Sequence[int]) -> list[Any]:
        """Return the values at these positions."""
        return list(self.values[positions].tolist())


class StringValues(ValueList):
    """Strings only.

    Parameters
    ----------
    data : mmap or bytes
        Holds the tagged strings, one after the other.
    offsets : ndarray of int64, shape (n + 1,)
        Where each one's tag is in the data, and the end of the last one.
    """

    def __init__(self, data: mmap.mmap | bytes, offsets: NDArray[np.int64]) -> None:
        self.data = data
        self.offsets = offsets

    def in_memory(self) -> StringValues:
        """Return the same values, independent of the file."""
        if isinstance(self.data, bytes):
            return self
        start, end = int(self.offsets[0]), int(self.offsets[-1])
        return StringValues(bytes(self.data[start:end]), self.offsets - start)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def raw(self, position: int) -> bytes:
        """Return the UTF-8 bytes of the string at this position."""
        return self.data[int(self.offsets[position]) + _STRING_HEADER : self.offsets[position + 1]]

    def packed(self, low: int, high: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Return the strings at positions [low, high) without what stands between them.

        Parameters
        ----------
        low, high : int
            Positions, 0 <= low <= high <= number of strings.

        Returns
        -------
        ends : ndarray of int64, shape (high - low + 1,)
            String i is bytes [ends[i], ends[i + 1]) of the data; the first is 0.
        data : ndarray of uint8
            The strings' bytes as they are stored, one string after the other.
        """
        records = self.offsets[low : high + 1]
        octets = np.frombuffer(self.data, np.uint8)[records[0] : records[-1]]
        starts = records - records[0]
        is_text = np.ones(len(octets), np.bool_)
        is_text[(starts[:-1, np.newaxis] + np.arange(_STRING_HEADER)).ravel()] = False
        return starts - _STRING_HEADER * np.arange(len(starts)), octets[is_text]

    def take(self, positions: NDArray[np.integer[Any]] | Sequence[int]) -> list[Any]:
        """Return the values at these positions."""
        # A model may hold bytes that are not UTF-8; an answer must still be valid JSON.
        return [self.raw(position).decode(errors="replace") for position in positions]


class GenericValues(ValueList):
    """Values of mixed types, or with None among them, as Python objects."""

    def __init__(self, values: Iterable[Any]) -> None:
        self.values = list(values)

    def __len__(self) -> int:
        return len(self.values)

    def take(self, positions: NDArray[np.integer[Any]] | Sequence[int]) -> list[Any]:
        """Return the values at these positions."""
        return [self.values[position] for position in positions]


def scan_strings(data: mmap.mmap, start: int, count: int) -> NDArray[np.int64] | None:
    """Find where consecutive tagged strings begin.

    Parameters
    ----------
    data : mmap
        The file.
    start : int
        Byte offset of the first one's tag.
    count : int
        How many there should be.

    Returns
    -------
    ndarray of int64, shape (count + 1,), or None
        Offsets of the tag bytes and of the end of the last string; None if a value of another type
        is among them or the file ends too early.
    """
    octets = np.frombuffer(data, np.uint8)

    def length_at(position: int) -> int | None:
        if position + _STRING_HEADER > len(data) or data[position] != _STRING_TAG:
            return None
        size = int.from_bytes(data[position + 1 : position + _STRING_HEADER], "little")
        return _STRING_HEADER + size if size <= len(data) - position - _STRING_HEADER else None

    def guess(low: int, high: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        # A tag followed by a length below 64 KiB; the chain decides whether it really is one.
        window = octets[low : min(high + _STRING_HEADER, len(octets))]
        room = max(len(window) - _STRING_HEADER + 1, 0)
        marks = window[:room] == _STRING_TAG
        for place in range(3, _STRING_HEADER):
            marks &= window[place : place + room] == 0
        places = np.flatnonzero(marks)
        sizes = window[places + 1].astype(np.int64) + 256 * window[places + 2].astype(np.int64)
        return places + low, sizes + _STRING_HEADER

    return follow_chain(start, count, len(data), length_at, guess)
