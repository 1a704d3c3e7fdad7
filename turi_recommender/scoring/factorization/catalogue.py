"""The features of the items, ready for a factorization model.

Source: docs/format.md, sections 5.2 and 7.4.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format import FactorModel
from turi_recommender.format.metadata import Metadata
from turi_recommender.scoring import limits

_ITEM = 1

Factors = NDArray[np.float32]
Scores = NDArray[np.float64]


class Catalogue(ABC):
    """The features of some items, in arrays.

    Attributes
    ----------
    stored : ndarray of float32, shape (items, K)
        x times factors of each item's own feature, in stored order.
    linear : ndarray of float64, shape (items,)
        x times weight of each item's own feature.
    side_starts : ndarray of int64, shape (items + 1,)
        Side features of item i are [side_starts[i], side_starts[i + 1]) of the arrays below.
    side_x, side_linear : ndarray of float64
        x, and x times weight.
    side_places : ndarray of int64
        Row of `side_raw`.
    side_raw : ndarray of float32
        Factors of each different side feature.
    side_distinct : ndarray of int64
        Row of the weights and factors of each different side feature.
    max_side : int
        The largest number of side features of one item.
    """

    stored: Factors
    linear: Scores
    side_starts: NDArray[np.int64]
    side_x: Scores
    side_linear: Scores
    side_places: NDArray[np.int64]
    side_raw: Factors
    side_distinct: NDArray[np.int64]
    max_side: int

    @abstractmethod
    def factors(self, items: NDArray[np.integer[Any]]) -> Factors:
        """Return x times the own factors of these items, shape (n, K)."""

    def side_factors(self, entries: NDArray[np.int64]) -> Factors:
        """Return x times factors of these side features, shape (entries, K)."""
        x = self.side_x[entries].astype(np.float32)
        scaled: Factors = x[:, np.newaxis] * self.side_raw[self.side_places[entries]]
        return scaled

    def side_rows(self, entries: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of the weights and factors of these side features."""
        rows: NDArray[np.int64] = self.side_distinct[self.side_places[entries]]
        return rows

    @property
    def count(self) -> int:
        """Number of items."""
        return len(self.linear)

    @property
    def has_side(self) -> bool:
        """Whether any item has side data."""
        return len(self.side_x) > 0

    def side_slots(
        self, items: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yield the first side features of all items, then the second, and so on.

        Each time: positions in `items` that have one, and its position in the side arrays. What is
        left of long rows comes from `side_tails`.
        """
        if not self.has_side:
            return
        starts, ends = self.side_starts[items], self.side_starts[items + 1]
        for slot in range(_slots(ends - starts)):
            at = np.flatnonzero(starts + slot < ends)
            yield at, starts[at] + slot

    def side_tails(self, items: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Yield what `side_slots` leaves, item by item, in the order of the features.

        Each time: a position in `items`, and the positions of some features in the side arrays,
        as many as take bounded memory with their factors.
        """
        if self.max_side <= limits.SIDE_SLOTS:  # nearly always
            return
        starts, ends = self.side_starts[items], self.side_starts[items + 1]
        starts = starts + _slots(ends - starts)
        step = max(limits.SIDE_VALUES // max(self.stored.shape[1], 1), 1)
        for at in np.flatnonzero(starts < ends).tolist():
            for low in range(int(starts[at]), int(ends[at]), step):
                yield at, np.arange(low, min(low + step, int(ends[at])))


class ItemFeatures(Catalogue):
    """The whole catalogue's features; `stored` can be in another order, see `reorder`.

    Parameters
    ----------
    model : FactorModel
        Weights, factors and scaling.
    metadata : Metadata
        The items' side data.
    """

    def __init__(self, model: FactorModel, metadata: Metadata) -> None:
        count = model.sizes[_ITEM]
        own = slice(model.offsets[_ITEM], model.offsets[_ITEM] + count)
        x = model.scales[own] * (1.0 - model.shifts[own])
        self.stored: Factors = model.factors[own]  # a view of the file, until `reorder` copies it
        if len(self.stored) and (x != 1.0).any():  # a linear model has no factors
            self.stored = self.stored * x.astype(np.float32)[:, np.newaxis]
        self.linear = x * model.weights[own]
        self._places: NDArray[np.int32] | None = None
        self._read_side(model, metadata, count)

    def _read_side(self, model: FactorModel, metadata: Metadata, count: int) -> None:
        side = metadata.item_side.entries(np.arange(count))
        first = len(metadata.columns) + len(metadata.user_side.columns)
        offsets = np.array(model.offsets[first:], np.int64)
        rows = offsets[side.columns] + side.indices
        self.side_x = model.scales[rows] * (side.values - model.shifts[rows])
        self.side_linear = self.side_x * model.weights[rows]
        self.side_starts = np.searchsorted(side.rows, np.arange(count + 1))
        self.max_side = int(np.diff(self.side_starts).max(initial=0))
        distinct, self.side_places = np.unique(rows, return_inverse=True)
        within = distinct[distinct < len(model.factors)]
        self.side_raw = np.array(model.factors[within], np.float32)
        self.side_distinct = distinct

    def reorder(self, order: NDArray[np.int32]) -> None:
        """Store the factors in this order of the items, in memory."""
        self.stored = self.stored[order]
        self._places = np.empty(len(order), np.int32)
        self._places[order] = np.arange(len(order), dtype=np.int32)

    def places(self, items: NDArray[np.integer[Any]]) -> NDArray[np.integer[Any]]:
        """Return where these items are stored."""
        return items if self._places is None else self._places[items]

    def factors(self, items: NDArray[np.integer[Any]]) -> Factors:
        """Return x times the own factors of these items, shape (n, K)."""
        factors: Factors = self.stored[self.places(items)]
        return factors

    def longest_side(self, count: int) -> int:
        """Return how many side features the `count` items have that have most."""
        lengths = np.sort(np.diff(self.side_starts))
        return int(lengths[max(len(lengths) - count, 0) :].sum())


def _slots(lengths: NDArray[np.int64]) -> int:
    """Return how many side features are taken one at a time: of short rows all.

    Of long rows, so many as there are rows that have more: then neither the steps nor the rows that
    are left are more than the square root of all features.
    """
    longest = int(lengths.max(initial=0))
    if longest <= limits.SIDE_SLOTS:
        return longest
    descending = np.sort(lengths)[::-1]
    return max(int((descending > np.arange(len(descending))).sum()), limits.SIDE_SLOTS)
