"""The features of a query, ready for a factorization model.

Source: docs/format.md, sections 5.2 and 7.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from turi_recommender.errors import ModelFormatError, ModelUnreadableError
from turi_recommender.format import MACHINE, FactorModel, SavedModel, SideTable
from turi_recommender.scoring import limits
from turi_recommender.scoring.expansion import Entry
from turi_recommender.scoring.lookup import UNKNOWN
from turi_recommender.scoring.query import Query
from turi_recommender.scoring.remember import remember

_USER = 0

Factors = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """One entry of a row as the model sees it.

    Attributes
    ----------
    row : int
        Its row of the weights and factors; `UNKNOWN` if it has none.
    linear : float
        x (its shifted and scaled value) times its linear weight.
    raw : ndarray of float32, shape (K,)
        Its factors; empty where it has none.
    factors : ndarray of float32, shape (K,)
        x times its factors.
    x : float
        As above.
    """

    row: int
    linear: float
    raw: Factors
    factors: Factors
    x: float = 1.0


class Others:
    """The features of a query besides the user's own; they are kept, since many visits share them.

    Parameters
    ----------
    features : tuple of Feature
        Context, then the user's side data, in the library's order.
    width : int
        K where all features interact, else 0: then their factors are not used.

    Attributes
    ----------
    stacked : ndarray of float32, shape (K, features)
        Their factors.
    total, magnitude : ndarray of float64, shape (K,)
        Sum of the factors, and of their magnitudes.
    linear : list of float
        Their linear terms.
    linear_size : float
        Sum of the magnitudes of these.
    odd : list of int
        Places of the features whose x is far outside the trained range.
    """

    def __init__(self, features: tuple[Feature, ...], width: int) -> None:
        self.features = features
        # A number that is none is not usual either.
        self.odd = [at for at, each in enumerate(features) if not abs(each.x) <= limits.USUAL_VALUE]
        rows = np.zeros((len(features), width), np.float32)
        for place, feature in enumerate(features):
            rows[place] = feature.factors[:width]
        self.stacked = np.ascontiguousarray(rows.T)
        self.total = rows.sum(axis=0, dtype=np.float64)
        self.magnitude = np.abs(rows).sum(axis=0, dtype=np.float64)
        self.linear = [feature.linear for feature in features]
        self.linear_size = float(sum(map(abs, self.linear)))


@dataclass(frozen=True, slots=True, eq=False)
class QueryFeatures:
    """What all candidates of a query have in common.

    Attributes
    ----------
    user : Feature or None
        None for a cold user.
    others : Others
        The other features.
    """

    user: Feature | None
    others: Others


class SideFeatures(NamedTuple):
    """Features of side data, in arrays.

    Attributes
    ----------
    x, linear : ndarray of float64, shape (n,)
        x of each, and x times its weight.
    places : ndarray of int64, shape (n,)
        Row of `raw`.
    raw : ndarray of float32, shape (different features, K)
        Factors of each different one; no rows where side data has no factors.
    distinct : ndarray of int64, shape (different features,)
        Row of the weights and factors of each different one.
    """

    x: NDArray[np.float64]
    linear: NDArray[np.float64]
    places: NDArray[np.int64]
    raw: Factors
    distinct: NDArray[np.int64]


class FeatureReader:
    """Translate queries into features.

    Parameters
    ----------
    saved : SavedModel
        For its files.
    model : FactorModel
        Weights, factors and scaling.
    """

    def __init__(self, saved: SavedModel, model: FactorModel) -> None:
        self._model = model
        self._factors = saved.rows(model.factors)
        self._weights = np.array(model.weights)
        self._scaling = [_Scaling(model, column) for column in range(len(model.sizes))]
        self._user_side = _UserSide(saved, saved.metadata.user_side)
        self._first_user_side = len(saved.metadata.columns)
        self._shared = remember(limits.CONTEXTS, self._read_others)
        self._width = model.num_factors if model.mode == MACHINE else 0
        self._usual_side = _usual_side(self._width)
        self.has_long_sides = self._user_side.longest > self._usual_side

    def read(self, query: Query) -> QueryFeatures:
        """Translate one query."""
        return QueryFeatures(self._user(query), self._others(self.entries(query)))

    def _user(self, query: Query) -> Feature | None:
        """Return the feature of the user: of factors that come with the query, without a weight."""
        if query.factors is not None:
            return Feature(UNKNOWN, 0.0, query.factors, query.factors)
        return None if query.user == UNKNOWN else self._feature(Entry(_USER, query.user, 1.0))

    def entries(self, query: Query) -> tuple[Entry, ...]:
        """Return the entries of a query besides the user's own, in the library's order."""
        side = query.side
        if side is None and query.user != UNKNOWN:
            side = self.side_entries(query.user)
        return (*query.context, *side) if side else query.context

    def side_features(self, entries: Sequence[Entry]) -> SideFeatures:
        """Translate entries of side data; factors are read once for each different feature."""
        rows = [self._model.offsets[column] + place for column, place, _ in entries]
        x = [self._scaling[column].scaled(place, value) for column, place, value in entries]
        linear = [one * float(self._weights[row]) for one, row in zip(x, rows, strict=True)]
        distinct = {row: place for place, row in enumerate(dict.fromkeys(rows))}
        places = [distinct[row] for row in rows]
        factors = [self._factors.row(row) for row in distinct if row < len(self._factors)]
        raw = np.array(factors, np.float32).reshape(len(factors), self._model.num_factors)
        arrays = np.array(x, np.float64), np.array(linear, np.float64)
        keys = np.array([*distinct], np.int64)
        return SideFeatures(*arrays, np.array(places, np.int64), raw, keys)

    def long_side(self, user: int) -> int:
        """Return how many words of side data a user has, if it is more than is usual; else 0."""
        words = self._user_side.words(user)
        return words if words > self._usual_side else 0

    def largest(self, column: int, magnitude: float) -> float:
        """Return how large x = scale * (value - shift) can be for values of a side column.

        Parameters
        ----------
        column : int
            Position among all columns of a query: user, item, then side columns.
        magnitude : float
            The values' largest magnitude.
        """
        return self._scaling[column].largest(magnitude)

    def _others(self, entries: tuple[Entry, ...]) -> Others:
        """Return the features of entries; short ones, of which there are few, are kept."""
        if len(entries) > limits.KEPT_FEATURES:
            return self._read_others(entries)
        return self._shared(entries)

    def _read_others(self, entries: tuple[Entry, ...]) -> Others:
        return Others(tuple(self._feature(entry) for entry in entries), self._width)

    def _feature(self, entry: Entry) -> Feature:
        row = self._model.offsets[entry.column] + entry.place
        x = self._scaling[entry.column].scaled(entry.place, entry.value)
        linear = x * float(self._weights[row])
        has_factors = row < len(self._factors)
        raw = self._factors.row(row) if has_factors else np.empty(0, np.float32)
        factors = raw if x == 1.0 else np.float32(x) * raw
        return Feature(row, linear, raw, factors, x)

    def side_entries(self, user: int) -> tuple[Entry, ...]:
        """Return the side data of a user as the model was trained with it."""
        return tuple(
            Entry(column + self._first_user_side, index, value)
            for column, index, value in self._user_side.entries(user)
        )


def _usual_side(width: int) -> int:
    """Return how many words of side data are usual, with so many factors for each."""
    few = min(limits.USUAL_SIDE, limits.USUAL_SIDE_VALUES // max(width, 1))
    return max(few, limits.KEPT_FEATURES)


class _Scaling:
    """x = scale * (value - shift) of one column, without touching the file again."""

    def __init__(self, model: FactorModel, column: int) -> None:
        block = slice(model.offsets[column], model.offsets[column] + model.sizes[column])
        shifts, scales = model.shifts[block], model.scales[block]
        # Nearly all features are indicators: they are not shifted, and scaled by one.
        self._is_identity = bool((shifts == 0.0).all() and (scales == 1.0).all())
        none = np.empty(0)
        self._shifts = none if self._is_identity else np.array(shifts)
        self._scales = none if self._is_identity else np.array(scales)
        self._largest_shift = float(np.abs(self._shifts).max(initial=0.0))
        self._largest_scale = float(np.abs(self._scales).max(initial=0.0))

    def largest(self, magnitude: float) -> float:
        """Return a bound on x for values up to this magnitude."""
        if self._is_identity:
            return magnitude
        return self._largest_scale * (magnitude + self._largest_shift)

    def scaled(self, index: int, value: float) -> float:
        if self._is_identity:
            return value
        return float(self._scales[index]) * (value - float(self._shifts[index]))


class _UserSide:
    """Side data of one user at a time."""

    def __init__(self, saved: SavedModel, table: SideTable) -> None:
        self._table = table
        self._words = saved.rows(table.words) if table.columns else None
        self.longest = int(table.lengths.max(initial=0)) if table.columns else 0

    def words(self, user: int) -> int:
        """Return how many words of side data a user has: no fewer than entries."""
        return int(self._table.lengths[user]) if 0 <= user < len(self._table.lengths) else 0

    def entries(self, user: int) -> list[tuple[int, int, float]]:
        """Return (side column, index, value) of each entry."""
        table = self._table
        if self._words is None or user >= len(table.starts):
            return []
        start, length = int(table.starts[user]), int(table.lengths[user])
        words = self._words.slice(start, start + length)
        one = SideTable(
            table.columns,
            words,
            np.zeros(1, np.int64),
            np.full(1, length, np.int64),
            table.stream,
            table.offset,
        )
        try:
            side = one.entries(np.zeros(1, np.int64))
        except ModelFormatError as error:  # it was not so when the model was loaded
            reason = f"the file has changed: {error.found}"
            raise ModelUnreadableError(error.path, error.offset, reason) from error
        columns, indices = side.columns.tolist(), side.indices.tolist()
        return list(zip(columns, indices, side.values.tolist(), strict=True))
