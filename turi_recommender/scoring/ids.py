"""From ids to indices and back, without a Python object for every id."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.errors import QueryError
from turi_recommender.format import (
    Column,
    GenericValues,
    IntegerValues,
    StringValues,
    ValueList,
    ValueType,
)
from turi_recommender.scoring import limits
from turi_recommender.scoring.arguments import cast_id, plain
from turi_recommender.scoring.lookup import UNKNOWN, make_lookup


class IdIndex:
    """The trained values of one column.

    Parameters
    ----------
    values : ValueList
        Value by index. It may be longer than `size`: ids that the library learned from queries
        stand behind the trained ones, and count as unknown here.
    size : int
        Number of trained values.
    value_type : ValueType
        Type of the column; what decides the dtype where there is no value to tell it.

    Attributes
    ----------
    dtype : dtype
        What an array of these ids has: int64 if all are integers, object otherwise.
    """

    def __init__(
        self, values: ValueList, size: int, value_type: ValueType = ValueType.INTEGER
    ) -> None:
        if isinstance(values, StringValues):
            values = values.in_memory()
        self._values = values
        self._size = size
        self._lookup = make_lookup(values, size)
        self.dtype = np.dtype(np.int64 if _are_integers(values, size, value_type) else object)

    def __len__(self) -> int:
        return self._size

    def has_repeats(self) -> bool:
        """Tell whether any value has two indices, of which only one can be found."""
        return self._lookup.has_repeats()

    def __contains__(self, value: object) -> bool:
        return self.find(value) != UNKNOWN

    def find(self, value: object) -> int:
        """Return the index of a value, or `UNKNOWN` (-1)."""
        return self._lookup.find(value if type(value) in (int, str) else plain(value))

    def find_many(self, values: Sequence[object]) -> list[int]:
        """Return the index of each value, or `UNKNOWN` (-1)."""
        return self._lookup.find_many(values)

    def ids(self, indices: NDArray[np.integer[Any]] | Sequence[int]) -> list[Any]:
        """Return the values at these indices as Python objects."""
        return self._values.take(indices)

    def ids_in_memory(self, indices: NDArray[np.integer[Any]]) -> list[Any]:
        """Return the values at these indices without a look at the mapped file.

        What serves must not touch the map (docs/decisions/mapped-files.md). The first call makes an
        array of 4 bytes for each id.
        """
        integers = self._lookup.integers_at(indices)
        return self.ids(indices) if integers is None else integers.tolist()

    def text_bound(self, count: int) -> int:
        """Return how many bytes `count` different ids take at most, written as UTF-8 text."""
        if isinstance(self._values, StringValues):
            offsets = self._values.offsets
            total = int(offsets[self._size] - offsets[0])
            return min(total, count * self._longest)
        return count * self._longest

    @cached_property
    def _longest(self) -> int:
        extremes = self._lookup.extremes()
        if extremes is not None:
            return max(map(len, map(str, extremes)))
        if isinstance(self._values, StringValues):
            return int(np.diff(self._values.offsets[: self._size + 1]).max(initial=0))
        values = self._values.take(range(self._size))
        return max((len(str(value).encode(errors="surrogatepass")) for value in values), default=0)

    def chunks(self, size: int = limits.IDS_AT_A_TIME) -> Iterator[NDArray[Any] | StringIds]:
        """Yield all trained ids in the order of their indices, without a Python object for each.

        Parameters
        ----------
        size : int
            Most ids in one part; at least 1.

        Yields
        ------
        ndarray of int64, shape (n,)
            Where all ids are integers.
        StringIds
            Where all ids are strings.
        ndarray of object, shape (n,)
            Where a column has ids of several types, or None among them.

        Raises
        ------
        ValueError
            If `size` is less than 1.

        Examples
        --------
        >>> sum(int((part > 100_000).sum()) for part in model.items.chunks())
        """
        if size < 1:
            raise ValueError(f"size must be 1 or more, not {size}")
        return self._parts(size)

    def _parts(self, size: int) -> Iterator[NDArray[Any] | StringIds]:
        take = self._taker()
        for low in range(0, self._size, size):
            yield take(low, min(low + size, self._size))

    def _taker(self) -> Callable[[int, int], NDArray[Any] | StringIds]:
        """Return what gives the ids at positions [low, high)."""
        values, whole = self._values, self._lookup.integers()
        if whole is not None:
            return lambda low, high: whole[low:high]
        if isinstance(values, StringValues):
            return lambda low, high: StringIds.of(values, low, high)
        generic = values.take(range(self._size))
        if generic and all(isinstance(value, str) for value in generic):
            return lambda low, high: StringIds.encode(generic[low:high])
        array = np.empty(len(generic), self.dtype)
        array[:] = generic
        return lambda low, high: array[low:high]


@dataclass(frozen=True, slots=True, eq=False)
class StringIds:
    """Some strings in two arrays, laid out as Arrow's large strings are.

    Attributes
    ----------
    offsets : ndarray of int64, shape (n + 1,)
        String i is bytes [offsets[i], offsets[i + 1]) of the data; the first offset is 0.
    data : ndarray of uint8
        The strings in UTF-8, one after the other.
    """

    offsets: NDArray[np.int64]
    data: NDArray[np.uint8]

    @classmethod
    def of(cls, values: StringValues, low: int, high: int) -> StringIds:
        """Take the strings at positions [low, high).

        Parameters
        ----------
        values : StringValues
            All strings of a column.
        low, high : int
            Positions; `high` is at most the number of strings.

        Returns
        -------
        StringIds
            Valid UTF-8: bytes that are not are replaced as `IdIndex.ids` replaces them.
        """
        ends, data = values.packed(low, high)
        starts = data[ends[:-1][ends[:-1] < ends[1:]]]
        # Valid as a whole, and no string begins in the middle of a character: each one is valid.
        if not (starts & 0xC0 == 0x80).any() and _is_utf8(data):
            return cls(ends, data)
        return cls.encode(values.take(range(low, high)))

    @classmethod
    def encode(cls, strings: Sequence[str]) -> StringIds:
        """Lay out Python strings."""
        raw = [string.encode() for string in strings]
        ends = np.cumsum([0, *map(len, raw)], dtype=np.int64)
        return cls(ends, np.frombuffer(b"".join(raw), np.uint8))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def tolist(self) -> list[str]:
        """Return them as Python strings."""
        data, ends = self.data.tobytes(), self.offsets.tolist()
        return [data[low:high].decode() for low, high in pairwise(ends)]


def _is_utf8(data: NDArray[np.uint8]) -> bool:
    try:
        data.tobytes().decode()
    except UnicodeDecodeError:
        return False
    return True


def _are_integers(values: ValueList, size: int, value_type: ValueType) -> bool:
    if isinstance(values, GenericValues):
        all_are = all(type(value) is int for value in values.values[:size])
        return all_are and value_type != ValueType.STRING
    return isinstance(values, IntegerValues)


def index_in(row: Mapping[str, Any], column: Column, known: IdIndex) -> int:
    """Return the index of the id that an unchecked row has, to tell what the row takes.

    Parameters
    ----------
    row : mapping
        Column names to values.
    column : Column
        The user or item column.
    known : IdIndex
        Its trained ids.

    Returns
    -------
    int
        `UNKNOWN` also where the row has no id, or one that is refused later.
    """
    try:
        return known.find(cast_id(row.get(column.name), column))
    except QueryError:
        return UNKNOWN
