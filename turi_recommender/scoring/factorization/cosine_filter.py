"""Find the few items whose factors can be most similar to one item's, before the exact cosines.

One float32 product over the catalogue gives approximate cosines; an item whose upper bound stays
below the k-th best lower bound is out. The error bound is that of `bounds`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring.factorization.bounds import UNIT
from turi_recommender.scoring.factorization.catalogue import ItemFeatures
from turi_recommender.scoring.factorization.lengths import row_lengths
from turi_recommender.scoring.selection.topk import kth_largest

Items = NDArray[np.int64]

_SAFE_SQUARES = (1e-25, 1e25)


class CosineFilter:
    """Bounds on the cosines between items' factors.

    Parameters
    ----------
    catalogue : ItemFeatures
        The items.
    """

    def __init__(self, catalogue: ItemFeatures) -> None:
        self._catalogue = catalogue
        self._lengths = row_lengths(catalogue.stored)
        squares = self._lengths**2
        # Where a float32 square could overflow or lose digits, the bound below says nothing.
        self._unsure = ~((squares > _SAFE_SQUARES[0]) & (squares < _SAFE_SQUARES[1]))
        self._lengths[self._unsure] = 1.0

    def survivors(self, item: int, k: int) -> Items:
        """Return the items that can be among those most similar to one, ties included.

        Parameters
        ----------
        item : int
            Index of the item; it is among those that are returned.
        k : int
            How many are wanted, the item itself included.

        Returns
        -------
        ndarray of int64, ascending
        """
        stored = self._catalogue.stored
        place = int(self._catalogue.places(np.array([item]))[0])
        if k >= len(stored) or self._unsure[place]:
            return np.arange(len(stored))
        products = (stored @ stored[place]).astype(np.float64)
        cosines = products / (self._lengths * self._lengths[place])
        cosines[self._unsure] = 0.0
        error = 8 * (stored.shape[1] + 8) * UNIT
        lower = np.where(self._unsure, -1.0, cosines - error)
        upper = np.where(self._unsure, np.inf, cosines + error)
        return self._catalogue.items(np.flatnonzero(upper >= kth_largest(lower, k)))
