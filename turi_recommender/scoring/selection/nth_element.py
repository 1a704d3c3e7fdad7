"""`std::nth_element` of GNU libstdc++, element for element.

Similar items are chosen by this algorithm, and it alone decides which of several equal scores are
among the best, and in which order they stand. The partition is vectorised: where its two pointers
stop is known beforehand, so all exchanges happen at once.

Source: docs/format.md, section 7.6 c; the algorithm is Musser's introselect (Software: Practice
and Experience 27, 1997) with the median of three of libstdc++.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits

Scores = NDArray[np.float64]
Positions = NDArray[np.int64]

_SMALL = 3


def best_by_nth_element(scores: Scores, k: int) -> Positions:
    """Return the first k positions after ``nth_element(scores, k)``, sorted descending and stably.

    Parameters
    ----------
    scores : ndarray of float64, shape (n,)
        Free of NaN.
    k : int
        At most 16, so that the final sort is an insertion sort, which is stable.

    Returns
    -------
    ndarray of int64, shape (min(k, n),)
    """
    order = list(range(len(scores)))
    keys = scores.tolist()
    if k < len(keys):
        few = _run_few(list(keys), order, k) if len(keys) <= limits.NTH_ELEMENT_FEW else False
        if not few:
            order = _NthElement(scores).run(k)[:k].tolist()
        del order[k:]
    order.sort(key=keys.__getitem__, reverse=True)
    return np.array(order, np.int64)


def _run_few(keys: list[float], order: list[int], nth: int) -> bool:
    """Run the algorithm on short lists, in place; False at the depth limit, half done.

    It is the textbook's, pointer by pointer, and faster than numpy where a call costs more than the
    numbers do.
    """
    first, last = 0, len(keys)
    depth = 2 * (last.bit_length() - 1)
    while last - first > _SMALL:
        if depth == 0:
            return False
        depth -= 1
        cut = _partition_few(keys, order, first, last)
        if cut <= nth:
            first = cut
        else:
            last = cut
    ranked = sorted(range(first, last), key=keys.__getitem__, reverse=True)
    order[first:last] = [order[place] for place in ranked]
    return True


def _partition_few(keys: list[float], order: list[int], first: int, last: int) -> int:
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


class _NthElement:
    """State of one selection: keys and their original positions move together."""

    def __init__(self, scores: Scores) -> None:
        self.keys = scores.copy()
        self.order = np.arange(len(scores))

    def run(self, nth: int) -> Positions:
        first, last = 0, len(self.keys)
        depth = 2 * (last.bit_length() - 1)
        while last - first > _SMALL:
            if depth == 0:
                self._heap_select(first, nth + 1, last)
                self._swap(first, nth)
                return self.order
            depth -= 1
            cut = self._partition_around_median(first, last)
            if cut <= nth:
                first = cut
            else:
                last = cut
        self._insertion_sort(first, last)
        return self.order

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

    def _partition(self, first: int, last: int, pivot: np.float64) -> int:
        """Hoare partition of [first, last); the i-th stop from each side is exchanged."""
        keys = self.keys[first:last]
        left = np.flatnonzero(keys <= pivot)
        right = np.flatnonzero(keys >= pivot)[::-1]
        pairs = min(len(left), len(right))
        crossed = np.flatnonzero(left[:pairs] >= right[:pairs])
        count = int(crossed[0]) if len(crossed) else pairs
        ups, downs = left[:count] + first, right[:count] + first
        for array in (self.keys, self.order):
            array[ups], array[downs] = array[downs], array[ups]
        # The left pointer stops at its next stop, or at the last element exchanged to the right.
        stops = [int(left[count])] if count < len(left) else []
        if count:
            stops.append(int(right[count - 1]))
        return first + min(stops)

    def _insertion_sort(self, first: int, last: int) -> None:
        sorted_range = np.argsort(-self.keys[first:last], kind="stable") + first
        self.keys[first:last] = self.keys[sorted_range]
        self.order[first:last] = self.order[sorted_range]

    # -- when the depth limit is reached: selection by a heap whose top is the lowest key ---------

    def _heap_select(self, first: int, middle: int, last: int) -> None:
        length = middle - first
        for parent in range((length - 2) // 2, -1, -1):
            self._adjust_heap(first, parent, length, self._get(first + parent))
        for place in range(middle, last):
            if self.keys[place] > self.keys[first]:
                value = self._get(place)
                self._set(place, self._get(first))
                self._adjust_heap(first, 0, length, value)

    def _get(self, place: int) -> tuple[np.float64, np.int64]:
        return self.keys[place], self.order[place]

    def _set(self, place: int, value: tuple[np.float64, np.int64]) -> None:
        self.keys[place], self.order[place] = value

    def _adjust_heap(
        self, first: int, hole: int, length: int, value: tuple[np.float64, np.int64]
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
        self, first: int, hole: int, top: int, value: tuple[np.float64, np.int64]
    ) -> None:
        parent = (hole - 1) // 2
        while hole > top and self.keys[first + parent] > value[0]:
            self._set(first + hole, self._get(first + parent))
            hole = parent
            parent = (hole - 1) // 2
        self._set(first + hole, value)
