"""From ids to indices and back, without a Python object for every id.

Turi Create stores, for each column, the value of every index but not the reverse map. Here integers
are found by binary search in a sorted copy, strings by binary search among 64-bit hashes followed
by a comparison of the bytes themselves.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format import GenericValues, IntegerValues, StringValues, ValueList
from turi_recommender.scoring import limits

UNKNOWN = -1
_INT64 = np.iinfo(np.int64)


class IdIndex:
    """The trained values of one column.

    Parameters
    ----------
    values : ValueList
        Value by index. It may be longer than `size`: ids that the library learned from queries
        stand behind the trained ones, and count as unknown here.
    size : int
        Number of trained values.
    """

    def __init__(self, values: ValueList, size: int) -> None:
        if isinstance(values, StringValues):
            values = values.in_memory()
        self._values = values
        self._size = size
        self._lookup = _make_lookup(values, size)

    def __len__(self) -> int:
        return self._size

    def __contains__(self, value: object) -> bool:
        return self.find(value) != UNKNOWN

    def find(self, value: object) -> int:
        """Return the index of a value, or `UNKNOWN` (-1)."""
        return self._lookup.find(value)

    def ids(self, indices: NDArray[np.integer[Any]] | Sequence[int]) -> list[Any]:
        """Return the values at these indices as Python objects."""
        return self._values.take(indices)


class _Lookup(ABC):
    @abstractmethod
    def find(self, value: object) -> int: ...


class _IntegerLookup(_Lookup):
    def __init__(self, values: NDArray[np.int64]) -> None:
        self._order, self._sorted = _sort(np.ascontiguousarray(values))

    def find(self, value: object) -> int:
        if type(value) is not int or not _INT64.min <= value <= _INT64.max:
            return UNKNOWN
        key = np.int64(value)  # a Python int would make numpy convert the whole array
        place = self._sorted.searchsorted(key)
        if place < len(self._sorted) and self._sorted[place] == key:
            return int(self._order[place])
        return UNKNOWN


def _sort(values: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the order that sorts the values, and the sorted values.

    Where value and position fit into one word, it is words that are sorted: several times faster.
    """
    bits = len(values).bit_length()
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    if high - low >= 1 << (63 - bits):
        order = np.argsort(values, kind="stable").astype(np.int32)
        return order, values[order]
    words = values - np.int64(low)
    words <<= bits
    words |= np.arange(len(values))
    words.sort()
    order = (words & np.int64((1 << bits) - 1)).astype(np.int32)
    words >>= bits
    words += np.int64(low)
    return order, words


class _StringLookup(_Lookup):
    def __init__(self, values: StringValues, size: int) -> None:
        self._values = values
        # Random, so that nobody can craft a catalogue whose hashes all collide.
        generator = np.random.default_rng()
        self._weights = generator.integers(0, 2**64, limits.HASH_WEIGHTS, np.uint64, endpoint=False)
        hashes = self._hash_all(size)
        self._order = np.argsort(hashes, kind="stable").astype(np.int32)
        self._hashes = hashes[self._order]

    def _hash_all(self, size: int) -> NDArray[np.uint64]:
        """Hash each string's whole record, so that none is empty."""
        offsets = self._values.offsets
        octets = np.frombuffer(self._values.data, np.uint8)
        hashes = np.empty(size, np.uint64)
        for low in range(0, size, limits.STRINGS_AT_A_TIME):
            high = min(low + limits.STRINGS_AT_A_TIME, size)
            starts, end = offsets[low:high], offsets[high]
            places = np.arange(starts[0], end) - np.repeat(starts, np.diff(offsets[low : high + 1]))
            terms = self._weights[places % len(self._weights)] * octets[starts[0] : end]
            hashes[low:high] = np.add.reduceat(terms, starts - starts[0])
        return hashes

    def _hash(self, raw: bytes) -> np.uint64:
        record = np.frombuffer(b"\x82" + len(raw).to_bytes(8, "little") + raw, np.uint8)
        places = np.arange(len(record)) % len(self._weights)
        return np.uint64(np.add.reduce(self._weights[places] * record))

    def find(self, value: object) -> int:
        if not isinstance(value, str):
            return UNKNOWN
        raw = value.encode(errors="surrogatepass")
        key = self._hash(raw)
        place = int(self._hashes.searchsorted(key))
        while place < len(self._hashes) and self._hashes[place] == key:
            index = int(self._order[place])
            if self._values.raw(index) == raw:
                return index
            place += 1
        return UNKNOWN


class _GenericLookup(_Lookup):
    def __init__(self, values: Sequence[object]) -> None:
        # The type is part of the key: 1, 1.0 and True are one key to Python, not to the library.
        self._index = {
            (type(value), value): index
            for index, value in reversed(list(enumerate(values)))
            if isinstance(value, int | float | str | None)
        }

    def find(self, value: object) -> int:
        if not isinstance(value, int | float | str | None):
            return UNKNOWN
        return self._index.get((type(value), value), UNKNOWN)


def _make_lookup(values: ValueList, size: int) -> _Lookup:
    if isinstance(values, IntegerValues):
        return _IntegerLookup(values.values[:size])
    if isinstance(values, StringValues):
        return _StringLookup(values, size)
    trained = values.values[:size] if isinstance(values, GenericValues) else []
    return _GenericLookup(trained)
