"""What computed scores can be off by, and what no score of a block of items can exceed.

The error bound is the standard one for sums of floating-point products in any order, n u sum|a||b|
(Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1), taken generously. By
Cauchy-Schwarz no score exceeds ``constant + |vector| |direction|``.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits

Scores = NDArray[np.float64]

UNIT = 2.0**-24  # unit roundoff of float32
OVERFLOW = 1e36  # a float32 sum of the library stays finite below
_DOUBLE_SLACK = 1e-13  # for the few float64 operations beside them
_UNDERFLOW = 1e-37  # what float32 products can lose below its normal range


class Directions:
    """What queries multiply the items' vectors by, and how far computed scores can be off.

    The bound on the error of one score is ``rate (item's size + query's size)**2``, at most twice
    the sum of their squares; so it splits into a part of the item and one of the query.

    Parameters
    ----------
    totals, sizes : ndarray of float64, shape (queries, K)
        Sums of the features' factors, and of their magnitudes.
    linear : ndarray of float64, shape (queries,)
        Magnitude of all linear terms.
    terms : int
        How many roundings a score can take.

    Attributes
    ----------
    vectors : ndarray of float32, shape (queries, K)
    lengths : ndarray of float64, shape (queries,)
    errors : ndarray of float64, shape (queries,)
        The queries' part of the errors.
    rate : float
        An item's part is this times the square of its size.
    is_sound : bool
        Whether the bounds mean anything: all numbers are finite and within float32.
    """

    def __init__(self, totals: Scores, sizes: Scores, linear: Scores, terms: int) -> None:
        self.rate = 2 * (2 * terms * UNIT + _DOUBLE_SLACK)
        self.vectors = totals.astype(np.float32)
        self.lengths = np.sqrt(np.einsum("ij,ij->i", totals, totals))
        squares = np.einsum("ij,ij->i", sizes, sizes)
        self.errors = self.rate * squares + (_DOUBLE_SLACK * linear + _UNDERFLOW)
        self.is_sound = bool(squares.max() < OVERFLOW)


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
    """

    def __init__(self, constants: Scores, norms: Scores, squares: Scores, typical: float) -> None:
        starts = np.arange(0, len(constants), limits.SEARCH_BLOCK)
        self._levels = [level * typical for level in limits.BOUND_LENGTHS] if typical > 0 else [0.0]
        self._tables = [_suffix_max(constants + level * norms, starts) for level in self._levels]
        self._norms = _suffix_max(norms, starts)
        self._squares = _suffix_max(squares, starts)
        self._slacks = _suffix_max(4 * UNIT * np.abs(constants), starts)
        # The same as Python's numbers, for the one ceiling that most queries need.
        self._scalars = (
            [table.tolist() for table in self._tables],
            self._norms.tolist(),
            self._squares.tolist(),
            self._slacks.tolist(),
        )
        self._arrays = (self._tables, self._norms, self._squares, self._slacks)

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
        tables, norms, squares, slacks = self._scalars
        above, weight = self._level(length)
        ceiling = tables[above - 1][block]
        if above == len(self._levels):
            ceiling += norms[block] * weight
        else:
            ceiling = ceiling * (1.0 - weight) + tables[above][block] * weight
        return float(ceiling + (rate * squares[block] + slacks[block]))

    def ceilings(self, length: float, rate: float) -> Scores:
        """Return the ceilings of all blocks.

        Parameters
        ----------
        length, rate : float
            As for `ceiling`.

        Returns
        -------
        ndarray of float64, shape (blocks,)
            Descending.
        """
        tables, norms, squares, slacks = self._arrays
        above, weight = self._level(length)
        ceilings = tables[above - 1]
        if above == len(self._levels):
            ceilings = ceilings + norms * weight
        else:
            ceilings = ceilings * (1.0 - weight) + tables[above] * weight
        return ceilings + (rate * squares + slacks)

    def _level(self, length: float) -> tuple[int, float]:
        """Return the level above a length, and its weight; above the last, the excess."""
        above = bisect_right(self._levels, length)
        low = self._levels[above - 1]
        if above == len(self._levels):
            return above, length - low
        return above, (length - low) / (self._levels[above] - low)


def _suffix_max(values: Scores, starts: NDArray[np.int64]) -> Scores:
    """Return, for each block, the largest value from it on."""
    if len(values) == 0:
        return np.zeros(1)
    maxima = np.maximum.reduceat(values, starts)
    return np.ascontiguousarray(np.maximum.accumulate(maxima[::-1])[::-1])
