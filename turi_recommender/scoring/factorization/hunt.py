"""The way of one query with odd numbers: what is known of the k-th best, and who can still reach it.

Some k good items are scored exactly as soon as that spares others: then only the others' rounding
counts, and not that of the k-th best as well.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits
from turi_recommender.scoring.candidates import in_sorted
from turi_recommender.scoring.factorization.bounds import UNIT
from turi_recommender.scoring.factorization.exact import MachineForm, Pairs
from turi_recommender.scoring.factorization.features import QueryFeatures
from turi_recommender.scoring.factorization.rounding import Error, Rounding, product_error

Values = NDArray[np.float64]
Estimates = NDArray[np.float32]
Places = NDArray[np.int64]


class Stored(NamedTuple):
    """The items in the order of the search.

    Attributes
    ----------
    order : ndarray of int32, shape (items,)
        Index of the item at each place.
    vectors : ndarray of float32, shape (items, K)
    constants, squares : ndarray of float32, shape (items,)
        Constant of each item, and square of its size (`Folded`).
    form : MachineForm
        How items are scored exactly.
    """

    order: NDArray[np.int32]
    vectors: NDArray[np.float32]
    constants: NDArray[np.float32]
    squares: NDArray[np.float32]
    form: MachineForm


class Hunt:
    """The way of one query.

    Parameters
    ----------
    stored : Stored
        The items.
    query : QueryFeatures
        With an odd feature.
    rounding : Rounding
        The same as real numbers.
    k : int
        How many are wanted.

    Attributes
    ----------
    bar : float
        The k-th best score is not below.
    """

    def __init__(self, stored: Stored, query: QueryFeatures, rounding: Rounding, k: int) -> None:
        self.bar = -np.inf
        self._stored = stored
        self._query = query
        self._k = k
        self._constant = rounding.constant
        self._direction = rounding.total
        self._error = rounding.error + product_error(rounding.total)
        self._is_settled = False
        self._places = np.empty(0, np.int64)
        self._estimates = np.empty(0, np.float32)
        self._errors = np.empty(0, np.float32)

    def look(self, places: Places, taken: Places) -> None:
        """Estimate the scores of items; raise the bar, and keep those that can reach it.

        Parameters
        ----------
        places : ndarray of int64
            Where they stand; none of them was looked at before.
        taken : ndarray of int
            Places that the query does not want, ascending.
        """
        estimates, errors = estimates_of(self._stored, places, self._direction, self._error)
        if len(taken):
            wanted = ~in_sorted(places, taken)
            places, estimates, errors = places[wanted], estimates[wanted], errors[wanted]
        lower = estimates - errors
        if len(self._places):
            lower = np.concatenate([lower, self._estimates - self._errors])
        self.raise_bar(lower.astype(np.float64) + (self._constant - self._error.constant))
        keep = np.flatnonzero(estimates + errors >= self._least())
        self._places = np.concatenate([self._places, places[keep]])
        self._estimates = np.concatenate([self._estimates, estimates[keep]])
        self._errors = np.concatenate([self._errors, errors[keep]])

    def raise_bar(self, lower: Values) -> None:
        """Raise the bar to the k-th highest of these lower bounds on scores, if it is lower."""
        if len(lower) >= self._k:
            at = len(lower) - self._k
            self.bar = max(self.bar, float(np.partition(lower, at)[at]))

    def _least(self) -> np.float32:
        """Return what an estimate with its error has to reach, rounded down."""
        least = np.float32(self.bar - self._constant - self._error.constant)
        return np.nextafter(least, np.float32(-np.inf))

    def settle(self) -> None:
        """Score the k best of those that were looked at; so the bar is as high as these allow."""
        self._is_settled = True
        if len(self._places) < self._k:
            return
        at = len(self._places) - self._k
        best = np.argpartition(self._estimates, at)[at:]
        items = self._stored.order[self._places[best]].astype(np.int64)
        pairs = Pairs([self._query], np.zeros(len(items), np.int64), items)
        least = float(self._stored.form.scores(pairs).min())
        if least > self.bar:  # false of a score that is none
            self.bar = least

    def found(self) -> Places:
        """Return the places of those that can reach the bar."""
        keep = self._estimates + self._errors >= self._least()
        if not self._is_settled and int(keep.sum()) > limits.ODD_FEW + 2 * self._k:
            self.settle()
            keep = self._estimates + self._errors >= self._least()
        return self._places[keep]


def estimates_of(
    stored: Stored, places: Places, direction: Values, error: Error
) -> tuple[Estimates, Estimates]:
    """Return estimates of scores without the query's constant, and what they can be off by.

    Parameters
    ----------
    stored : Stored
        The items.
    places : ndarray of int64
        Which of them.
    direction : ndarray of float64, shape (K,)
        What their vectors are multiplied with.
    error : Error
        Its constant is left out here.

    Returns
    -------
    tuple of two ndarray of float32, shape (items,)
    """
    narrow = direction.astype(np.float32)
    if 4 * len(places) > len(stored.order):  # cheaper than to copy most vectors
        estimates = (stored.vectors @ narrow)[places]
    else:
        estimates = stored.vectors[places] @ narrow
    constants = stored.constants[places]
    estimates += constants
    sizes = np.sqrt(stored.squares[places])
    errors = sizes * np.float32(error.curve)
    errors += np.float32(error.slope)
    errors *= sizes
    errors += np.abs(constants) * np.float32(4 * UNIT)
    return estimates, errors

