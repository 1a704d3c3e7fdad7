"""The first items of orders of their own, in which queries look before they look at all items."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization.bounds import (
    LOWEST,
    Directions,
    chord_of,
    rounded_down,
)
from turi_recommender.scoring.factorization.products import products_of

Bounds = NDArray[np.float32]
Items = NDArray[np.int64]
Places = NDArray[np.integer[Any]]
Vectors = NDArray[np.float32]


class Front:
    """The first items of an order.

    Parameters
    ----------
    items : ndarray of int64, shape (items,)
        Which they are, ascending.
    vectors : callable
        Returns their vectors, an ndarray of float32, shape (items, K).
    uppers, spans : ndarray of float32, shape (items,)
        See `ItemOrder`.
    lengths : sequence of float
        Some lengths of a query's vector, ascending, from 0.
    ceilings : sequence of float
        What no other item scores more than, with each of these lengths.
    slope : float
        How much more that is, at most, for each unit of length beyond the last: the length of the
        longest vector of the others.
    """

    def __init__(
        self,
        items: Items,
        vectors: Callable[[], Vectors],
        uppers: Bounds,
        spans: Bounds,
        lengths: Sequence[float],
        ceilings: Sequence[float],
        slope: float,
    ) -> None:
        self.items = items
        self.vectors = vectors
        self.uppers = uppers
        self.spans = spans
        self._lengths = lengths
        self._ceilings = ceilings
        self._slope = slope
        self._place_of: dict[int, int] | None = None
        if len(items) <= limits.FRONT_KEPT:
            self._place_of = {item: place for place, item in enumerate(items.tolist())}

    def __len__(self) -> int:
        return len(self.items)

    def places(self, items: Places) -> Places | list[int]:
        """Return the places of those of some items that are here."""
        places = self._place_of
        if places is not None:
            return [places[item] for item in items.tolist() if item in places]
        at = self.items.searchsorted(items)
        at[at == len(self.items)] = 0
        found: Places = at[self.items[at] == items]
        return found

    def ceiling(self, length: float) -> float:
        """Return what no other item scores more than.

        Parameters
        ----------
        length : float
            Length of the query's vector. The ceiling is convex in it: between two lengths it lies
            below the chord.
        """
        if self._ceilings[-1] == -math.inf:  # there are no others
            return -math.inf
        above, weight = chord_of(self._lengths, length)
        if above == len(self._lengths):
            return self._ceilings[-1] + self._slope * weight
        return self._ceilings[above - 1] * (1.0 - weight) + self._ceilings[above] * weight


class Found(NamedTuple):
    """What queries find.

    Attributes
    ----------
    items : list of (ndarray of int64, ascending)
        For each query, those that can be among the best.
    is_whole : list of bool
        Whether no others can be.
    thresholds : ndarray of float32, shape (queries,)
        What the upper bound of any item has to reach (`Scan.thresholds`).
    """

    items: list[Items]
    is_whole: list[bool]
    thresholds: Bounds

    def take(self, places: Sequence[int], more: Found) -> None:
        """Take over what some of the queries have found since."""
        self.thresholds[places] = more.thresholds
        for place, items, is_whole in zip(places, more.items, more.is_whole, strict=True):
            self.items[place], self.is_whole[place] = items, is_whole


def look(
    fronts: Sequence[Front], directions: Directions, excluded: Sequence[Places], k: int
) -> Found:
    """Look for the best of each query in its own front.

    Parameters
    ----------
    fronts : sequence of Front
        Of equal sizes, one for each query; many queries may have the same.
    directions : Directions
        The queries.
    excluded : sequence of ndarray of int
        Items that each of them does not want.
    k : int
        How many each wants; no more than a front has.
    """
    first = fronts[0]
    if all(front is first for front in fronts):
        uppers, spans = products_of(directions.vectors, first.vectors()), first.spans
        uppers += first.uppers
    else:
        uppers = _products_each([front.vectors() for front in fronts], directions.vectors)
        uppers += np.array([front.uppers for front in fronts])
        spans = np.array([front.spans for front in fronts])
    for row, (front, items) in enumerate(zip(fronts, excluded, strict=True)):
        if len(items):
            uppers[row, front.places(items)] = -np.inf
    lower = uppers - spans
    at = len(first) - k
    lower.partition(at, axis=1)
    thresholds = np.maximum(rounded_down(lower[:, at] - 2 * directions.errors), LOWEST)
    rows, places = (uppers >= thresholds[:, np.newaxis]).nonzero()
    ends = (
        rows.searchsorted(np.arange(1, len(fronts) + 1)).tolist()
        if len(fronts) > 1
        else [len(rows)]
    )
    found, is_whole, start = [], [], 0
    asked = zip(fronts, ends, directions.lengths.tolist(), thresholds.tolist(), strict=True)
    for front, end, length, threshold in asked:
        found.append(front.items[places[start:end]])
        is_whole.append(front.ceiling(length) < threshold)
        start = end
    return Found(found, is_whole, thresholds)


def _products_each(vectors: Sequence[Vectors], asked: Vectors) -> Bounds:
    """Return the products of each query with vectors of its own, a part of them at a time."""
    step = max(limits.FRONT_VALUES // max(vectors[0].size, 1), 1)
    parts = [
        np.matmul(np.array(vectors[low : low + step]), asked[low : low + step, :, np.newaxis])
        for low in range(0, len(asked), step)
    ]
    return np.concatenate(parts)[:, :, 0]
