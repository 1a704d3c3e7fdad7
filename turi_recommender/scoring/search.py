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

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format import FactorModel
from turi_recommender.scoring.candidates import Candidates
from turi_recommender.scoring.features import ItemFeatures, QueryFeatures

Scores = NDArray[np.float64]
Items = NDArray[np.int64]

UNIT = 2.0**-24  # unit roundoff of float32
_DOUBLE_SLACK = 1e-13  # for the few float64 operations beside them
_OVERFLOW = 1e36  # a float32 sum of the library stays finite below
_UNDERFLOW = 1e-37  # what float32 products can lose below its normal range
_LOWEST = np.finfo(np.float32).min

_NOTHING = np.empty(0, np.int64)

BLOCK = 256  # items that share a bound
FIRST = 256  # items of the first look
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
        order = np.argsort(-(constants + typical * norms), kind="stable").astype(np.int32)
        owned = vectors is catalogue.stored
        catalogue.reorder(order)
        self._order = order
        self._places = catalogue.places
        self._vectors = catalogue.stored if owned else vectors[order]
        constants, norms, squares = constants[order], norms[order], sizes[order] ** 2
        self._constants = constants.astype(np.float32)
        self._squares = squares.astype(np.float32)
        self._slacks = np.abs(self._constants) * np.float32(4 * UNIT)
        self._is_sound = bool(
            np.isfinite(constants).all()
            and np.isfinite(norms).all()
            and squares.max(initial=0.0) < _OVERFLOW
        )
        self._bounds = _Bounds(constants, norms, squares, typical)

    def survivors(
        self, queries: Sequence[QueryFeatures], candidates: Sequence[Candidates], k: int
    ) -> list[Items]:
        """Return, for each query, the candidates that can be among its best `k`, ties included.

        Parameters
        ----------
        queries : sequence of QueryFeatures
            All with a user or all without; they share each step's matrix product.
        candidates : sequence of Candidates
            One for each query, without an allow list, each of more than `k` items.
        k : int
            How many are wanted.

        Returns
        -------
        list of ndarray of int64, ascending
        """
        directions = self._directions(queries)
        if not (self._is_sound and directions.is_sound):
            return [out.indices().astype(np.int64) for out in candidates]
        excluded = [self._places(out.excluded) for out in candidates]
        scan = _Scan(directions, excluded, k)
        low, high = 0, min(max(FIRST, _GROWTH * k), len(self._order))
        while len(scan.active):
            here = slice(low, high)
            products = self._products(directions.vectors[scan.active], self._vectors[here])
            products += self._constants[here]
            scan.absorb(low, products, self._errors(directions, here))
            low = high
            stop = scan.go_on(low, self._bounds, len(self._order))
            high = min(stop, low * _GROWTH, low + _LARGEST)
        return [np.sort(self._order[places]).astype(np.int64) for places in scan.found()]

    def among(self, query: QueryFeatures, items: Items, k: int) -> Items:
        """Return those of `items` (ascending, more than `k`) that can be among their best `k`."""
        directions = self._directions([query])
        if not (self._is_sound and directions.is_sound):
            return items
        places = self._places(items)
        scan = _Scan(directions, [_NOTHING], k)
        products = self._products(directions.vectors, self._vectors[places])
        products += self._constants[places]
        scan.absorb(0, products, self._errors(directions, places))
        left: Items = items[scan.found()[0]]
        return left

    @staticmethod
    def _products(
        directions: NDArray[np.float32], vectors: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        if len(directions) == 1:  # a product with a vector is faster than with a matrix of one row
            single: NDArray[np.float32] = vectors @ directions[0]
            return single[np.newaxis]
        return directions @ vectors.T

    def _errors(
        self, directions: _Directions, where: slice | NDArray[np.integer[Any]]
    ) -> NDArray[np.float32]:
        """Return the items' part of the errors, shape (items,)."""
        errors: NDArray[np.float32] = self._squares[where] * np.float32(directions.rate)
        errors += self._slacks[where]
        return errors

    def _directions(self, queries: Sequence[QueryFeatures]) -> _Directions:
        others = [query.others for query in queries]
        users = [query.user for query in queries if query.user is not None]
        linear = np.array([other.linear_size for other in others])
        linear += self._intercept + self._linear_size
        if self._interactions:
            totals = np.array([other.total for other in others])
            sizes = np.array([other.magnitude for other in others])
        else:
            totals = np.zeros((len(queries), self._vectors.shape[1]))
            sizes = totals.copy()
        if users:
            factors = np.array([user.factors for user in users])
            totals += factors
            sizes += np.abs(factors)
            linear += [abs(user.linear) for user in users]
        terms = self._max_features + 1 + len(others[0].features) + 2 * totals.shape[1] + 4
        return _Directions(totals, sizes, linear, terms)


class _Directions:
    """What queries multiply the items' vectors by, and how far computed scores can be off.

    The bound on the error of one score is ``rate (item's size + query's size)**2``, at most twice
    the sum of their squares; so it splits into a part of the item and one of the query.

    Parameters
    ----------
    totals, sizes : ndarray of float64, shape (queries, K)
        Sums of the features' factors, and of their magnitudes.
    linear : ndarray of float64, shape (queries,)
        Magnitude of all linear terms.
    terms : int
        How many roundings a score can take.

    Attributes
    ----------
    vectors : ndarray of float32, shape (queries, K)
    lengths : ndarray of float64, shape (queries,)
    errors : ndarray of float64, shape (queries,)
        The queries' part of the errors.
    rate : float
        An item's part is this times the square of its size.
    is_sound : bool
        Whether the bounds mean anything: all numbers are finite and within float32.
    """

    def __init__(self, totals: Scores, sizes: Scores, linear: Scores, terms: int) -> None:
        self.rate = 2 * (2 * terms * UNIT + _DOUBLE_SLACK)
        self.vectors = totals.astype(np.float32)
        self.lengths = np.sqrt(np.einsum("ij,ij->i", totals, totals))
        squares = np.einsum("ij,ij->i", sizes, sizes)
        self.errors = self.rate * squares + (_DOUBLE_SLACK * linear + _UNDERFLOW)
        self.is_sound = bool(squares.max() < _OVERFLOW)


class _Bounds:
    """What no score of a block, or of any block after it, can exceed.

    The largest ``constant + norm * length`` of the items from a block on is a convex function of
    the direction's length. It is kept at some lengths; between two of them it lies below the
    chord.
    """

    def __init__(self, constants: Scores, norms: Scores, squares: Scores, typical: float) -> None:
        starts = np.arange(0, len(constants), BLOCK)
        self._levels = [level * typical for level in _LEVELS] if typical > 0 else [0.0]
        self._tables = [_suffix_max(constants + level * norms, starts) for level in self._levels]
        self._norms = _suffix_max(norms, starts)
        self._squares = _suffix_max(squares, starts)
        self._slacks = _suffix_max(4 * UNIT * np.abs(constants), starts)
        # The same as Python's numbers, for the one limit that most queries need.
        self._scalars = (
            [table.tolist() for table in self._tables],
            self._norms.tolist(),
            self._squares.tolist(),
            self._slacks.tolist(),
        )
        self._arrays = (self._tables, self._norms, self._squares, self._slacks)

    def __len__(self) -> int:
        return len(self._norms)

    def limit(self, length: float, rate: float, block: int) -> float:
        """Return the limit from this block on, with the items' part of the error."""
        tables, norms, squares, slacks = self._scalars
        above, weight = self._level(length)
        limit = tables[above - 1][block]
        if above == len(self._levels):
            limit += norms[block] * weight
        else:
            limit = limit * (1.0 - weight) + tables[above][block] * weight
        return float(limit + (rate * squares[block] + slacks[block]))

    def limits(self, length: float, rate: float) -> Scores:
        """Return the limits of all blocks; they descend."""
        tables, norms, squares, slacks = self._arrays
        above, weight = self._level(length)
        limits = tables[above - 1]
        if above == len(self._levels):
            limits = limits + norms * weight
        else:
            limits = limits * (1.0 - weight) + tables[above] * weight
        return limits + (rate * squares + slacks)

    def _level(self, length: float) -> tuple[int, float]:
        """Return the level above a length, and its weight; above the last, the excess."""
        above = bisect_right(self._levels, length)
        low = self._levels[above - 1]
        if above == len(self._levels):
            return above, length - low
        return above, (length - low) / (self._levels[above] - low)


class _Scan:
    """The way of some queries through the catalogue.

    Parameters
    ----------
    directions : _Directions
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
        self, directions: _Directions, excluded: Sequence[NDArray[np.integer[Any]]], k: int
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

    def go_on(self, low: int, bounds: _Bounds, count: int) -> int:
        """Drop the queries that need nothing from place `low` on; return how far others go."""
        stops = []
        lengths = self._directions.lengths[self.active].tolist()
        thresholds = self._thresholds[self.active].tolist()
        for length, threshold in zip(lengths, thresholds, strict=True):
            reach = 0
            if low < count:
                asked = (length, self._directions.rate)
                if bounds.limit(*asked, low // BLOCK) >= threshold:
                    limits = bounds.limits(*asked)
                    blocks = len(bounds) - int(limits[::-1].searchsorted(threshold))
                    reach = min(blocks * BLOCK, count)
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
