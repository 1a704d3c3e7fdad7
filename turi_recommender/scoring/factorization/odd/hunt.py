"""The way of one query with odd numbers: how high the k-th best is, and who can still reach it.

Where many are left, what rounding does to the odd features' own terms is not bounded any more but
computed; or else some k good items are scored exactly, and only the others' rounding counts.
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
from turi_recommender.scoring.factorization.odd.boxes import Boxes
from turi_recommender.scoring.factorization.odd.rounding import Error, Rounding, product_error

Values = NDArray[np.float64]
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
    boxes : Boxes or None
        Computes the odd features' own terms, if nothing stands in the way.

    Attributes
    ----------
    bar : float
        The k-th best score is not below.
    places : ndarray of int64
        Where those stand that can reach it, of all that were looked at.
    """

    def __init__(
        self,
        stored: Stored,
        query: QueryFeatures,
        rounding: Rounding,
        k: int,
        boxes: Boxes | None = None,
    ) -> None:
        self.bar = -np.inf
        self._stored = stored
        self._query = query
        self._rounding = rounding
        self._k = k
        self._boxes = boxes
        self.places = np.empty(0, np.int64)
        self._lower = self._upper = np.empty(0)
        self._sharp = 0  # the first ones' bounds are as close as they get

    def look(self, places: Places, taken: Places) -> None:
        """Estimate the scores of items; raise the bar, and keep those that can reach it.

        Parameters
        ----------
        places : ndarray of int64
            Where they stand; none of them was looked at before.
        taken : ndarray of int
            Places that the query does not want, ascending.
        """
        rounding = self._rounding
        error = rounding.error + product_error(rounding.total)
        estimates, errors = estimates_of(self._stored, places, rounding.total, error)
        estimates += rounding.constant
        if len(taken):
            wanted = ~in_sorted(places, taken)
            places, estimates, errors = places[wanted], estimates[wanted], errors[wanted]
        self.places = np.concatenate([self.places, places])
        self._lower = np.concatenate([self._lower, estimates - errors])
        self._upper = np.concatenate([self._upper, estimates + errors])
        self._raise(self._lower)
        self._drop()

    def is_long(self) -> bool:
        """Whether so many are left that `sharpen` spares work."""
        return len(self.places) - self._sharp > limits.ODD_FEW + 2 * self._k

    def sharpen(self) -> None:
        """Bound the scores of those that are left as closely as it is done for many items."""
        if self._boxes is None:
            self._score_best()
        else:
            self._take_exact_odd_terms(self._boxes)
        self._drop()
        self._sharp = len(self.places)

    def _score_best(self) -> None:
        """Score the k best exactly."""
        if len(self.places) < self._k:
            return
        best = _largest(self._lower + self._upper, self._k)
        items = self._stored.order[self.places[best]].astype(np.int64)
        pairs = Pairs([self._query], np.zeros(len(items), np.int64), items)
        self._lower[best] = self._upper[best] = self._stored.form.scores(pairs)
        self._raise(self._lower)

    def _take_exact_odd_terms(self, boxes: Boxes) -> None:
        """Compute the odd features' own terms exactly, and bound what is left of each score."""
        rounding = self._rounding
        places = self.places[self._sharp :]
        direction = 0.5 * (rounding.total + rounding.rest)
        error = rounding.rest_error + product_error(direction)
        estimates, errors = estimates_of(self._stored, places, direction, error)
        estimates += rounding.rest_constant
        estimates += boxes.of_items(rounding, places)
        lower, upper = self._lower[self._sharp :], self._upper[self._sharp :]
        np.maximum(lower, estimates - errors, out=lower)
        np.minimum(upper, estimates + errors, out=upper)
        self._raise(self._lower)

    def _raise(self, lower: Values) -> None:
        """Raise the bar to the k-th highest of these lower bounds, unless it is higher."""
        if len(lower) >= self._k:
            at = len(lower) - self._k
            self.bar = max(self.bar, float(np.partition(lower, at)[at]))

    def _drop(self) -> None:
        """Drop those that cannot reach the bar."""
        keep = self._upper >= self.bar
        self._sharp = int(keep[: self._sharp].sum())
        self.places = self.places[keep]
        self._lower, self._upper = self._lower[keep], self._upper[keep]


def _largest(values: Values, count: int) -> Places:
    """Return the positions of the `count` largest values."""
    at = len(values) - count
    return np.argpartition(values, at)[at:]


def estimates_of(
    stored: Stored, places: Places, direction: Values, error: Error
) -> tuple[Values, Values]:
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
        What an estimate can be off by, besides the rounding of the items' constants.

    Returns
    -------
    tuple of two ndarray of float64, shape (items,)
    """
    narrow = direction.astype(np.float32)
    if 4 * len(places) > len(stored.order):  # cheaper than to copy most vectors
        products = (stored.vectors @ narrow)[places]
    else:
        products = stored.vectors[places] @ narrow
    constants = stored.constants[places].astype(np.float64)
    errors = error.of(np.sqrt(stored.squares[places]).astype(np.float64))
    errors += np.abs(constants) * (4 * UNIT)
    return products + constants, errors
