"""Items whose factors are most similar to an item's.

Source: docs/format.md, section 8.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring.factorization.catalogue import ItemFeatures
from turi_recommender.scoring.factorization.cosine_filter import CosineFilter
from turi_recommender.scoring.factorization.cosines import best_cosines
from turi_recommender.scoring.factorization.lengths import row_lengths

Places = NDArray[np.int64]


class SimilarItemSearch:
    """Find similar items among factors in memory.

    Parameters
    ----------
    catalogue : ItemFeatures
        The items.
    first_row : int
        Row of the factor matrix that the first item is.
    """

    def __init__(self, catalogue: ItemFeatures, first_row: int) -> None:
        self._catalogue = catalogue
        self.first_row = first_row
        self._filter = CosineFilter(row_lengths(catalogue.stored), catalogue.stored.shape[1])

    @property
    def count(self) -> int:
        """How many items there are."""
        return self._catalogue.count

    def take(self, places: Places) -> NDArray[np.float32]:
        """Return the factors of some items, shape (places, K)."""
        return self._catalogue.factors(places)

    def best(self, item: int, k: int) -> tuple[Places, NDArray[np.float64]]:
        """Return the `k` items most similar to one, and their cosines."""
        return best_cosines(self, item, self.survivors(item, k + 2), k)

    def survivors(self, item: int, k: int) -> Places:
        """Return the items that can be among the `k` most similar ones, the item included."""
        stored = self._catalogue.stored
        place = int(self._catalogue.places(np.array([item]))[0])
        return self._catalogue.items(self._filter.survivors(stored @ stored[place], place, k))
