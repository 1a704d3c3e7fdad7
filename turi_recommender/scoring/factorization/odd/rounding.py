"""How far the library's own sums for a query can be from real numbers, term by term.

The bound of `bounds` is made for usual queries: it charges every rounding with the largest numbers
there are. With a number far outside the trained range it exceeds what scores differ by, though most
roundings happen elsewhere. Here each rounding is charged with the numbers that it rounds, in the
order of `exact`. What is rounded alike for all items counts as known: the squared lengths of the
query's features.

Source: docs/format.md, section 7.4; Higham, Accuracy and Stability of Numerical Algorithms, 2nd
ed., section 3.1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization import float32
from turi_recommender.scoring.factorization.bounds import OVERFLOW, UNIT
from turi_recommender.scoring.factorization.features import QueryFeatures

Vector = NDArray[np.float64]

_SECOND_ORDER = 1.02  # products of roundings, and the float64 operations here
_UNDERFLOW = 1e-36
_DOUBLE_UNIT = 2.0**-53
_LANES = 4


@dataclass(frozen=True, slots=True)
class Error:
    """What a score can be off by: ``constant + slope * size + curve * size**2`` of an item's size.

    Attributes
    ----------
    constant, slope, curve : float
    """

    constant: float
    slope: float
    curve: float

    def __add__(self, other: Error) -> Error:
        """Return the error of a sum."""
        constant = self.constant + other.constant
        return Error(constant, self.slope + other.slope, self.curve + other.curve)

    def of(self, sizes: Vector) -> Vector:
        """Return the error of items of these sizes (`Folded.sizes`), shape (n,)."""
        return self.constant + sizes * (self.slope + sizes * self.curve)


class Rounding:
    """A query as real numbers, and what its scores can be off by.

    Parameters
    ----------
    query : QueryFeatures
        All of its features interact.
    max_side : int
        The largest number of side features of one item.
    intercept : float
        Of the model.
    item_linear : float
        The largest magnitude of an item's linear terms.

    Attributes
    ----------
    rows : ndarray of float32, shape (features, K)
        Factors of the user, if known, then of the others.
    has_user : bool
        Whether the first of these is the user.
    odd : ndarray of bool, shape (features,)
        Which features are odd.
    squares : ndarray of float32, shape (features,)
        Squared length of each, as the library computes it.
    total : ndarray of float64, shape (K,)
        Sum of the factors.
    rest : ndarray of float64, shape (K,)
        That of the features that are not odd.
    constant : float
        A score in real numbers is this, plus the item's constant, plus its vector times `total`.
    """

    def __init__(
        self, query: QueryFeatures, max_side: int, intercept: float, item_linear: float
    ) -> None:
        others = query.others
        users = [] if query.user is None else [query.user]
        stacked = [user.factors[np.newaxis] for user in users]
        self.rows: NDArray[np.float32] = np.concatenate([*stacked, others.stacked.T])
        self.has_user = len(users) > 0
        self.odd = np.zeros(len(self.rows), np.bool_)
        self.odd[[place + len(users) for place in others.odd]] = True
        self.squares = float32.square_norm(self.rows)
        self._rows = self.rows.astype(np.float64)
        self._magnitudes = np.abs(self._rows)
        self._prefixes = self._rows.cumsum(axis=0)
        self.total: Vector = self._prefixes[-1]
        self.rest: Vector = self._rows[~self.odd].sum(axis=0)
        linear = [intercept, *(user.linear for user in users), *others.linear]
        # Twice what each feature adds by itself.
        self._alone = self._rows @ self.total - self.squares
        self._linear = sum(linear)
        self.constant = self._linear + 0.5 * float(self._alone.sum())
        self._adds = len(self.rows) + max_side
        # Each element of the sum of all factors is rounded at each addition.
        self._absolute = np.abs(self.total)
        self._added = UNIT * (np.abs(self._prefixes).sum(axis=0) + max_side * self._absolute)
        largest = sum(map(abs, linear)) + item_linear
        self._linear_error = 2 * (self._adds + 4) * _DOUBLE_UNIT * largest

    @property
    def is_finite(self) -> bool:
        """Whether some item can have a score: none has where a feature's square is not finite."""
        return bool(np.isfinite(self.squares).all())

    @property
    def is_sound(self) -> bool:
        """Whether the bounds mean anything: numbers are within float32, and additions are few."""
        sizes = self._magnitudes.sum(axis=0)
        is_small = bool(sizes @ sizes < OVERFLOW) and math.isfinite(self._linear_error)
        return is_small and self._adds <= 2 * limits.SEARCHED_FEATURES

    @cached_property
    def error(self) -> Error:
        """How far a score is from the one in real numbers."""
        return self._error(self._absolute, self._magnitudes.sum(axis=0), self._alone)

    @cached_property
    def rest_error(self) -> Error:
        """The same without the odd features' own terms, whatever these are."""
        sizes = self._magnitudes[~self.odd].sum(axis=0)
        return self._error(np.abs(self.rest), sizes, self._alone[~self.odd])

    @property
    def rest_constant(self) -> float:
        """As `constant`, without the odd features' own terms."""
        return self._linear + 0.5 * float(self._alone[~self.odd].sum())

    def _error(self, signed: Vector, sizes: Vector, alone: Vector) -> Error:
        """Return the error of the terms of some features of the query, and of those of the item.

        Parameters
        ----------
        signed, sizes : ndarray of float64, shape (K,)
            Magnitude of the sum of these features' factors, and sum of their magnitudes.
        alone : ndarray of float64, shape (features,)
            Twice what each of them adds by itself.
        """
        depth = _depth(len(signed)) * UNIT
        constant = self._added @ signed + depth * ((self._absolute + self._added) @ sizes)
        constant += UNIT * np.abs(alone).sum()
        slope = _length(self._added) + UNIT * self._adds * _length(signed)
        slope += (depth + UNIT) * (_length(sizes) + _length(self._absolute))
        curve = UNIT * self._adds + 3 * (depth + UNIT)
        half = 0.5 * _SECOND_ORDER
        fixed = self._linear_error + _UNDERFLOW
        return Error(float(half * constant) + fixed, half * slope, half * curve)


def product_error(direction: Vector) -> Error:
    """Return how far float32 products of items with a direction are from real ones, at most."""
    return Error(_UNDERFLOW, (len(direction) + 6) * UNIT * _length(direction), 0.0)


def _depth(width: int) -> int:
    """Return how many roundings a product takes part in, in `float32.dot_columns`."""
    groups = width // _LANES
    pairs = groups // 2
    return 1 + (pairs + groups % 2 if pairs else 0) + (2 if groups else 0) + width % _LANES


def _length(vector: Vector) -> float:
    return math.sqrt(vector @ vector)
