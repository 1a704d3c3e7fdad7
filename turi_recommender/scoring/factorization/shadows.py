"""The items' vectors as blocks see them: along one feature's factors, and element by element.

A number far outside the trained range moves all scores along the factors of its feature. How far
items reach along them is the same for all numbers of that feature, so it is kept.
"""

from __future__ import annotations

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


class Reach(NamedTuple):
    """How far the items of each block reach along some factors.

    Attributes
    ----------
    lowest, highest : ndarray of float32, shape (blocks,)
    """

    lowest: Factors
    highest: Factors


class Shadows:
    """Products of all items with the factors of single features.

    Parameters
    ----------
    vectors : ndarray of float32, shape (items, K)
        Of the items, in the order of the search.
    """

    def __init__(self, vectors: Factors) -> None:
        self._vectors = vectors
        self._starts = np.arange(0, len(vectors), limits.SEARCH_BLOCK)
        self._products = remember(limits.ODD_PRODUCTS, self._multiply)
        self._reach = remember(limits.ODD_REACHES, self._measure)

    def highest(self, features: list[Feature]) -> Values:
        """Return what features, each times its x, add to an item of each block at most.

        Parameters
        ----------
        features : list of Feature
            At least one.

        Returns
        -------
        ndarray of float64, shape (blocks,)
            It can be lower by `slope` times an item's size.
        """
        if len(features) == 1:
            x, reach = _factor(features[0]), self._reach(features[0].raw.tobytes())
            return np.maximum(x * reach.lowest, x * reach.highest)
        total = np.zeros(len(self._vectors), np.float32)
        for feature in features:
            total += np.float32(_factor(feature)) * self._products(feature.raw.tobytes())
        return np.maximum.reduceat(total, self._starts).astype(np.float64)

    def slope(self, features: list[Feature]) -> float:
        """Return what `highest` can be off by for an item of size 1."""
        lengths = [float(np.linalg.norm(feature.factors.astype(np.float64))) for feature in features]
        return sum(lengths) * (self._vectors.shape[1] + 2 * len(features) + 4) * UNIT

    def _multiply(self, raw: bytes) -> Factors:
        products: Factors = self._vectors @ np.frombuffer(raw, np.float32)
        return products

    def _measure(self, raw: bytes) -> Reach:
        products = self._products(raw)
        lowest = np.minimum.reduceat(products, self._starts)
        return Reach(lowest, np.maximum.reduceat(products, self._starts))


class Boxes:
    """The lowest and the highest element of the items' own factors, block by block.

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
    def _lowest(self) -> Factors:
        """The lowest elements, shape (K, blocks)."""
        return np.ascontiguousarray(np.minimum.reduceat(self._vectors, self._starts).T)

    @cached_property
    def _highest(self) -> Factors:
        """The highest elements, shape (K, blocks)."""
        return np.ascontiguousarray(np.maximum.reduceat(self._vectors, self._starts).T)

    def highest(self, rounding: Rounding, blocks: NDArray[np.int64], *, has_user: bool) -> Values:
        """Return what the odd features' own terms add to an item's score at most.

        Parameters
        ----------
        rounding : Rounding
            The query.
        blocks : ndarray of int64, shape (n,)
            Which blocks.
        has_user : bool
            Whether the first of the query's features is the user.

        Returns
        -------
        ndarray of float64, shape (n,)
        """
        lowest, highest = self._lowest[:, blocks], self._highest[:, blocks]
        low = self._sums(lowest, rounding.rows, has_user=has_user)
        high = self._sums(highest, rounding.rows, has_user=has_user)
        terms = np.zeros(len(blocks))
        for row in rounding.odd.nonzero()[0].tolist():
            factors = rounding.rows[row][:, np.newaxis]
            best = np.where(factors > 0, high, low)
            made = float32.dot_columns(best * factors) - rounding.squares[row]
            terms += 0.5 * made.astype(np.float64)
        return terms

    @staticmethod
    def _sums(own: Factors, rows: Factors, *, has_user: bool) -> Factors:
        """Add up user, own and others, in this order, as `MachineForm` does."""
        first = int(has_user)
        sums = rows[0][:, np.newaxis] + own if has_user else own.copy()
        for row in rows[first:]:
            sums += row[:, np.newaxis]
        return sums


def _factor(feature: Feature) -> float:
    """Return x as it is multiplied with the factors."""
    return float(np.float32(feature.x))
