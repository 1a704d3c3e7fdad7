"""Find the few items that can be among the best k, without looking at the whole catalogue.

A score is a constant of the query, plus a constant of the item, plus the product of the item's
vector and the query's direction; what side data an item has is folded into its vector and constant
once. By Cauchy-Schwarz no score exceeds ``constant + |vector| |direction|``. Items stand in the
order of that bound, in blocks, so a scan can stop where no later block reaches the k-th best.

The scan itself is a float32 product. An error bound says how far it, and the library's own float32
arithmetic, can be from the true value: an item is dropped only if its upper bound stays below the
k-th best lower bound. Who is left, ties included, is scored exactly elsewhere. The error bound is
the standard one for sums of floating-point products in any order, n u sum|a||b| (Higham, Accuracy
and Stability of Numerical Algorithms, 2nd ed., section 3.1), taken generously.

Source: the order and the stop are those of exact maximum inner product search by length (Teflioudi
et al., LEMP, SIGMOD 2015).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.models.format import FactorModel
from app.models.scoring.candidates import Candidates
from app.models.scoring.features import ItemFeatures, QueryFeatures

Scores = NDArray[np.float64]
Items = NDArray[np.int64]

UNIT = 2.0**-24  # unit roundoff of float32
_DOUBLE_SLACK = 1e-13  # for the few float64 operations beside them
_OVERFLOW = 1e37
_UNDERFLOW = 1e-37  # what float32 products can lose below its normal range
_LOWEST = float(np.finfo(np.float32).min)

BLOCK = 256  # items that share a bound
FIRST = 512  # items of the first look
_GROWTH = 4
_LARGEST = 1 << 14  # items a step: their vectors and scores stay in the cache
_CHUNK = 1 << 14
_SAMPLE = 512
_LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0)


class ScoreSearch:
    """The catalogue of a factorization model, in the order of its bounds.

    Parameters
    ----------
    model : FactorModel
        Weights and factors.
    catalogue : ItemFeatures
        The items; their factors are stored in the search's order afterwards.
    interactions : bool
        Whether all features interact (factorization machine), or only user and item.
    """

    def __init__(self, model: FactorModel, catalogue: ItemFeatures, *, interactions: bool) -> None:
        self._interactions = interactions
        self._intercept = abs(model.intercept)
        self._max_features = 1 + catalogue.max_side
        self._linear_size = _largest(catalogue.linear)
        self._linear_size += _largest(catalogue.side_linear) * catalogue.max_side
        vectors, constants, sizes = _fold(catalogue, interactions=interactions)
        norms = sizes if vectors is catalogue.stored else row_lengths(vectors)
        typical = _typical_length(model, interactions=interactions)
        self._order = np.argsort(-(constants + typical * norms), kind="stable").astype(np.int32)
        owned = vectors is catalogue.stored
        catalogue.reorder(self._order)
        self.places = catalogue.places
        self.vectors = catalogue.stored if owned else vectors[self._order]
        constants, norms, sizes = constants[self._order], norms[self._order], sizes[self._order]
        self.constants = constants.astype(np.float32)
        self.sizes = sizes.astype(np.float32)
        self.slacks = np.abs(self.constants) * np.float32(4 * UNIT)
        self.is_sound = bool(np.isfinite(constants).all() and np.isfinite(norms).all())
        self.bounds = _Bounds(constants, norms, sizes, typical)

    def survivors(
        self, queries: Sequence[QueryFeatures], candidates: Sequence[Candidates], k: int
    ) -> list[Items]:
        """Return, for each query, the candidates that can be among its best `k`, ties included.

        Parameters
        ----------
        queries : sequence of QueryFeatures
            All of them share each step's matrix product.
        candidates : sequence of Candidates
            One for each query, without an allow list, each of more than `k` items.
        k : int
            How many are wanted.

        Returns
        -------
        list of ndarray of int64, ascending
        """
        scans = [
            _Scan(self, self._direction(query), self.places(out.excluded), k)
            for query, out in zip(queries, candidates, strict=True)
        ]
        low, high = 0, min(max(FIRST, _GROWTH * k), len(self._order))
        active = [scan for scan in scans if scan.is_sure]
        while active:
            part = self.vectors[low:high]
            if len(active) == 1:
                active[0].absorb(low, part @ active[0].direction.vector)
            else:
                directions = np.array([scan.direction.vector for scan in active])
                for scan, products in zip(active, directions @ part.T, strict=True):
                    scan.absorb(low, products)
            low = high
            stops = [scan.stop(low) for scan in active]
            active = [scan for scan, stop in zip(active, stops, strict=True) if stop > low]
            high = min(max(stops), low * _GROWTH, low + _LARGEST)
        return [
            np.sort(self._order[scan.found()]).astype(np.int64)
            if scan.is_sure
            else out.indices().astype(np.int64)
            for scan, out in zip(scans, candidates, strict=True)
        ]

    def among(self, query: QueryFeatures, items: Items, k: int) -> Items:
        """Return those of `items` (ascending, more than `k`) that can be among their best `k`."""
        places = self.places(items)
        scan = _Scan(self, self._direction(query), np.empty(0, np.int64), k)
        scan.absorb_places(places, self.vectors[places] @ scan.direction.vector)
        return items[scan.found()] if scan.is_sure else items

    def _direction(self, query: QueryFeatures) -> _Direction:
        user, others = query.user, query.others
        width = self.vectors.shape[1]
        if self._interactions:
            total, sizes = others.total, others.magnitude
        else:
            total = sizes = np.zeros(width)
        linear = self._intercept + others.linear_size
        if user is not None:
            total, sizes = total + user.factors, sizes + np.abs(user.factors)
            linear += abs(user.linear)
        terms = self._max_features + 1 + len(others.features) + 2 * width + 4
        return _Direction(
            vector=total.astype(np.float32),
            length=math.sqrt(total @ total),
            size=math.sqrt(sizes @ sizes),
            rate=2 * terms * UNIT + _DOUBLE_SLACK,
            slack=_DOUBLE_SLACK * (linear + self._linear_size) + _UNDERFLOW,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Direction:
    """What a query multiplies the items' vectors by, and what the errors depend on.

    Attributes
    ----------
    vector : ndarray of float32, shape (K,)
    length : float
        Its length.
    size : float
        Length of the sum of the magnitudes of what it was made of.
    rate, slack : float
        An item's score can be off by ``rate (its size + size)**2 + slack`` and its own slack.
    """

    vector: NDArray[np.float32]
    length: float
    size: float
    rate: float
    slack: float


class _Bounds:
    """What no score of a block, or of any block after it, can exceed.

    The largest ``constant + norm * length`` of the items from a block on is a convex function of
    the direction's length. It is kept at some lengths; between two of them it lies below the
    chord.
    """

    def __init__(self, constants: Scores, norms: Scores, sizes: Scores, typical: float) -> None:
        starts = np.arange(0, len(constants), BLOCK)
        self._levels = [level * typical for level in _LEVELS] if typical > 0 else [0.0]
        self._tables = [_suffix_max(constants + level * norms, starts) for level in self._levels]
        self._norms = _suffix_max(norms, starts)
        self._sizes = _suffix_max(sizes, starts)
        self._slacks = _suffix_max(4 * UNIT * np.abs(constants), starts)

    def __len__(self) -> int:
        return len(self._norms)

    def limits(self, direction: _Direction, blocks: int | slice) -> Any:
        """Return the limit from this block on, or those of many; they descend."""
        above = bisect_right(self._levels, direction.length)
        low = self._levels[above - 1]
        limits = self._tables[above - 1][blocks]
        if above == len(self._levels):
            limits = limits + self._norms[blocks] * (direction.length - low)
        else:
            weight = (direction.length - low) / (self._levels[above] - low)
            limits = limits * (1.0 - weight) + self._tables[above][blocks] * weight
        errors = direction.rate * (self._sizes[blocks] + direction.size) ** 2
        return limits + (errors + self._slacks[blocks] + direction.slack)


class _Scan:
    """One query's way through the catalogue.

    Parameters
    ----------
    search : ScoreSearch
        What is searched.
    direction : _Direction
        The query.
    excluded : ndarray of int
        Places that are not wanted.
    k : int
        How many are.

    Attributes
    ----------
    is_sure : bool
        False once a number was met of which the bounds say nothing: then anything can be best.
    """

    def __init__(
        self,
        search: ScoreSearch,
        direction: _Direction,
        excluded: NDArray[np.integer[Any]],
        k: int,
    ) -> None:
        self.direction = direction
        self.is_sure = search.is_sound
        self._search = search
        self._excluded = excluded
        self._k = k
        self._threshold = _LOWEST
        self._places: list[NDArray[np.integer[Any]]] = []
        self._lower: list[NDArray[np.float32]] = []
        self._upper: list[NDArray[np.float32]] = []

    def absorb(self, low: int, products: NDArray[np.float32]) -> None:
        """Take the products of the items from place `low` on; they are used up."""
        here = slice(low, low + len(products))
        products += self._search.constants[here]
        if len(self._excluded):
            within = self._excluded[self._excluded >= low] - low
            products[within[within < len(products)]] = -np.inf
        self._judge(low, products, self._errors(here))

    def absorb_places(
        self, places: NDArray[np.integer[Any]], products: NDArray[np.float32]
    ) -> None:
        """Take the products of the items at these places; they are used up."""
        if self.is_sure:
            products += self._search.constants[places]
            self._judge(0, products, self._errors(places))

    def _errors(self, where: slice | NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        errors: NDArray[np.float32] = self._search.sizes[where] + np.float32(self.direction.size)
        errors *= errors
        errors *= np.float32(self.direction.rate)
        errors += self._search.slacks[where]
        errors += np.float32(self.direction.slack)
        return errors

    def _judge(
        self, low: int, scores: NDArray[np.float32], errors: NDArray[np.float32]
    ) -> None:
        upper = scores + errors
        # Greater ones could be infinite in the library's float32 sums; NaN is not less than either.
        if not (upper.max() < _OVERFLOW and errors.max() < self.direction.rate * _OVERFLOW):
            self.is_sure = False
            return
        lower = np.subtract(scores, errors, out=scores)
        if not self._places:
            self._raise_threshold(lower)
        keep = (upper >= self._threshold).nonzero()[0]
        if len(keep) == 0:
            return
        is_first = not self._places
        self._places.append(keep + low)
        self._lower.append(lower[keep])
        self._upper.append(upper[keep])
        if not is_first:
            self._raise_threshold(np.concatenate(self._lower))

    def _raise_threshold(self, lower: NDArray[np.float32]) -> None:
        if len(lower) >= self._k:
            at = len(lower) - self._k
            self._threshold = max(self._threshold, float(np.partition(lower, at)[at]))

    def stop(self, low: int) -> int:
        """Return the place from which on nothing can reach the threshold; `low` or before: now."""
        bounds, count = self._search.bounds, len(self._search.constants)
        if not self.is_sure or low >= count:
            return 0
        if bounds.limits(self.direction, low // BLOCK) < self._threshold:
            return 0
        limits = bounds.limits(self.direction, slice(None))
        reaching = len(bounds) - int(limits[::-1].searchsorted(self._threshold))
        return min(reaching * BLOCK, count)

    def found(self) -> NDArray[np.integer[Any]]:
        """Return the places of the items that can be among the best k."""
        if len(self._places) == 1:
            return self._places[0]
        places = np.concatenate([np.empty(0, np.int64), *self._places])
        return places[np.concatenate([np.empty(0, np.float32), *self._upper]) >= self._threshold]


def _fold(
    catalogue: ItemFeatures, *, interactions: bool
) -> tuple[NDArray[np.float32], Scores, Scores]:
    """Fold each item's side features into one vector and one constant.

    Returns
    -------
    vectors : ndarray of float32, shape (items, K)
        The catalogue's own array if there is nothing to fold.
    constants : ndarray of float64, shape (items,)
    sizes : ndarray of float64, shape (items,)
        Length of the sum of the magnitudes of what was folded.
    """
    vectors, constants = catalogue.stored, catalogue.linear
    sizes = row_lengths(vectors)
    if not catalogue.has_side:
        return vectors, constants, sizes
    constants = constants.copy()
    if interactions:
        vectors = vectors.copy()
    for low in range(0, catalogue.count, _CHUNK):
        items = np.arange(low, min(low + _CHUNK, catalogue.count))
        own = catalogue.factors(items).astype(np.float64)
        sums, magnitudes, squares = own.copy(), np.abs(own), _row_squares(own)
        for at, entry in catalogue.side_slots(items):
            constants[items[at]] += catalogue.side_linear[entry]
            if interactions:
                side = catalogue.side_factors(entry).astype(np.float64)
                sums[at] += side
                magnitudes[at] += np.abs(side)
                squares[at] += _row_squares(side)
        if interactions:
            vectors[items] = sums
            constants[items] += 0.5 * (_row_squares(sums) - squares)
            sizes[items] = np.sqrt(_row_squares(magnitudes))
    return vectors, constants, sizes


def _typical_length(model: FactorModel, *, interactions: bool) -> float:
    """Return the length of the direction of a usual query: half of the known users' exceed it."""
    users = model.sizes[0]
    rows = np.unique(np.linspace(0, users - 1, min(users, _SAMPLE)).astype(np.int64))
    directions = model.factors[rows + model.offsets[0]].astype(np.float64)
    if interactions:
        for offset, size in zip(model.offsets[2:], model.sizes[2:], strict=True):
            if size > 1:  # a category; a number is near its mean, which counts as nothing
                directions = directions + model.factors[offset]
    lengths = np.sqrt(_row_squares(directions))
    lengths = lengths[np.isfinite(lengths)]
    return float(np.median(lengths)) if len(lengths) else 0.0


def _suffix_max(values: Scores, starts: NDArray[np.int64]) -> Scores:
    """Return, for each block, the largest value from it on."""
    if len(values) == 0:
        return np.zeros(1)
    maxima = np.maximum.reduceat(values, starts)
    return np.ascontiguousarray(np.maximum.accumulate(maxima[::-1])[::-1])


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
