"""The library's choice among scores of which estimates are known.

`nth_element` compares each score with one at a time, its pivot. Most are so far from it that their
estimates tell the outcome; the few others are computed before they are compared. So the outcome is
that of all exact scores.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring.selection.nth_element import NthElement

Scores = NDArray[np.float64]
Positions = NDArray[np.int64]

_ROUNDS = 16  # so many times the scores near one pivot are settled at most
_FEW = 512  # so many scores take no longer at once than those near the next few pivots


def best_of_estimates(
    estimates: NDArray[np.float32], error: float, exact: Callable[[Positions], Scores], k: int
) -> tuple[Positions, Scores]:
    """Return what `best_by_nth_element` chooses among the exact scores, and these.

    Parameters
    ----------
    estimates : ndarray of float32, shape (n,)
        Of the scores; NaN where nothing is known.
    error : float
        How far an estimate can be from its score.
    exact : callable
        Takes ascending positions, and returns their scores: none is NaN, and each is a number that
        float32 can hold, as the library's cosines are.
    k : int
        At least 1, less than n, and no more than 16: so many the library sorts stably.

    Returns
    -------
    best : ndarray of int64, shape (k,)
        Positions, the best first.
    scores : ndarray of float64, shape (k,)
    """
    return _Estimated(estimates, error, exact).best(k)


class _Estimated(NthElement):
    """State of one selection, whose keys are made exact before they decide."""

    def __init__(
        self,
        estimates: NDArray[np.float32],
        error: float,
        exact: Callable[[Positions], Scores],
    ) -> None:
        super().__init__(estimates)
        self._error = error
        self._exact = exact
        self._is_exact = np.zeros(len(estimates), np.bool_)  # by original position
        self._settle(np.flatnonzero(np.isnan(self.keys)))

    def best(self, k: int) -> tuple[Positions, Scores]:
        """Return the best `k` as the library leaves and then sorts them, and their scores."""
        self.run(k)
        self._settle(np.arange(k))
        ranked = np.argsort(-self.keys[:k], kind="stable")
        return self.order[ranked].astype(np.int64), self.keys[ranked].astype(np.float64)

    def _settle(self, at: Positions) -> None:
        """Make the keys at these places exact."""
        at = at[~self._is_exact[self.order[at]]]
        if len(at) == 0:
            return
        at = at[np.argsort(self.order[at])]
        places = self.order[at].astype(np.int64)
        self.keys[at] = self._exact(places)
        self._is_exact[places] = True

    def _move_median_to_first(self, first: int, a: int, b: int, c: int) -> None:
        low, middle, high = sorted(self.keys[[a, b, c]].tolist())
        if min(middle - low, high - middle) <= 2 * self._error:
            self._settle(np.array([a, b, c]))
        super()._move_median_to_first(first, a, b, c)

    def _partition(self, first: int, last: int, pivot: np.floating[Any]) -> int:
        low, high = _around(float(pivot), 2 * self._error)
        keys = self.keys[first:last]
        near = np.flatnonzero((keys >= low) & (keys <= high))
        # Where many are near each pivot, or few are left, all at once spare the next rounds.
        at_once = len(near) * _ROUNDS > last - first or last - first <= _FEW
        places = np.arange(first, last) if at_once else near + first
        self._settle(np.append(places, first - 1))  # the pivot stands before the others
        return super()._partition(first, last, self.keys[first - 1])

    def _insertion_sort(self, first: int, last: int) -> None:
        self._settle(np.arange(first, last))
        super()._insertion_sort(first, last)

    def _heap_select(self, first: int, middle: int, last: int) -> None:
        self._settle(np.arange(first, last))
        super()._heap_select(first, middle, last)


def _around(pivot: float, apart: float) -> tuple[np.float32, np.float32]:
    """Return numbers of float32 that are at least so far below and above a pivot."""
    low, high = np.float32(pivot - apart), np.float32(pivot + apart)
    return np.nextafter(low, np.float32(-np.inf)), np.nextafter(high, np.float32(np.inf))
