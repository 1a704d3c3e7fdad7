"""Estimate all cosines with one vector, before the exact ones of the few that matter.

A float32 product gives the estimates. A vector whose estimate is lower than the k-th best by more
than both can be off is not among the best k.

Source: the error of an inner product in any order, N. J. Higham, Accuracy and Stability of
Numerical Algorithms (2002), section 3.1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring.factorization.bounds import UNIT
from turi_recommender.scoring.selection.topk import kth_largest

Places = NDArray[np.int64]
Vector = NDArray[np.float32]

_SAFE_LENGTHS = (1e-12, 1e12)


class CosineFilter:
    """Estimates of the cosines between vectors.

    Parameters
    ----------
    lengths : ndarray of float32, shape (n,)
        Length of each vector, as the library computes it.
    width : int
        K, the number of their elements.

    Attributes
    ----------
    lengths : ndarray of float32, shape (n,)
        As given.
    error : float
        How far an estimate is from the library's own cosine, at most.
    """

    def __init__(self, lengths: Vector, width: int) -> None:
        self.lengths = lengths
        # Where a square could overflow or lose digits, nothing is known.
        safe = (lengths > _SAFE_LENGTHS[0]) & (lengths < _SAFE_LENGTHS[1])
        self._unsure = np.flatnonzero(~safe)
        # Divided by no length, no product is a number, and the library's cosine is -1.
        is_zero = lengths[self._unsure] == 0
        self._zero, self._unknown = self._unsure[is_zero], self._unsure[~is_zero]
        # Of a product in any order, of the library's, and of the few operations around them.
        self.error = 2 * (width + 16) * UNIT

    def is_unsure(self, place: int) -> bool:
        """Tell whether nothing is known of the cosines with the vector at a place."""
        return bool(self._unsure.searchsorted(place, "right") > self._unsure.searchsorted(place))

    def direction(self, vector: Vector, place: int) -> Vector:
        """Return the vector at a place, shape (K,), divided by its length."""
        return vector / self.lengths[place] if not self.is_unsure(place) else vector

    def scale(self, products: Vector, low: int) -> None:
        """Make estimates of inner products with a direction, in place.

        Parameters
        ----------
        products : ndarray of float32, shape (m,)
            Of the m vectors from place `low` on.
        low : int
            Place of the first of them.
        """
        with np.errstate(all="ignore"):  # what comes of unsafe lengths is left out
            products /= self.lengths[low : low + len(products)]

    def finish(self, estimates: Vector, place: int) -> Vector:
        """Return the estimates, with NaN wherever nothing is known.

        Parameters
        ----------
        estimates : ndarray of float32, shape (n,)
            Of all vectors; they are changed in place.
        place : int
            The one that all were multiplied with.
        """
        if self.is_unsure(place):
            estimates[:] = np.nan
        else:
            estimates[self._unknown] = np.nan
            estimates[self._zero] = -1.0
        return estimates

    def survivors(self, estimates: Vector, k: int) -> Places:
        """Return the places of the vectors that can be among the `k` most similar ones.

        Parameters
        ----------
        estimates : ndarray of float32, shape (n,)
            Of all vectors, from `finish`.
        k : int
            How many are wanted, the one itself included.

        Returns
        -------
        ndarray of int64, ascending
            The one itself, and all that tie with the last of the k, are among them.
        """
        known = estimates[~np.isnan(estimates)] if len(self._unsure) else estimates
        if k >= len(known) or np.isnan(known[0]):
            return np.arange(len(estimates))
        least = np.float32(kth_largest(known, k) - 2 * self.error)
        return np.flatnonzero(~(estimates < np.nextafter(least, np.float32(-2))))
