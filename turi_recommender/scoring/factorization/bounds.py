"""What computed scores can be off by, and what no score of a block of items can exceed.

The error bound is the standard one for sums of floating-point products in any order, n u sum|a||b|
(Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1), taken generously. By
Cauchy-Schwarz no score exceeds ``constant + |vector| |direction|``.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits

Scores = NDArray[np.float64]
Vectors = NDArray[np.float32]

UNIT = 2.0**-24  # unit roundoff of float32
LOWEST = np.finfo(np.float32).min
OVERFLOW = 1e36  # a float32 sum of the library stays finite below
_DOUBLE_SLACK = 1e-13  # for the few float64 operations beside them
_UNDERFLOW = 1e-37  # what float32 products can lose below its normal range


class Directions:
    """What queries multiply the items' vectors by, and how far computed scores can be off.

    The bound on the error of one score is ``rate (item's size + query's size)**2``, at most twice
    the sum of their squares; so it splits into a part of the item and one of the query.

    Parameters
    ----------
    vectors : ndarray of float32, shape (queries, K)
        Sums of the features' factors.
    lengths : ndarray of float64, shape (queries,)
        Their lengths, or more.
    sizes : ndarray of float64, shape (queries,)
        Lengths of the sums of the factors' magnitudes, or more.
    linear : ndarray of float64, shape (queries,)
        Magnitude of all linear terms.
    terms : int
        How many roundings a score can take.

    Attributes
    ----------
    errors : ndarray of float64, shape (queries,)
        The queries' part of the errors.
    rate : float
        An item's part is this times the square of its size.
    is_sound : ndarray of bool, shape (queries,)
        Whether the bounds mean anything: all numbers are finite and within float32.
    """

    def __init__(
        self, vectors: Vectors, lengths: Scores, sizes: Scores, linear: Scores, terms: int
    ) -> None:
        self.vectors = vectors
        self.lengths = lengths
        self.rate = error_rate(terms)
        squares = sizes * sizes
        self.errors = self.rate * squares + (_DOUBLE_SLACK * linear + _UNDERFLOW)
        self.is_sound = (squares < OVERFLOW) & np.isfinite(self.errors)

    @classmethod
    def of_sums(cls, totals: Scores, magnitudes: Scores, linear: Scores, terms: int) -> Directions:
        """Make them of sums in float64.

        Parameters
        ----------
        totals, magnitudes : ndarray of float64, shape (queries, K)
            Sums of the features' factors, and of their magnitudes.
        linear, terms
            As for the class.
        """
        return cls(totals.astype(np.float32), _lengths(totals), _lengths(magnitudes), linear, terms)

    @classmethod
    def beside(
        cls, users: Sequence[Vectors], sizes: Sequence[float], linear: Scores, terms: int
    ) -> Directions:
        """Make them of users' own factors, where the other features are part of the items.

        Parameters
        ----------
        users : sequence of ndarray of float32, shape (K,)
            The users' factors; zeros for users without.
        sizes : sequence of float
            Length of the sum of the other features' magnitudes of each query.
        linear, terms
            As for the class.
        """
        more = 1.0 + terms * UNIT  # than a product in float32 can be too small by
        lengths = np.array([math.sqrt(user @ user) * more for user in users])
        return cls(np.array(users), lengths, lengths + sizes, linear, terms)

    def some(self, places: Sequence[int]) -> Directions:
        """Return some of the queries."""
        if len(places) == len(self.vectors):
            return self
        part = copy(self)
        part.vectors, part.lengths = self.vectors[places], self.lengths[places]
        part.errors, part.is_sound = self.errors[places], self.is_sound[places]
        return part


def error_rate(terms: int) -> float:
    """Return what the square of an item's size is multiplied by to bound its part of the errors.

    Parameters
    ----------
    terms : int
        How many roundings a score can take.
    """
    return 2 * (2 * terms * UNIT + _DOUBLE_SLACK)


def rounded_down(bounds: Scores) -> Vectors:
    """Return numbers that float32 numbers are compared with: rounded down, so that none is lost."""
    return np.nextafter(bounds.astype(np.float32), np.float32(-np.inf))


def _lengths(rows: Scores) -> Scores:
    lengths: Scores = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return lengths


class BlockBounds:
    """What no score of a block, or of any block after it, can exceed.

    The largest ``constant + norm * length`` of the items from a block on is a convex function of
    the direction's length. It is kept at some lengths; between two of them it lies below the
    chord.

    Parameters
    ----------
    constants, norms, squares : ndarray of float64, shape (items,)
        Each item's constant, the length of its vector, and the square of its size, in the order of
        the search.
    typical : float
        Length of a usual query's vector; the lengths that are kept are multiples of it.
    size : int
        Items of a block.
    """

    def __init__(
        self, constants: Scores, norms: Scores, squares: Scores, typical: float, size: int
    ) -> None:
        self.size = size
        starts = np.arange(0, len(constants), size)
        self._levels = [level * typical for level in limits.BOUND_LENGTHS] if typical > 0 else [0.0]
        self._tables = [_suffix_max(constants + level * norms, starts) for level in self._levels]
        self._norms = _suffix_max(norms, starts)
        self._squares = _suffix_max(squares, starts)
        self._slacks = _suffix_max(4 * UNIT * np.abs(constants), starts)

    def __len__(self) -> int:
        return len(self._norms)

    def ceiling(self, length: float, rate: float, block: int) -> float:
        """Return the ceiling of one block.

        Parameters
        ----------
        length : float
            Length of the query's vector.
        rate : float
            What the items' part of the error is a multiple of (`Directions.rate`).
        block : int
            Number of the block.
        """
        above, weight = chord_of(self._levels, length)
        ceiling = self._tables[above - 1][block]
        if above == len(self._levels):
            ceiling += self._norms[block] * weight
        else:
            ceiling = ceiling * (1.0 - weight) + self._tables[above][block] * weight
        return ceiling + (rate * self._squares[block] + self._slacks[block])

    def slope(self, block: int) -> float:
        """Return the length of the longest vector from a block on."""
        return self._norms[block]


def chord_of(lengths: Sequence[float], length: float) -> tuple[int, float]:
    """Return between which lengths one lies: the chord of a convex function there bounds it.

    Parameters
    ----------
    lengths : sequence of float
        At these the function is known; ascending, from 0.
    length : float
        At least 0.

    Returns
    -------
    above : int
        Position of the first greater one; their number beyond the last.
    weight : float
        How much of the function's value there counts beside that before it; beyond the last length,
        by how much this one exceeds it.
    """
    above = bisect_right(lengths, length)
    low = lengths[above - 1]
    if above == len(lengths):
        return above, length - low
    return above, (length - low) / (lengths[above] - low)


def _suffix_max(values: Scores, starts: NDArray[np.int64]) -> list[float]:
    """Return, for each block, the largest value from it on, as Python's numbers."""
    if len(values) == 0:
        return [0.0]
    maxima = np.maximum.reduceat(values, starts)
    highest: list[float] = np.maximum.accumulate(maxima[::-1])[::-1].tolist()
    return highest
