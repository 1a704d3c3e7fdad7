"""Find the few vectors that can be most similar to one, before the exact cosines.

A float32 product gives approximate cosines; a vector whose upper bound stays below the k-th best
lower bound is out. The error bound is that of `bounds`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring.factorization.bounds import UNIT
from turi_recommender.scoring.selection.topk import kth_largest

Places = NDArray[np.int64]

_SAFE_SQUARES = (1e-25, 1e25)


class CosineFilter:
    """Bounds on the cosines between vectors.

    Parameters
    ----------
    lengths : ndarray of float64, shape (n,)
        Length of each vector.
    width : int
        K, the number of their elements.
    """

    def __init__(self, lengths: NDArray[np.float64], width: int) -> None:
        squares = lengths**2
        # Where a float32 square could overflow or lose digits, the bound below says nothing.
        unsure = ~((squares > _SAFE_SQUARES[0]) & (squares < _SAFE_SQUARES[1]))
        self._lengths = np.where(unsure, 1.0, lengths).astype(np.float32)
        self._unsure = np.flatnonzero(unsure)
        # Of a product in any order, of the library's own cosine, and of the few operations here.
        self._error = np.float32(8 * (width + 8) * UNIT)

    def is_unsure(self, place: int) -> bool:
        """Tell whether the bounds say nothing of the vector at a place."""
        return bool(self._unsure.searchsorted(place, "right") > self._unsure.searchsorted(place))

    def survivors(self, products: NDArray[np.float32], place: int, k: int) -> Places:
        """Return the places of the vectors that can be among those most similar to one.

        Parameters
        ----------
        products : ndarray of float32, shape (n,)
            Inner products with the one; they are overwritten.
        place : int
            Place of the one; it is among those that are returned.
        k : int
            How many are wanted, the one itself included.

        Returns
        -------
        ndarray of int64, ascending
            Ties with the last of the k are among them.
        """
        if k >= len(products) or self.is_unsure(place):
            return np.arange(len(products))
        products /= self._lengths
        products /= self._lengths[place]
        products[self._unsure] = -2.0  # no more than any cosine less the error
        least = np.float32(kth_largest(products, k)) - 2 * self._error
        products[self._unsure] = np.inf
        return np.flatnonzero(products >= least)
