"""Partitions and heaps of GNU libstdc++, element for element: what its algorithms share.

Keys stand in descending order when they are sorted, and none is NaN. The partition of long ranges
is vectorised: where its two pointers stop is known beforehand, so all exchanges happen at once.

Source: docs/format.md, section 7.6 c.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.floating[Any]]
Positions = NDArray[np.int64]


def partition_few(keys: list[float], order: list[int], first: int, last: int) -> int:
    """Partition [first, last) around the median of three; return where the right part begins."""
    a, b, c = first + 1, first + (last - first) // 2, last - 1
    if keys[a] > keys[b]:
        median = b if keys[b] > keys[c] else c if keys[a] > keys[c] else a
    else:
        median = a if keys[a] > keys[c] else c if keys[b] > keys[c] else b
    keys[first], keys[median] = keys[median], keys[first]
    order[first], order[median] = order[median], order[first]
    pivot = keys[first]
    left, right = first + 1, last
    while True:
        while keys[left] > pivot:
            left += 1
        right -= 1
        while pivot > keys[right]:
            right -= 1
        if left >= right:
            return left
        keys[left], keys[right] = keys[right], keys[left]
        order[left], order[right] = order[right], order[left]
        left += 1


def _exchanged(left: Positions, right: Positions) -> int:
    """Return how many stops are exchanged, one by one: as long as the pointers have not met.

    Parameters
    ----------
    left : ndarray of int64, ascending
        Where the left pointer stops.
    right : ndarray of int64, descending
        Where the right pointer stops.
    """
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high) // 2
        if left[middle] < right[middle]:
            low = middle + 1
        else:
            high = middle
    return low


class Movable:
    """Keys and their original positions, which move together.

    Parameters
    ----------
    scores : ndarray of float64 or float32, shape (n,)
        The keys; they are copied.

    Attributes
    ----------
    keys : ndarray of the type of `scores`, shape (n,)
        In their present order.
    order : ndarray of int32, shape (n,)
        Where each of them stood.
    """

    def __init__(self, scores: Keys) -> None:
        self.keys = scores.copy()
        # Half as wide as usual: of long arrays, new memory takes longer than the comparisons.
        self.order = np.arange(len(scores), dtype=np.int32)

    def _swap(self, one: int, other: int) -> None:
        pair, swapped = [one, other], [other, one]
        self.keys[pair] = self.keys[swapped]
        self.order[pair] = self.order[swapped]

    def _partition_around_median(self, first: int, last: int) -> int:
        self._move_median_to_first(first, first + 1, first + (last - first) // 2, last - 1)
        return self._partition(first + 1, last, self.keys[first])

    def _move_median_to_first(self, first: int, a: int, b: int, c: int) -> None:
        key_a, key_b, key_c = self.keys[a], self.keys[b], self.keys[c]
        if key_a > key_b:
            median = b if key_b > key_c else c if key_a > key_c else a
        else:
            median = a if key_a > key_c else c if key_b > key_c else b
        self._swap(first, median)

    def _partition(self, first: int, last: int, pivot: np.floating[Any]) -> int:
        """Hoare partition of [first, last); the i-th stop from each side is exchanged."""
        keys = self.keys[first:last]
        stops_left, stops_right = keys <= pivot, keys >= pivot
        # With g greater keys and e equal ones, what is exchanged stands before g + e on the left,
        # and from g on on the right: there it ends up, and the pointers have met in between.
        greater = len(keys) - int(np.count_nonzero(stops_left))
        end = int(np.count_nonzero(stops_right))
        left = np.flatnonzero(stops_left[:end])
        right = np.flatnonzero(stops_right[greater:])[::-1] + greater
        count = _exchanged(left, right)
        ups, downs = left[:count], right[:count]
        for array in (keys, self.order[first:last]):
            taken = array[ups]
            array[ups] = array[downs]
            array[downs] = taken
        # The left pointer stops at its next stop, or at the last element exchanged to the right.
        next_stop = int(left[count]) if count < len(left) else end
        return first + (min(next_stop, int(right[count - 1])) if count else next_stop)

    def _insertion_sort(self, first: int, last: int) -> None:
        sorted_range = np.argsort(-self.keys[first:last], kind="stable") + first
        self.keys[first:last] = self.keys[sorted_range]
        self.order[first:last] = self.order[sorted_range]

    # -- when the depth limit is reached: a heap whose top is the lowest key ----------------------

    def heap_sort(self) -> None:
        """Sort all keys, as `partial_sort` of a whole range does it."""
        self._heap_select(0, len(self.keys), len(self.keys))
        for last in range(len(self.keys) - 1, 0, -1):
            value = self._get(last)
            self._set(last, self._get(0))
            self._adjust_heap(0, 0, last, value)

    def _heap_select(self, first: int, middle: int, last: int) -> None:
        length = middle - first
        for parent in range((length - 2) // 2, -1, -1):
            self._adjust_heap(first, parent, length, self._get(first + parent))
        for place in range(middle, last):
            if self.keys[place] > self.keys[first]:
                value = self._get(place)
                self._set(place, self._get(first))
                self._adjust_heap(first, 0, length, value)

    def _get(self, place: int) -> tuple[np.floating[Any], np.int32]:
        return self.keys[place], self.order[place]

    def _set(self, place: int, value: tuple[np.floating[Any], np.int32]) -> None:
        self.keys[place], self.order[place] = value

    def _adjust_heap(
        self, first: int, hole: int, length: int, value: tuple[np.floating[Any], np.int32]
    ) -> None:
        top = hole
        child = hole
        while child < (length - 1) // 2:
            child = 2 * (child + 1)
            if self.keys[first + child] > self.keys[first + child - 1]:
                child -= 1
            self._set(first + hole, self._get(first + child))
            hole = child
        if length % 2 == 0 and child == (length - 2) // 2:
            child = 2 * (child + 1)
            self._set(first + hole, self._get(first + child - 1))
            hole = child - 1
        self._push_heap(first, hole, top, value)

    def _push_heap(
        self, first: int, hole: int, top: int, value: tuple[np.floating[Any], np.int32]
    ) -> None:
        parent = (hole - 1) // 2
        while hole > top and self.keys[first + parent] > value[0]:
            self._set(first + hole, self._get(first + parent))
            hole = parent
            parent = (hole - 1) // 2
        self._set(first + hole, value)
