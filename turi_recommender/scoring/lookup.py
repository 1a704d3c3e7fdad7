"""Find the index of an id.

Turi Create stores, for each column, the value of every index but not the reverse map. Here integers
are found by binary search in a sorted copy, strings by binary search among 64-bit hashes followed
by a comparison of the bytes themselves.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format import GenericValues, IntegerValues, StringValues, ValueList
from turi_recommender.scoring import limits

UNKNOWN = -1


class Lookup(ABC):
    """The reverse map of a column: from a value to its index."""

    @abstractmethod
    def find(self, value: object) -> int:
        """Return the index of a value, or `UNKNOWN`."""

    def find_many(self, values: Sequence[object]) -> list[int]:
        """Return the index of each value, or `UNKNOWN`."""
        return [self.find(value) for value in values]

    @abstractmethod
    def has_repeats(self) -> bool:
        """Tell whether any value has two indices, of which only one can be found."""

    def integers(self) -> NDArray[np.int64] | None:
        """Return all values by index if they are integers in memory."""
        return None

    def extremes(self) -> tuple[int, int] | None:
        """Return the lowest and the highest value if all are integers in memory."""
        return None

    def integers_at(self, indices: NDArray[np.integer[Any]]) -> NDArray[np.int64] | None:
        """Return the values at some indices if they are integers in memory."""
        _ = indices
        return None


class _IntegerLookup(Lookup):
    def __init__(self, values: NDArray[np.int64]) -> None:
        self._order, self._sorted = _sort(np.ascontiguousarray(values))
        # For a single id, Python's own search takes half the time of numpy's calls.
        self._places, self._keys = self._order.data, self._sorted.data

    def find(self, value: object) -> int:
        if type(value) is not int:
            return UNKNOWN
        keys = self._keys
        place = bisect_left(keys, value)
        if place < len(keys) and keys[place] == value:
            return self._places[place]
        return UNKNOWN

    def find_many(self, values: Sequence[object]) -> list[int]:
        if len(values) < limits.MANY_IDS or not all(type(value) is int for value in values):
            return super().find_many(values)
        try:
            keys = np.array(values, np.int64)
        except OverflowError:
            return super().find_many(values)
        if len(self._sorted) == 0:
            return [UNKNOWN] * len(values)
        places = self._sorted.searchsorted(keys)
        places[places == len(self._sorted)] = 0
        found = np.where(self._sorted[places] == keys, self._order[places], UNKNOWN)
        return found.tolist()  # type: ignore[no-any-return]

    def has_repeats(self) -> bool:
        """Tell whether any value has two indices."""
        return bool((self._sorted[1:] == self._sorted[:-1]).any())

    def integers(self) -> NDArray[np.int64]:
        """Return all values by index: put back from the sorted copy, not read from the file."""
        values = np.empty(len(self._order), np.int64)
        values[self._order] = self._sorted
        return values

    def extremes(self) -> tuple[int, int] | None:
        """Return the lowest and the highest value."""
        return (self._keys[0], self._keys[-1]) if len(self._keys) > 0 else None

    def integers_at(self, indices: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Return the values at some indices, from the sorted copy, too."""
        values: NDArray[np.int64] = self._sorted[self._ranks[indices]]
        return values

    @cached_property
    def _ranks(self) -> NDArray[np.int32]:
        """Where each index stands in the sorted copy."""
        ranks = np.empty(len(self._order), np.int32)
        ranks[self._order] = np.arange(len(self._order), dtype=np.int32)
        return ranks


