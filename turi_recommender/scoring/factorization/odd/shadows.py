"""How far items reach along the factors of features, block by block.

A number far outside the trained range moves all scores along the factors of its feature. How far
items reach along them is the same for all numbers of that feature, so it is kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization.bounds import UNIT
from turi_recommender.scoring.factorization.features import Feature
from turi_recommender.scoring.remember import remember

Values = NDArray[np.float64]
Factors = NDArray[np.float32]
Places = NDArray[np.int64]

_SMALLEST = 2.0**-148  # what a float32 product can lose below the range of its type


class Shadow(NamedTuple):
    """How far items reach along the factors of odd features.

    Attributes
    ----------
    ends : ndarray of int64, ascending
        Places of the items that reach farthest.
    blocks : ndarray of float64, shape (blocks,)
        How far the others of each block reach at most.
    slope : float
        What these can be off by for an item of size 1.
    """

    ends: Places
    blocks: Values
    slope: float


class Shadows:
    """Products of all items with the factors of odd features.

    Parameters
    ----------
    vectors : ndarray of float32, shape (items, K)
        Of the items, in the order of the search.
    """

    def __init__(self, vectors: Factors) -> None:
        self._vectors = vectors
        self._starts = np.arange(0, len(vectors), limits.SEARCH_BLOCK)
        self._products = remember(limits.ODD_PRODUCTS, self._multiply)
        self._sides = remember(limits.ODD_SIDES, self._measure)

    def of(self, features: Sequence[Feature], count: int) -> Shadow:
        """Return how far items reach along the sum of some features' factors.

        Parameters
        ----------
        features : sequence of Feature
            At least one.
        count : int
            How many of the farthest items are wanted; about a quarter of it for several features.
        """
        lengths = [_length(feature.factors) for feature in features]
        if len(features) == 1:
            side, x = self._sides(features[0].raw.tobytes(), features[0].x > 0, count), lengths[0]
        else:
            side, x = self._several(self._added(features, lengths), count), 1.0
        slope = (self._vectors.shape[1] + 2 * len(features) + 4) * UNIT * sum(lengths)
        vanished = self._vectors.shape[1] * _SMALLEST * sum(lengths)
        return Shadow(side.ends, x * side.blocks + vanished, slope)

    def _added(self, features: Sequence[Feature], lengths: list[float]) -> Factors:
        """Return how far each item reaches along the sum, shape (items,)."""
        total = np.zeros(1, np.float32)
        for feature, length in zip(features, lengths, strict=True):
            reach = self._products(feature.raw.tobytes()) * np.float32(
                math.copysign(length, feature.x)
            )
            total = np.add(total, reach, out=reach)
        return total

    def _multiply(self, raw: bytes) -> Factors:
        """Return the products of all items with some factors, made to length 1."""
        factors = np.frombuffer(raw, np.float32)
        length = _length(factors)
        wide = factors.astype(np.float64) / length if length > 0 else np.zeros(len(factors))
        products: Factors = self._vectors @ wide.astype(np.float32)
        return products

    def _measure(self, raw: bytes, is_up: bool, count: int) -> _Side:
        products = self._products(raw)
        reach = products if is_up else -products
        if len(reach) <= count:
            return self._all(reach)
        return self._from(reach, np.partition(reach, len(reach) - count)[len(reach) - count], count)

    def _several(self, reach: Factors, count: int) -> _Side:
        """Return the side of what is not kept; what takes long is done by blocks."""
        blocks = np.maximum.reduceat(reach, self._starts)
        count = min(max(count // 4, 1), len(blocks))
        if len(reach) <= 4 * count:
            return self._all(reach)
        # As many items as blocks reach so far at least.
        return self._from(
            reach, np.partition(blocks, len(blocks) - count)[len(blocks) - count], count
        )

    def _all(self, reach: Factors) -> _Side:
        return _Side(np.arange(len(reach)), np.full(len(self._starts), -np.inf))

    def _from(self, reach: Factors, rest: np.float32, count: int) -> _Side:
        """Return the items that reach as far as this at least, and what the others do."""
        ends = np.flatnonzero(reach >= rest)
        if len(ends) > 2 * count:  # of those that reach just so far, few do
            equal = reach[ends] == rest
            equal[np.flatnonzero(equal)[:count]] = False
            ends = ends[~equal]
        blocks = np.minimum(np.maximum.reduceat(reach, self._starts), rest)
        return _Side(ends, blocks.astype(np.float64))


class _Side(NamedTuple):
    """How far items reach to one side of some factors; as in `Shadow`."""

    ends: Places
    blocks: Values


def _length(vector: Factors) -> float:
    return math.sqrt(float(np.square(vector, dtype=np.float64).sum()))
