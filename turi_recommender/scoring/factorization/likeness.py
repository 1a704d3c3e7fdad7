"""How much alike the items of an answer are: the cosines of their factors.

Source: docs/queries.md, section 4.3, step 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization import float32
from turi_recommender.scoring.factorization.catalogue import ItemFeatures

Indices = NDArray[np.integer[Any]]
Scores = NDArray[np.float64]


class Cosines:
    """The cosines between the items of one answer, by their ranks.

    Turi Create takes the *rank* of the item that was drawn for an item's index, and so compares
    with an arbitrary item. Here it is the item of that rank, on purpose.

    Parameters
    ----------
    catalogue : ItemFeatures
        All items.
    items : ndarray of int, shape (n,)
        Index of the item of each rank, from rank 0 on.
    """

    def __init__(self, catalogue: ItemFeatures, items: Indices) -> None:
        self._catalogue = catalogue
        self._items = items
        width = max(catalogue.stored.shape[1], 1)
        self._step = max(min(limits.EXACT_VALUES // width, limits.EXACT_CHUNK), 1)
        parts = (self._factors(items[here]) for here in self._parts(len(items)))
        self._squares = np.concatenate([float32.dot_columns(part * part) for part in parts])

    def __call__(self, rank: int, others: NDArray[np.int64]) -> Scores:
        """Return the cosines of an item with others.

        Parameters
        ----------
        rank : int
            Rank of the item.
        others : ndarray of int64, shape (n,)
            Ranks of the others.

        Returns
        -------
        ndarray of float64, shape (n,)
            0 where an item has no factors, or none but zeros.
        """
        own = self._factors(np.array([self.item_of(rank)]))
        products = [
            float32.dot_columns(self._factors(self._items[others[here]]) * own)
            for here in self._parts(len(others))
        ]
        squares = self._squares[others] * float32.dot_columns(own * own)
        cosines = np.concatenate(products) / np.sqrt(squares)
        return np.where(np.isnan(cosines), 0.0, cosines.astype(np.float64))

    def item_of(self, rank: int) -> int:
        """Return the index of the item of a rank."""
        return int(self._items[rank])

    def _parts(self, count: int) -> list[slice]:
        return [slice(low, low + self._step) for low in range(0, max(count, 1), self._step)]

    def _factors(self, items: Indices) -> NDArray[np.float32]:
        """Return the factors of items, shape (K, n); zeros for one that was not trained."""
        trained = items < self._catalogue.count
        factors = self._catalogue.factors(np.where(trained, items, 0)).T
        return factors if trained.all() else factors * trained
