"""`std::sort` of GNU libstdc++, element for element.

It is not stable: in ranges of more than 16, equal scores are left in an order that follows from
the partitions alone. Only these matter here, so ranges without equal scores are sorted anyhow.

Source: docs/format.md, section 7.6 c; the algorithm is Musser's introsort (Software: Practice and
Experience 27, 1997) with the median of three of libstdc++.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits
from turi_recommender.scoring.selection.partition import Movable, partition_few

Scores = NDArray[np.float64]
Positions = NDArray[np.int64]

STABLE_UP_TO = 16
"""Ranges of so many are left to the insertion sort at the end, which is stable."""


def sort_like_library(scores: Scores) -> Positions:
    """Return the positions of all scores, in the order in which ``sort`` leaves them.

    Parameters
    ----------
    scores : ndarray of float64, shape (n,)
        Free of NaN. They are sorted descending; negate them for the ascending order.

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    stable = np.argsort(-scores, kind="stable")
    if len(scores) <= STABLE_UP_TO:
        return stable
    ranked = scores[stable]
    if (ranked[1:] < ranked[:-1]).all():
        return stable
    return _Sort(scores).run()


class _Sort(Movable):
    """State of one sort."""

    def run(self) -> Positions:
        count = len(self.keys)
        waiting = [(0, count, 2 * (count.bit_length() - 1))]
        while waiting:
            first, last, depth = waiting.pop()
            while last - first > limits.NTH_ELEMENT_FEW and depth > 0:
                depth -= 1
                cut = self._partition_around_median(first, last)
                waiting.append((cut, last, depth))
                last = cut
            self._run_few(first, last, depth)
        self._insertion_sort(0, count)
        return self.order.astype(np.int64)

    def _run_few(self, first: int, last: int, depth: int) -> None:
        """Go on with a short range, or with one at the depth limit, in lists of Python."""
        keys, order = self.keys[first:last].tolist(), self.order[first:last].tolist()
        waiting = [(0, last - first, depth)]
        while waiting:
            low, high, depth = waiting.pop()
            while high - low > STABLE_UP_TO and len(set(keys[low:high])) < high - low:
                if depth == 0:
                    self._heap_sort(keys, order, low, high)
                    break
                depth -= 1
                cut = partition_few(keys, order, low, high)
                waiting.append((cut, high, depth))
                high = cut
        self.keys[first:last], self.order[first:last] = keys, order

    @staticmethod
    def _heap_sort(keys: list[float], order: list[int], low: int, high: int) -> None:
        heap = Movable(np.array(keys[low:high]))
        heap.heap_sort()
        keys[low:high] = heap.keys.tolist()
        order[low:high] = [order[low + place] for place in heap.order.tolist()]
