"""The way of some queries through items in an order, step by step, each until it needs no more.

An item is dropped only if its upper bound stays below the k-th best lower bound, so whoever can be
among the best, ties included, is left.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization.bounds import LOWEST, Directions, rounded_down
from turi_recommender.scoring.factorization.order import ItemOrder
from turi_recommender.scoring.factorization.products import products_of

Places = NDArray[np.integer[Any]]
Bounds = NDArray[np.float32]

_NOTHING = np.empty(0, np.int64)


class Scan:
    """The way of some queries through items.

    Parameters
    ----------
    order : ItemOrder
        The items.
    directions : Directions
        The queries.
    excluded : sequence of ndarray of int
        Places that each of them does not want.
    k : int
        How many each wants.
    thresholds : ndarray of float32, shape (queries,), optional
        What an item's upper bound has to reach, as far as that is known before.

    Attributes
    ----------
    active : ndarray of int
        Queries that have not stopped.
    thresholds : ndarray of float32, shape (queries,)
        The k-th best lower bound less the query's part of the error, twice: an item is out if its
        score and its own part of the error stay below.
    """

    def __init__(
        self,
        order: ItemOrder,
        directions: Directions,
        excluded: Sequence[Places],
        k: int,
        thresholds: Bounds | None = None,
    ) -> None:
        count = len(directions.vectors)
        self.active = np.arange(count)
        self.thresholds = np.full(count, LOWEST, np.float32) if thresholds is None else thresholds
        self._order = order
        self._directions = directions
        self._k = k
        self._excluded = np.concatenate(excluded)
        self._excluding = self.active.repeat([len(places) for places in excluded])
        self._kept: list[list[_Kept]] = [[] for _ in range(count)]

    def run(self, first: int) -> list[Places]:
        """Go all the way.

        Parameters
        ----------
        first : int
            Items of the first step.

        Returns
        -------
        list of ndarray of int
            For each query, the places of the items that can be among the best.
        """
        low, high = 0, min(first, self._order.num_items)
        while len(self.active):
            self.absorb(low, self._products(low, high))
            low = high
            stop = self.go_on(low)
            most = min(limits.SEARCH_LARGEST, limits.SEARCH_SCORES // max(len(self.active), 1))
            high = min(stop, low * limits.SEARCH_GROWTH, low + most)
        return self.found()

    def found(self) -> list[Places]:
        """Return, for each query, the places of the items that can be among the best so far."""
        thresholds = self.thresholds.tolist()
        return [
            _reaching(kept, threshold)
            for kept, threshold in zip(self._kept, thresholds, strict=True)
        ]

    def _products(self, low: int, high: int) -> Bounds:
        vectors, asked = self._order.vectors(low, high), self._directions.vectors
        if len(self.active) < len(asked):
            asked = asked[self.active]
        return products_of(asked, vectors)

    def absorb(self, low: int, products: Bounds) -> None:
        """Take the active queries' products with the items from a place on.

        Parameters
        ----------
        low : int
            Place of the first item.
        products : ndarray of float32, shape (active, items)
            Used up.
        """
        width = products.shape[1]
        here = slice(low, low + width)
        uppers = np.add(products, self._order.uppers[here], out=products)
        self._leave_out(low, uppers)
        is_first = low == 0
        if is_first and width >= self._k:
            lower = uppers - self._order.spans[here]
            lower.partition(width - self._k, axis=1)
            self._raise(self.active, lower[:, width - self._k])
        bars = self.thresholds[self.active]
        keep = (uppers >= bars[:, np.newaxis]).ravel().nonzero()[0]
        if len(keep) == 0:
            return
        found = uppers.ravel()[keep]
        numbers = self.active.tolist()
        ends = keep.searchsorted(np.arange(width, width * len(numbers) + 1, width)).tolist()
        start = 0
        for row, (number, end) in enumerate(zip(numbers, ends, strict=True)):
            if start < end:
                places = keep[start:end] + (low - row * width)
                self._kept[number].append(_Kept(places, found[start:end], is_first))
                if not is_first:
                    self._raise_again(number)
            start = end

    def _leave_out(self, low: int, uppers: Bounds) -> None:
        if len(self._excluded) == 0:
            return
        within = (self._excluded >= low) & (self._excluded < low + uppers.shape[1])
        places, owners = self._excluded[within] - low, self._excluding[within]
        if len(self.active) < len(self.thresholds):
            rows = np.minimum(self.active.searchsorted(owners), len(self.active) - 1)
            is_active = self.active[rows] == owners
            places, owners = places[is_active], rows[is_active]
        uppers[owners, places] = -np.inf

    def _raise_again(self, number: int) -> None:
        kept = self._kept[number]
        if sum(len(step.places) for step in kept) >= self._k:
            lower = np.concatenate([step.uppers - self._order.spans[step.places] for step in kept])
            at = len(lower) - self._k
            self._raise(np.array([number]), np.partition(lower, at)[at : at + 1])

    def _raise(self, numbers: NDArray[np.int64], best: Bounds) -> None:
        raised = rounded_down(best - 2 * self._directions.errors[numbers])
        self.thresholds[numbers] = np.maximum(self.thresholds[numbers], raised)

    def go_on(self, low: int) -> int:
        """Drop the queries that need nothing more; return how far the others have to go.

        Parameters
        ----------
        low : int
            Place of the first item that was not looked at.

        Returns
        -------
        int
            The place where the last query can stop.
        """
        lengths = self._directions.lengths[self.active].tolist()
        thresholds = self.thresholds[self.active].tolist()
        stops = [
            self._reach(low, length, threshold)
            for length, threshold in zip(lengths, thresholds, strict=True)
        ]
        furthest = max(stops)
        self.active = self.active[np.array(stops) > low] if furthest > low else self.active[:0]
        return furthest

    def _reach(self, low: int, length: float, threshold: float) -> int:
        """Return the place from which on no item reaches a threshold."""
        bounds, rate = self._order.bounds, self._order.rate
        blocks = range(low // bounds.size, len(bounds))
        reaching = bisect_right(
            blocks, -threshold, key=lambda block: -bounds.ceiling(length, rate, block)
        )
        return min((blocks.start + reaching) * bounds.size, self._order.num_items)


class _Kept(NamedTuple):
    """Items of one step that were not dropped at once.

    Attributes
    ----------
    places : ndarray of int
        Where they stand in the order.
    uppers : ndarray of float32
        Upper bounds of their scores, without the query's part of the error.
    is_first : bool
        Whether it was the first step, for which the threshold was raised before.
    """

    places: Places
    uppers: Bounds
    is_first: bool


def _reaching(kept: list[_Kept], threshold: float) -> Places:
    if len(kept) == 1 and kept[0].is_first:
        return kept[0].places
    parts = [step.places[step.uppers >= threshold] for step in kept]
    return np.concatenate([_NOTHING, *parts])
