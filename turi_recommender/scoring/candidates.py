"""Which items a query may be answered with.

Source: docs/format.md, section 7.2.
"""

from __future__ import annotations

from collections.abc import Container
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.integer[Any]]


_NONE: Indices = np.empty(0, np.int64)


class Candidates:
    """A set of item indices: everything, or an allow list, minus the excluded.

    Parameters
    ----------
    num_items : int
        Size of the catalogue.
    allowed : ndarray of int, optional
        The allow list; ascending, without repeats.
    excluded : ndarray of int
        Items to leave out; likewise.
    """

    __slots__ = ("allowed", "excluded", "num_items")

    def __init__(
        self, num_items: int, allowed: Indices | None = None, excluded: Indices = _NONE
    ) -> None:
        self.num_items = num_items
        self.allowed = allowed
        self.excluded = excluded

    @classmethod
    def of(
        cls, num_items: int, allowed: Indices | None = None, excluded: Indices = _NONE
    ) -> Candidates:
        """Make a set of lists that need not be in order.

        Parameters
        ----------
        num_items : int
            Size of the catalogue.
        allowed : ndarray of int, optional
            The allow list, in any order, with repeats; None allows everything.
        excluded : ndarray of int
            Items to leave out; likewise.
        """
        return cls(num_items, None if allowed is None else np.unique(allowed), np.unique(excluded))

    def without(self, items: Indices) -> Candidates:
        """Return the candidates that are left when these (ascending) are excluded, too."""
        if len(items) == 0:
            return self
        if len(self.excluded):
            items = np.union1d(self.excluded, items)
        return Candidates(self.num_items, self.allowed, items)

    def below(self, count: int) -> Candidates:
        """Return the candidates among the first `count` items."""
        allowed = None if self.allowed is None else self.allowed[self.allowed < count]
        return Candidates(count, allowed, self.excluded[self.excluded < count])

    def indices(self) -> Indices:
        """Return all candidates, ascending."""
        if self.allowed is not None:
            return self.allowed[self.contain(self.allowed)]
        left = np.ones(self.num_items, np.bool_)
        left[self.excluded] = False
        return np.flatnonzero(left)

    def contain(self, items: Indices) -> NDArray[np.bool_]:
        """Tell which of `items` are candidates."""
        inside = ~in_sorted(items, self.excluded)
        if self.allowed is not None:
            inside &= in_sorted(items, self.allowed)
        return inside

    def lowest(self, count: int, besides: Container[int]) -> list[int]:
        """Return the lowest candidates, ascending.

        Parameters
        ----------
        count : int
            How many to return; fewer if there are not that many.
        besides : container of int
            Candidates that do not count.
        """
        excluded = set(self.excluded.tolist())
        pool = range(self.num_items) if self.allowed is None else self.allowed.tolist()
        others = (item for item in pool if item not in excluded and item not in besides)
        return list(islice(others, count))

    def __len__(self) -> int:
        if self.allowed is None:
            return self.num_items - len(self.excluded)
        return len(self.indices())


def in_sorted(items: Indices, ascending: Indices) -> NDArray[np.bool_]:
    """Tell which items occur in an ascending array.

    Parameters
    ----------
    items : ndarray of int, shape (n,)
        In any order.
    ascending : ndarray of int
        Repeats do no harm.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    if len(ascending) == 0:
        return np.zeros(len(items), np.bool_)
    places = ascending.searchsorted(items)
    places[places == len(ascending)] = 0
    found: NDArray[np.bool_] = ascending[places] == items
    return found
