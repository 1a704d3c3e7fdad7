"""A plain item similarity model over all visitors, as a yardstick that no candidate can bend.

A candidate that left visitors out cannot be measured by its own siblings, which have left the same
ones out. So the yardstick is made here, of all pairs of visitor and item.

Source: the scores are those of docs/format.md, section 7.3: the mean similarity of an item to those
of a history; Jaccard's coefficient is that of the two items' visitors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]

_PAIRS_AT_ONCE = 1 << 22  # visits that are counted in one step; bounds the memory at 100 MB


class Jaccard:
    """Recommend by the similarity of items' visitors.

    Parameters
    ----------
    users, items : ndarray of int64, shape (n,)
        Each different pair of a visitor and an item, both counted from 0.
    num_users, num_items : int
        How many there are.

    Raises
    ------
    ValueError
        If an index is beyond them, or the lengths differ.
    """

    def __init__(self, users: Indices, items: Indices, num_users: int, num_items: int) -> None:
        if len(users) != len(items):
            raise ValueError("there must be as many users as items")
        for indices, count in ((users, num_users), (items, num_items)):
            if len(indices) and (indices.min() < 0 or indices.max() >= count):
                raise ValueError("an index is beyond the number of users or items")
        self._of_user = _Lists(users, items, num_users)
        self._of_item = _Lists(items, users, num_items)
        self.num_items = num_items

    def recommend(self, user: int, k: int) -> Indices:
        """Return the best `k` items that a visitor does not have, best first.

        Parameters
        ----------
        user : int
            The visitor's index.
        k : int
            How many; fewer where fewer have any similarity.

        Returns
        -------
        ndarray of int64
            Equal scores stand in ascending index.
        """
        history = self._of_user[user]
        scores = np.zeros(self.num_items)
        for item in history.tolist():
            scores += self._similarities(item)
        scores[history] = 0.0
        found = np.flatnonzero(scores)
        order = np.lexsort((found, -scores[found]))[:k]
        return found[order]

    def _similarities(self, item: int) -> NDArray[np.float64]:
        """Return Jaccard's coefficient of an item with each item."""
        visitors = self._of_item[item]
        both = np.zeros(self.num_items, np.int64)
        for some in self._of_user.parts(visitors, _PAIRS_AT_ONCE):
            both += np.bincount(some, minlength=self.num_items)
        either = len(visitors) + self._of_item.lengths - both
        coefficients: NDArray[np.float64] = both / np.maximum(either, 1)
        return coefficients


class _Lists:
    """For each key the values that stand with it.

    Parameters
    ----------
    keys, values : ndarray of int64, shape (n,)
    count : int
        Number of keys.
    """

    def __init__(self, keys: Indices, values: Indices, count: int) -> None:
        order = np.argsort(keys, kind="stable")
        self._values = values[order]
        self.lengths = np.bincount(keys, minlength=count)
        self._ends = np.cumsum(self.lengths)

    def __getitem__(self, key: int) -> Indices:
        end = int(self._ends[key])
        return self._values[end - int(self.lengths[key]) : end]

    def parts(self, keys: Indices, most: int) -> Iterator[Indices]:
        """Yield the values of many keys, some at a time.

        Parameters
        ----------
        keys : ndarray of int64
        most : int
            Values in one part, unless one key alone has more.
        """
        total = np.cumsum(self.lengths[keys])
        low = 0
        while low < len(keys):
            before = int(total[low - 1]) if low else 0
            high = max(int(np.searchsorted(total, before + most, "right")), low + 1)
            yield self._gather(keys[low:high])
            low = high

    def _gather(self, keys: Indices) -> Indices:
        lengths = self.lengths[keys]
        starts = self._ends[keys] - lengths
        within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        values: Indices = self._values[np.repeat(starts, lengths) + within]
        return values


def indexed(ids: Sequence[Any] | NDArray[Any]) -> tuple[NDArray[Any], Indices]:
    """Return the different ids, ascending, and the place among them of each id.

    Parameters
    ----------
    ids : sequence of int, or of str
    """
    distinct, places = np.unique(np.asarray(ids), return_inverse=True)
    return distinct, places.astype(np.int64)
