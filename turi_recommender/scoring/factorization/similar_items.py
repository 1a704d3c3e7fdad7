"""Items whose factors are most similar to an item's.

Source: docs/format.md, section 8.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring.factorization import float32
from turi_recommender.scoring.factorization.catalogue import ItemFeatures
from turi_recommender.scoring.factorization.cosine_filter import CosineFilter
from turi_recommender.scoring.factorization.cosines import best_cosines

Items = NDArray[np.int64]


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
        stored = catalogue.stored
        self._filter = CosineFilter(float32.lengths(stored), stored.shape[1])
        self._places = catalogue.places(np.arange(catalogue.count))
        self._items = np.empty(catalogue.count, np.int32)  # which item is stored at a place
        self._items[self._places] = np.arange(catalogue.count, dtype=np.int32)

    @property
    def count(self) -> int:
        """How many items there are."""
        return self._catalogue.count

    def take(self, items: Items) -> NDArray[np.float32]:
        """Return the factors of some items, shape (items, K)."""
        return self._catalogue.factors(items)

    def lengths(self, items: Items) -> NDArray[np.float32]:
        """Return the lengths of their factors, as the library computes them."""
        lengths: NDArray[np.float32] = self._filter.lengths[self._places[items]]
        return lengths

    def best(self, item: int, k: int) -> tuple[Items, NDArray[np.float64]]:
        """Return the `k` items most similar to one, and their cosines."""
        estimates = self._estimates(item)
        near = self._near(estimates, k + 2)

        def by_item() -> NDArray[np.float32]:
            found: NDArray[np.float32] = estimates.take(self._places)  # half the time of indexing
            return found

        return best_cosines(self, item, near, k, by_item, self._filter.error)

    def survivors(self, item: int, k: int) -> Items:
        """Return the items that can be among the `k` most similar ones, the item included."""
        return self._near(self._estimates(item), k)

    def _near(self, estimates: NDArray[np.float32], k: int) -> Items:
        """Return the items that can be among the best `k` of these estimates, ascending."""
        places = self._filter.survivors(estimates, k)
        if len(places) == self.count:
            return places  # the items are the same numbers
        return np.sort(self._items[places]).astype(np.int64)

    def _estimates(self, item: int) -> NDArray[np.float32]:
        """Return the estimates of the cosines of all items with one, in stored order."""
        stored, place = self._catalogue.stored, int(self._places[item])
        products = stored @ self._filter.direction(stored[place], place)
        self._filter.scale(products, 0)
        return self._filter.finish(products, place)
