"""The items' vectors as blocks see them: along one feature's factors, and element by element.

A number far outside the trained range moves all scores along the factors of its feature. How far
items reach along them is the same for all numbers of that feature, so it is kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization import float32
from turi_recommender.scoring.factorization.bounds import UNIT
from turi_recommender.scoring.factorization.features import Feature
from turi_recommender.scoring.factorization.rounding import Rounding
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

    def of(self, features: Sequence[Feature]) -> Shadow:
        """Return how far items reach along the sum of some features' factors.

        Parameters
        ----------
        features : sequence of Feature
            At least one.
        """
        lengths = [_length(feature.factors) for feature in features]
        if len(features) == 1:
            side, x = self._sides(features[0].raw.tobytes(), features[0].x > 0), lengths[0]
        else:
            side, x = self._side(self._added(features, lengths)), 1.0
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

    def _measure(self, raw: bytes, is_up: bool) -> _Side:
        products = self._products(raw)
        return self._side(products if is_up else -products)

    def _side(self, reach: Factors) -> _Side:
        blocks = np.maximum.reduceat(reach, self._starts)
        count = limits.ODD_ENDS
        if len(blocks) <= count:
            return _Side(np.arange(len(reach)), np.full(len(blocks), -np.inf))
        # As many items as blocks reach so far at least; of those that reach just so far, few do.
        rest = np.partition(blocks, len(blocks) - count)[len(blocks) - count]
        ends = np.flatnonzero(reach >= rest)
        if len(ends) > 2 * count:
            equal = reach[ends] == rest
            equal[np.flatnonzero(equal)[:count]] = False
            ends = ends[~equal]
        return _Side(ends, np.minimum(blocks, rest).astype(np.float64))


class _Side(NamedTuple):
    """How far items reach to one side of some factors; as in `Shadow`."""

    ends: Places
    blocks: Values


def _length(vector: Factors) -> float:
    return math.sqrt(float(np.square(vector, dtype=np.float64).sum()))


class Boxes:
    """The lowest and the highest element of the items' own factors, for each block and for all.

    The library's arithmetic never falls when one of its numbers rises, so its own result for the
    best corner of a box is a bound on the results of all items in it, without any allowance for
    rounding. Where an odd number is so large that items vanish in the rounding, all corners agree.

    Parameters
    ----------
    vectors : ndarray of float32, shape (items, K)
        The items' factors, in the order of the search; they have no side features.
    """

    def __init__(self, vectors: Factors) -> None:
        self._vectors = vectors
        self._starts = np.arange(0, len(vectors), limits.SEARCH_BLOCK)

    @cached_property
    def _of_blocks(self) -> tuple[Factors, Factors]:
        """The lowest and the highest elements of each block, shape (K, blocks) each."""
        lowest = np.minimum.reduceat(self._vectors, self._starts).T
        highest = np.maximum.reduceat(self._vectors, self._starts).T
        return np.ascontiguousarray(lowest), np.ascontiguousarray(highest)

    @cached_property
    def _of_all(self) -> tuple[Factors, Factors]:
        """The same of all items, shape (K, 1) each."""
        lowest, highest = self._of_blocks
        return lowest.min(axis=1, keepdims=True), highest.max(axis=1, keepdims=True)

    def of_all(self, rounding: Rounding) -> Values:
        """Return what the odd features' own terms add to any item's score at most, shape (1,)."""
        return _odd_terms(rounding, *self._of_all)

    def of_blocks(self, rounding: Rounding, blocks: NDArray[np.int64]) -> Values:
        """Return what they add to the scores in some blocks at most, shape (n,)."""
        lowest, highest = self._of_blocks
        return _odd_terms(rounding, lowest[:, blocks], highest[:, blocks])

    def of_items(self, rounding: Rounding, places: NDArray[np.int64]) -> Values:
        """Return what they add to the scores of some items, to the last bit, shape (n,)."""
        terms = np.empty(len(places))
        for low in range(0, len(places), limits.EXACT_CHUNK):
            here = slice(low, low + limits.EXACT_CHUNK)
            own = np.ascontiguousarray(self._vectors[places[here]].T)
            terms[here] = _odd_terms(rounding, own, own)
        return terms


def _odd_terms(rounding: Rounding, lowest: Factors, highest: Factors) -> Values:
    """Return what the odd features' own terms add at most, as `MachineForm` adds it.

    Parameters
    ----------
    rounding : Rounding
        The query.
    lowest, highest : ndarray of float32, shape (K, n)
        Between these are the items' own factors; if they are the same, the result is exact.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    low = _sums(rounding, lowest)
    high = low if highest is lowest else _sums(rounding, highest)
    terms = np.zeros(lowest.shape[1])
    for row in rounding.odd.nonzero()[0].tolist():
        factors = rounding.rows[row][:, np.newaxis]
        best = low if high is low else np.where(factors > 0, high, low)
        made = float32.dot_columns(best * factors) - rounding.squares[row]
        terms += 0.5 * made.astype(np.float64)
    return terms


def _sums(rounding: Rounding, own: Factors) -> Factors:
    """Add up user, own and others, in this order."""
    first = int(rounding.has_user)
    sums = rounding.rows[0][:, np.newaxis] + own if first else own.copy()
    for row in rounding.rows[first:]:
        sums += row[:, np.newaxis]
    return sums
