"""The way of some queries through the catalogue, step by step, each until it needs no more.

An item is dropped only if its upper bound stays below the k-th best lower bound, so whoever can be
among the best, ties included, is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization.bounds import BlockBounds, Directions

_LOWEST = np.finfo(np.float32).min
_NOTHING = np.empty(0, np.int64)


class Scan:
    """The way of some queries through the catalogue.

    Parameters
    ----------
    directions : Directions
        The queries.
    excluded : sequence of ndarray of int
        Places that each of them does not want.
    k : int
        How many each wants.

    Attributes
    ----------
    active : ndarray of int
        Queries that have not stopped.
    """

    def __init__(
        self, directions: Directions, excluded: Sequence[NDArray[np.integer[Any]]], k: int
    ) -> None:
        count = len(directions.vectors)
        self.active = np.arange(count)
        self._directions = directions
        self._k = k
        self._excluded = np.concatenate(excluded)
        self._excluding = self.active.repeat([len(places) for places in excluded])
        # The k-th best lower bound less the query's part of the error, twice: an item is out if its
        # score and its own part of the error stay below.
        self._thresholds = np.full(count, _LOWEST, np.float32)
        self._kept: list[list[_Kept]] = [[] for _ in range(count)]

    def absorb(self, low: int, scores: NDArray[np.float32], errors: NDArray[np.float32]) -> None:
        """Take the active queries' scores of the items from place `low` on.

        Parameters
        ----------
        low : int
            Place of the first item.
        scores : ndarray of float32, shape (active, items)
            Used up.
        errors : ndarray of float32, shape (items,)
            The items' part of the errors.
        """
        self._leave_out(low, scores)
        upper = scores + errors
        lower = np.subtract(scores, errors, out=scores)
        is_first = low == 0
        if is_first and lower.shape[1] >= self._k:
            at = lower.shape[1] - self._k
            self._raise(self.active, np.partition(lower, at, axis=1)[:, at])
        width = upper.shape[1]
        keep = (upper >= self._thresholds[self.active, np.newaxis]).ravel().nonzero()[0]
        numbers = self.active.tolist()
        ends = keep.searchsorted(np.arange(width, width * len(numbers) + 1, width)).tolist()
        start = 0
        for row, (number, end) in enumerate(zip(numbers, ends, strict=True)):
            if start < end:
                found = keep[start:end] - row * width
                self._kept[number].append(_Kept(low, found, lower[row], upper[row]))
                if not is_first:
                    self._raise_again(number)
            start = end

    def _leave_out(self, low: int, scores: NDArray[np.float32]) -> None:
        if len(self._excluded) == 0:
            return
        within = (self._excluded >= low) & (self._excluded < low + scores.shape[1])
        places, owners = self._excluded[within] - low, self._excluding[within]
        if len(self.active) < len(self._thresholds):
            rows = np.minimum(self.active.searchsorted(owners), len(self.active) - 1)
            is_active = self.active[rows] == owners
            places, owners = places[is_active], rows[is_active]
        scores[owners, places] = -np.inf

    def _raise_again(self, number: int) -> None:
        lower = np.concatenate([kept.lower[kept.found] for kept in self._kept[number]])
        if len(lower) >= self._k:
            at = len(lower) - self._k
            self._raise(np.array([number]), np.partition(lower, at)[at : at + 1])

    def _raise(self, numbers: NDArray[np.int64], best: NDArray[np.float32]) -> None:
        raised = best - 2 * self._directions.errors[numbers]
        # Compared with float32 numbers: rounded down, so that none is lost.
        rounded = np.nextafter(raised.astype(np.float32), np.float32(-np.inf))
        self._thresholds[numbers] = np.maximum(self._thresholds[numbers], rounded)

    def go_on(self, low: int, bounds: BlockBounds, count: int) -> int:
        """Drop the queries that need nothing more; return how far the others have to go.

        Parameters
        ----------
        low : int
            Place of the first item that was not looked at.
        bounds : BlockBounds
            Of the whole catalogue.
        count : int
            Number of its items.

        Returns
        -------
        int
            The place where the last query can stop.
        """
        stops = []
        lengths = self._directions.lengths[self.active].tolist()
        thresholds = self._thresholds[self.active].tolist()
        for length, threshold in zip(lengths, thresholds, strict=True):
            reach = 0
            if low < count:
                asked = (length, self._directions.rate)
                if bounds.ceiling(*asked, low // limits.SEARCH_BLOCK) >= threshold:
                    ceilings = bounds.ceilings(*asked)
                    blocks = len(bounds) - int(ceilings[::-1].searchsorted(threshold))
                    reach = min(blocks * limits.SEARCH_BLOCK, count)
            stops.append(reach)
        furthest = max(stops)
        self.active = self.active[np.array(stops) > low] if furthest > low else self.active[:0]
        return furthest

    def found(self) -> list[NDArray[np.integer[Any]]]:
        """Return, for each query, the places of the items that can be among the best."""
        return [_reaching(kept, self._thresholds[number]) for number, kept in enumerate(self._kept)]


class _Kept(NamedTuple):
    """Items of one step that were not dropped at once.

    Attributes
    ----------
    low : int
        Where the step began.
    found : ndarray of int
        Their places within it.
    lower, upper : ndarray of float32
        Bounds of all items of the step.
    """

    low: int
    found: NDArray[np.integer[Any]]
    lower: NDArray[np.float32]
    upper: NDArray[np.float32]


def _reaching(kept: list[_Kept], threshold: float) -> NDArray[np.integer[Any]]:
    if len(kept) == 1:
        return kept[0].found + kept[0].low
    parts = [step.found[step.upper[step.found] >= threshold] + step.low for step in kept]
    return np.concatenate([_NOTHING, *parts])
