"""Users whose factors are most similar to a user's.

The users' factors stay in the file, from which each call reads them once, a block at a time, for
all users that it asks about.

Source: docs/queries.md, section 5.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format import Rows
from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization import float32
from turi_recommender.scoring.factorization.cosine_filter import CosineFilter
from turi_recommender.scoring.factorization.cosines import best_cosines

Users = NDArray[np.int64]
Ranked = tuple[Users, NDArray[np.float64]]

_ALONE = 1 << 16  # so many bytes are read with others in the time that one row takes by itself


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
        self._spread = _ALONE // max(4 * width, 1) + 1
        self._lock = threading.Lock()
        self._made: CosineFilter | None = None

    def best(self, users: Sequence[int], k: int) -> list[Ranked]:
        """Return, for each of some users, the `k` most similar ones and their cosines."""
        ranked: list[Ranked] = []
        if len(users) == 0:  # who only asks whether it can be asked waits for no file
            return ranked
        known = self._filter()
        step = max(limits.USER_PRODUCTS // max(self.count, 1), 1)
        for low in range(0, len(users), step):
            some = list(users[low : low + step])
            for user, estimates in zip(some, self._estimates(some), strict=True):
                near = known.survivors(estimates, k + 2)
                of_all = partial(np.asarray, estimates)
                ranked.append(best_cosines(self, user, near, k, of_all, known.error))
        return ranked

    def take(self, indices: Users) -> NDArray[np.float32]:
        """Return the factors of some users, shape (indices, K)."""
        found = np.empty((len(indices), self._width), np.float32)
        buffer = self._buffer()
        for low, high, here in self._parts(indices):
            rows = found[here]
            if len(rows) == high - low:
                self._rows.read_into(self.first_row + low, rows)
            else:
                span = buffer[: high - low]
                self._rows.read_into(self.first_row + low, span)
                np.take(span, indices[here] - low, axis=0, out=rows, mode="clip")  # copies once
        return found

    def lengths(self, indices: Users) -> NDArray[np.float32]:
        """Return the lengths of their factors, as the library computes them."""
        return self._filter().lengths[indices]

    def _parts(self, indices: Users) -> Iterator[tuple[int, int, slice]]:
        """Yield rows [low, high) to read at once, and which of the ascending indices they hold."""
        if len(indices) == 0:
            return
        is_dense = indices[-1] - indices[0] < self._spread * len(indices)
        rows = self._block if is_dense else 1
        ends = [*(np.flatnonzero(np.diff(indices // rows)) + 1).tolist(), len(indices)]
        for start, end in pairwise([0, *ends]):
            yield int(indices[start]), int(indices[end - 1]) + 1, slice(start, end)

    def _estimates(self, users: Sequence[int]) -> NDArray[np.float32]:
        """Return the estimates of some users' cosines with everybody, shape (some, all)."""
        known = self._filter()
        own = [known.direction(self._rows.row(self.first_row + user), user) for user in users]
        estimates = np.empty((len(users), self.count), np.float32)
        for low, block in self._blocks():
            for vector, mine in zip(own, estimates, strict=True):  # the block is in the cache
                here = np.dot(block, vector, out=mine[low : low + len(block)])
                known.scale(here, low)
        for user, mine in zip(users, estimates, strict=True):
            known.finish(mine, user)
        return estimates

    def _blocks(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield the users' factors, with the index of the first user of each block.

        A block is overwritten by the next.
        """
        buffer = self._buffer()
        for low in range(0, self.count, self._block):
            high = min(low + self._block, self.count)
            block = buffer[: high - low]
            self._rows.read_into(self.first_row + low, block)
            yield low, block

    def _buffer(self) -> NDArray[np.float32]:
        """Return memory for the rows of one block."""
        return np.empty((min(self._block, self.count), self._width), np.float32)

    def _filter(self) -> CosineFilter:
        """Return the filter; the lengths of all vectors are computed once, by whoever is first."""
        with self._lock:
            if self._made is None:
                lengths = [float32.lengths(block) for _, block in self._blocks()]
                self._made = CosineFilter(np.concatenate(lengths), self._width)
            return self._made
