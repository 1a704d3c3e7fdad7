"""Users whose factors are most similar to a user's.

The users' factors stay in the file, from which each call reads them once, a block at a time, for
all users that it asks about.

Source: docs/queries.md, section 5.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format import Rows
from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization.cosine_filter import CosineFilter
from turi_recommender.scoring.factorization.cosines import best_cosines
from turi_recommender.scoring.factorization.lengths import row_lengths

Places = NDArray[np.int64]
Ranked = tuple[Places, NDArray[np.float64]]

_SPREAD = 16  # so many rows are read at once faster than one by itself


class SimilarUserSearch:
    """Find similar users among factors in a file.

    Parameters
    ----------
    rows : Rows
        The factor matrix.
    first_row : int
        Row of it that the first user is.
    count : int
        How many users there are.
    width : int
        K.
    """

    def __init__(self, rows: Rows, first_row: int, count: int, width: int) -> None:
        self._rows = rows
        self.first_row = first_row
        self.count = count
        self._width = width
        self._block = max(limits.USER_VALUES // max(width, 1), 1)
        self._lock = threading.Lock()
        self._made: CosineFilter | None = None

    def best(self, users: Sequence[int], k: int) -> list[Ranked]:
        """Return, for each of some users, the `k` most similar ones and their cosines."""
        ranked: list[Ranked] = []
        step = max(limits.USER_PRODUCTS // max(self.count, 1), 1)
        for low in range(0, len(users), step):
            some = list(users[low : low + step])
            for user, products in zip(some, self._products(some), strict=True):
                near = self._filter().survivors(products, user, k + 2)
                ranked.append(best_cosines(self, user, near, k))
        return ranked

    def take(self, places: Places) -> NDArray[np.float32]:
        """Return the factors of some users, shape (places, K)."""
        if len(places) == 0:
            return np.empty((0, self._width), np.float32)
        low, high = int(places[0]), int(places[-1]) + 1  # they ascend
        if high - low <= _SPREAD * len(places):
            span = self._rows.slice(self.first_row + low, self.first_row + high)
            return span if len(span) == len(places) else span[places - low]
        rows = [self._rows.row(self.first_row + place) for place in places.tolist()]
        return np.array(rows, np.float32)

    def _products(self, users: Sequence[int]) -> NDArray[np.float32]:
        """Return the inner products of some users' factors with everybody's, shape (some, all)."""
        own = np.array([self._rows.row(self.first_row + user) for user in users])
        products = np.empty((len(users), self.count), np.float32)
        for low, block in self._blocks():
            for vector, mine in zip(own, products, strict=True):  # the block is in the cache
                np.dot(block, vector, out=mine[low : low + len(block)])
        return products

    def _blocks(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield the users' factors, with the index of the first user of each block."""
        for low in range(0, self.count, self._block):
            high = min(low + self._block, self.count)
            yield low, self._rows.slice(self.first_row + low, self.first_row + high)

    def _filter(self) -> CosineFilter:
        """Return the filter; the lengths of all vectors are computed once, by whoever is first."""
        with self._lock:
            if self._made is None:
                lengths = [row_lengths(block) for _, block in self._blocks()]
                self._made = CosineFilter(np.concatenate(lengths), self._width)
            return self._made
