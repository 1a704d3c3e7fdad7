"""The library's choice among scores of which estimates are known.

`nth_element` compares each score with one at a time, its pivot. Most are so far from it that their
estimates tell the outcome; the few others are computed before they are compared. So the outcome is
that of all exact scores.
"""

from __future__ import annotations

from collections.abc import Callable

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
        Takes ascending positions, and returns their scores, which are no NaN.
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
        super().__init__(estimates.astype(np.float64))
        self._error = error
        self._exact = exact
        self._is_exact = np.zeros(len(estimates), np.bool_)  # by original position
        self._settle(np.flatnonzero(np.isnan(self.keys)))

    def best(self, k: int) -> tuple[Positions, Scores]:
        """Return the best `k` as the library leaves and then sorts them, and their scores."""
        self.run(k)
        self._settle(np.arange(k))
        ranked = np.argsort(-self.keys[:k], kind="stable")
        return self.order[ranked], self.keys[ranked]

    def _settle(self, at: Positions) -> None:
        """Make the keys at these places exact."""
        at = at[~self._is_exact[self.order[at]]]
        if len(at) == 0:
            return
        at = at[np.argsort(self.order[at])]
        places = self.order[at]
        self.keys[at] = self._exact(places)
        self._is_exact[places] = True

    def _move_median_to_first(self, first: int, a: int, b: int, c: int) -> None:
        self._settle(np.array([a, b, c]))
        super()._move_median_to_first(first, a, b, c)

    def _partition(self, first: int, last: int, pivot: np.float64) -> int:
        keys = self.keys[first:last]
        near = np.flatnonzero((keys >= pivot - self._error) & (keys <= pivot + self._error))
        # Where many are near each pivot, or few are left, all at once spare the next rounds.
        at_once = len(near) * _ROUNDS > last - first or last - first <= _FEW
        self._settle(np.arange(first, last) if at_once else near + first)
        return super()._partition(first, last, pivot)

    def _insertion_sort(self, first: int, last: int) -> None:
        self._settle(np.arange(first, last))
        super()._insertion_sort(first, last)

    def _heap_select(self, first: int, middle: int, last: int) -> None:
        self._settle(np.arange(first, last))
        super()._heap_select(first, middle, last)
