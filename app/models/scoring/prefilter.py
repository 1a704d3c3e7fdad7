"""Find the few items that can be among the best k, before they are scored exactly.

One float32 product over the catalogue gives approximate scores, and an error bound on each says how
far both it and the library's own float32 arithmetic can be from the true value. An item whose upper
bound stays below the k-th best lower bound is out, ties included; the others are scored exactly.

The bound is the standard one for sums of floating-point products in any order, n u sum|a||b|
(Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1), taken generously.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.models.format import FactorModel
from app.models.scoring.features import Feature, ItemFeatures, QueryFeatures, scaled
from app.models.scoring.topk import kth_largest

Scores = NDArray[np.float64]
Items = NDArray[np.int64]

_UNIT = 2.0**-24  # unit roundoff of float32
_DOUBLE_SLACK = 1e-13  # for the few float64 operations beside them
_OVERFLOW = 1e37
_UNDERFLOW = 1e-37  # what float32 products can lose below its normal range
_SAFE_SQUARES = (1e-25, 1e25)
_CHUNK = 1 << 14


class ScoreFilter:
    """Bounds on the scores of a factorization model.

    Parameters
    ----------
    model : FactorModel
        Weights and factors.
    catalogue : ItemFeatures
        The items.
    interactions : bool
        Whether all features interact (factorization machine), or only user and item.
    """

    def __init__(self, model: FactorModel, catalogue: ItemFeatures, *, interactions: bool) -> None:
        self._model = model
        self._interactions = interactions
        self._folded = catalogue.factors
        self._constants = catalogue.linear
        self._lengths = row_lengths(catalogue.factors)
        self._max_features = 1 + catalogue.max_side
        self._linear_size = _largest(catalogue.linear)
        self._linear_size += _largest(catalogue.side_linear) * catalogue.max_side
        if catalogue.has_side:
            self._fold_side(catalogue)

    def _fold_side(self, catalogue: ItemFeatures) -> None:
        """Fold each item's side features into its factors and its constant."""
        count = len(catalogue.linear)
        self._constants = catalogue.linear.copy()
        if self._interactions:
            self._folded = catalogue.factors.copy()
        for low in range(0, count, _CHUNK):
            self._fold_chunk(catalogue, np.arange(low, min(low + _CHUNK, count)))

    def _fold_chunk(self, catalogue: ItemFeatures, items: Items) -> None:
        own = catalogue.factors[items].astype(np.float64)
        sums, sizes, squares = own.copy(), np.abs(own), _row_squares(own)
        for at, entry in catalogue.side_slots(items):
            self._constants[items[at]] += catalogue.side_linear[entry]
            if self._interactions:
                side = catalogue.side_factors(self._model, entry).astype(np.float64)
                sums[at] += side
                sizes[at] += np.abs(side)
                squares[at] += _row_squares(side)
        if self._interactions:
            self._folded[items] = sums
            self._constants[items] += 0.5 * (_row_squares(sums) - squares)
            self._lengths[items] = np.sqrt(_row_squares(sizes))

    def survivors(self, query: QueryFeatures, items: Items, k: int) -> Items:
        """Return those of `items` (ascending) that can be among their best `k`, ties included.

        Parameters
        ----------
        query : QueryFeatures
            What the items are scored for.
        items : ndarray of int64
            More than `k` candidates.
        k : int
            How many are wanted.
        """
        features = query.all if self._interactions else query.all[: int(query.user is not None)]
        direction, length = self._direction(features)
        scores = self._approximate(direction, items)
        errors = self._errors(query, length, items)
        if not (np.isfinite(scores).all() and np.isfinite(errors).all()):
            return items
        threshold = kth_largest(scores - errors, k)
        left: Items = items[scores + errors >= threshold]
        return left

    def _direction(self, features: tuple[Feature, ...]) -> tuple[NDArray[np.float32], float]:
        """Sum the factors of the query's features; also the length of the sum of their sizes."""
        width = self._folded.shape[1]
        total, sizes = np.zeros(width), np.zeros(width)
        for feature in features:
            factors = scaled(self._model, feature.row, feature.x)[0].astype(np.float64)
            total += factors
            sizes += np.abs(factors)
        return total.astype(np.float32), float(np.sqrt(sizes @ sizes))

    def _approximate(self, direction: NDArray[np.float32], items: Items) -> Scores:
        if 4 * len(items) < len(self._folded):
            products = self._folded[items] @ direction
        else:
            products = (self._folded @ direction)[items]
        return self._constants[items] + products

    def _errors(self, query: QueryFeatures, length: float, items: Items) -> Scores:
        terms = self._max_features + len(query.all) + 2 * self._folded.shape[1] + 4
        spans = (self._lengths[items] + length) ** 2
        spans[spans > _OVERFLOW] = np.inf  # a float32 sum of the library could be infinite
        linear = abs(self._model.intercept) + sum(abs(feature.linear) for feature in query.all)
        linear += self._linear_size
        errors: Scores = (2 * terms * _UNIT + _DOUBLE_SLACK) * spans
        errors += 4 * _UNIT * np.abs(self._constants[items])
        return errors + (_DOUBLE_SLACK * linear + _UNDERFLOW)


class CosineFilter:
    """Bounds on the cosines between items' factors.

    Parameters
    ----------
    factors : ndarray of float32, shape (items, K)
        Factors of the items.
    """

    def __init__(self, factors: NDArray[np.float32]) -> None:
        self._factors = factors
        self._lengths = row_lengths(factors)
        squares = self._lengths**2
        # Where a float32 square could overflow or lose digits, the bound below says nothing.
        self._unsure = ~((squares > _SAFE_SQUARES[0]) & (squares < _SAFE_SQUARES[1]))
        self._lengths[self._unsure] = 1.0

    def survivors(self, item: int, k: int) -> Items:
        """Return the items (ascending) that can be among the best `k`, ties included."""
        count = len(self._factors)
        if k >= count or self._unsure[item]:
            return np.arange(count)
        products = (self._factors @ self._factors[item]).astype(np.float64)
        cosines = products / (self._lengths * self._lengths[item])
        cosines[self._unsure] = 0.0
        error = 8 * (self._factors.shape[1] + 8) * _UNIT
        lower = np.where(self._unsure, -1.0, cosines - error)
        upper = np.where(self._unsure, np.inf, cosines + error)
        return np.flatnonzero(upper >= kth_largest(lower, k))


def _row_squares(rows: NDArray[np.floating[Any]]) -> Scores:
    """Squared length of each row, in float64."""
    wide = rows.astype(np.float64)
    squares: Scores = np.einsum("ij,ij->i", wide, wide)
    return squares


def row_lengths(rows: NDArray[np.float32]) -> Scores:
    """Length of each row, in float64."""
    parts = [_row_squares(chunk) for chunk in _chunks(rows)]
    lengths: Scores = np.sqrt(np.concatenate([np.empty(0), *parts]))
    return lengths


def _largest(values: Scores) -> float:
    """Largest magnitude; 0 of nothing."""
    return float(np.abs(values).max(initial=0.0))


def _chunks(rows: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Split into parts small enough for float64 copies."""
    for low in range(0, len(rows), _CHUNK):
        yield rows[low : low + _CHUNK]
