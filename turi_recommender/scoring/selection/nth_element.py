"""`std::nth_element` of GNU libstdc++, element for element.

Similar items are chosen by this algorithm, and more than ten items to recommend. It alone decides
which of several equal scores are among the best; the sort that follows decides in which order they
stand.

Source: docs/format.md, section 7.6 c; the algorithm is Musser's introselect (Software: Practice
and Experience 27, 1997) with the median of three of libstdc++.
"""

from __future__ import annotations

from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits
from turi_recommender.scoring.selection.introsort import STABLE_UP_TO, sort_like_library
from turi_recommender.scoring.selection.partition import Movable, partition_few

Scores = NDArray[np.float64]
Positions = NDArray[np.int64]

_SMALL = 3


def best_by_nth_element(scores: Scores, k: int) -> Positions:
    """Return the first k positions after ``nth_element(scores, k)``, sorted as ``sort`` does it.

    Parameters
    ----------
    scores : ndarray of float64, shape (n,)
        Free of NaN.
    k : int
        At least 1. If there are no more than `k` scores, all are sorted.

    Returns
    -------
    ndarray of int64, shape (min(k, n),)
    """
    order = _chosen(scores, k)
    left = scores[order]
    if len(order) > STABLE_UP_TO:
        return np.array(order, np.int64)[sort_like_library(left)]
    ranked = sorted(zip(left.tolist(), order, strict=True), key=itemgetter(0), reverse=True)
    return np.array([place for _, place in ranked], np.int64)


def _chosen(scores: Scores, k: int) -> list[int]:
    """Return the first k positions as the selection leaves them."""
    places = list(range(len(scores))) if len(scores) <= max(limits.NTH_ELEMENT_FEW, k) else []
    if k >= len(scores):
        return places
    if len(scores) <= limits.NTH_ELEMENT_FEW and _run_few(scores.tolist(), places, k):
        return places[:k]
    return NthElement(scores).run(k)[:k].tolist()  # type: ignore[no-any-return]


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
        cut = partition_few(keys, order, first, last)
        if cut <= nth:
            first = cut
        else:
            last = cut
    ranked = sorted(range(first, last), key=keys.__getitem__, reverse=True)
    order[first:last] = [order[place] for place in ranked]
    return True


class NthElement(Movable):
    """State of one selection."""

    def run(self, nth: int) -> NDArray[np.int32]:
        """Select, and return the order of all positions that the selection leaves."""
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