def _sort(values: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the order that sorts the values, and the sorted values.

    Where value and position fit into one word, it is words that are sorted: several times faster.
    Where most numbers of the range are values, none is compared with another.
    """
    bits = len(values).bit_length()
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    if high - low < limits.DENSE_RANGE * len(values):
        indices = np.full(high - low + 1, UNKNOWN, np.int32)
        indices[values - low] = np.arange(len(values), dtype=np.int32)
        places = np.flatnonzero(indices != UNKNOWN)
        if len(places) == len(values):  # no value is there twice
            order = indices if len(indices) == len(values) else indices[places]
            places += low
            return order, places
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


class _StringLookup(Lookup):
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
        low = 0
        while low < size:
            end = int(offsets[low]) + limits.HASHED_AT_A_TIME
            high = min(low + limits.STRINGS_AT_A_TIME, size)
            high = min(high, int(offsets.searchsorted(end, "right")) - 1)
            if high <= low:  # one long string
                hashes[low] = self._hash_record(octets[offsets[low] : offsets[low + 1]])
                low += 1
                continue
            starts, end = offsets[low:high], int(offsets[high])
            places = np.arange(starts[0], end) - np.repeat(starts, np.diff(offsets[low : high + 1]))
            terms = self._weights[places % len(self._weights)] * octets[starts[0] : end]
            hashes[low:high] = np.add.reduceat(terms, starts - starts[0])
            low = high
        return hashes

    def _hash(self, raw: bytes) -> np.uint64:
        return self._hash_record(
            np.frombuffer(b"\x82" + len(raw).to_bytes(8, "little") + raw, np.uint8)
        )

    def _hash_record(self, record: NDArray[np.uint8]) -> np.uint64:
        total = np.uint64(0)
        for low in range(0, len(record), len(self._weights)):
            part = record[low : low + len(self._weights)]
            total = np.add(total, np.add.reduce(self._weights[: len(part)] * part))
        return np.uint64(total)

    def find(self, value: object) -> int:
        if not isinstance(value, str):
            return UNKNOWN
        raw = value.encode(errors="surrogatepass")
        key = self._hash(raw)
        return self._match(raw, key, int(self._hashes.searchsorted(key)))

    def find_many(self, values: Sequence[object]) -> list[int]:
        texts = [value for value in values if isinstance(value, str)]
        if len(texts) < max(len(values), limits.MANY_IDS):
            return super().find_many(values)
        raws = [text.encode(errors="surrogatepass") for text in texts]
        keys = np.array([self._hash(raw) for raw in raws], np.uint64)
        places = self._hashes.searchsorted(keys).tolist()
        return list(map(self._match, raws, keys, places))

    def has_repeats(self) -> bool:
        """Tell whether any value has two indices: only those of equal hashes are compared."""
        seen: set[bytes] = set()
        alike = np.flatnonzero(self._hashes[1:] == self._hashes[:-1])
        for index in self._order[np.union1d(alike, alike + 1)].tolist():
            raw = self._values.raw(index)
            if raw in seen:
                return True
            seen.add(raw)
        return False

    def _match(self, raw: bytes, key: np.uint64, place: int) -> int:
        """Return the index of a string among those whose hashes begin at a place."""
        while place < len(self._hashes) and self._hashes[place] == key:
            index = int(self._order[place])
            if self._values.raw(index) == raw:
                return index
            place += 1
        return UNKNOWN


class _GenericLookup(Lookup):
    def __init__(self, values: Sequence[object]) -> None:
        # A map for each type: 1, 1.0 and True are one key to Python, not to the library.
        self._index: dict[type, dict[object, int]] = {}
        self._count = len(values)
        for index, value in enumerate(values):
            if isinstance(value, int | float | str | None):
                self._index.setdefault(type(value), {}).setdefault(value, index)

    def has_repeats(self) -> bool:
        """Tell whether any value has two indices."""
        return sum(map(len, self._index.values())) < self._count

    def find(self, value: object) -> int:
        if not isinstance(value, int | float | str | None):
            return UNKNOWN
        return self._index.get(type(value), {}).get(value, UNKNOWN)


def make_lookup(values: ValueList, size: int) -> Lookup:
    """Return the lookup of a column's trained values.

    Parameters
    ----------
    values : ValueList
        Value by index.
    size : int
        Number of trained values; those behind them are not found.
    """
    if isinstance(values, IntegerValues):
        return _IntegerLookup(values.values[:size])
    if isinstance(values, StringValues):
        return _StringLookup(values, size)
    trained = values.values[:size] if isinstance(values, GenericValues) else []
    return _GenericLookup(trained)
