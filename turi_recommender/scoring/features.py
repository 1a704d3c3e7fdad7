"""The features of a query and of the catalogue, ready for a factorization model.

Source: docs/format.md, sections 5.2 and 7.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format import FactorModel, SavedModel, SideTable
from turi_recommender.format.metadata import Metadata
from turi_recommender.scoring.ids import UNKNOWN
from turi_recommender.scoring.query import Entry, Query
from turi_recommender.scoring.remember import remember

_USER, _ITEM = 0, 1
_CONTEXTS = 1024  # combinations of side data that are kept ready

Factors = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """One entry of a row as the model sees it.

    Attributes
    ----------
    row : int
        Its row of the weights and factors.
    linear : float
        x (its shifted and scaled value) times its linear weight.
    raw : ndarray of float32, shape (K,)
        Its factors; empty where it has none.
    factors : ndarray of float32, shape (K,)
        x times its factors.
    """

    row: int
    linear: float
    raw: Factors
    factors: Factors


class Others:
    """The features of a query besides the user's own; visits share them, so they are kept.

    Parameters
    ----------
    features : tuple of Feature
        Context, then the user's side data, in the library's order.
    width : int
        K.

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
    """

    def __init__(self, features: tuple[Feature, ...], width: int) -> None:
        self.features = features
        rows = np.zeros((len(features), width), np.float32)
        for place, feature in enumerate(features):
            rows[place, : len(feature.factors)] = feature.factors
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
        self._shared = remember(_CONTEXTS, self._read_others)

    def read(self, query: Query) -> QueryFeatures:
        """Translate one query."""
        if query.user == UNKNOWN:
            return QueryFeatures(None, self._shared(query.context))
        user = self._feature(Entry(_USER, query.user, 1.0))
        side = self._side_entries(query.user)
        return QueryFeatures(user, self._shared((*query.context, *side) if side else query.context))

    def _read_others(self, entries: tuple[Entry, ...]) -> Others:
        return Others(tuple(self._feature(entry) for entry in entries), self._model.num_factors)

    def _feature(self, entry: Entry) -> Feature:
        row = self._model.offsets[entry.column] + entry.place
        x = self._scaling[entry.column].scaled(entry.place, entry.value)
        linear = x * float(self._weights[row])
        has_factors = row < len(self._factors)
        raw = self._factors.row(row) if has_factors else np.empty(0, np.float32)
        return Feature(row, linear, raw, raw if x == 1.0 else np.float32(x) * raw)

    def _side_entries(self, user: int) -> list[Entry]:
        return [
            Entry(column + self._first_user_side, index, value)
            for column, index, value in self._user_side.entries(user)
        ]


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

    def scaled(self, index: int, value: float) -> float:
        if self._is_identity:
            return value
        return float(self._scales[index]) * (value - float(self._shifts[index]))


class _UserSide:
    """Side data of one user at a time."""

    def __init__(self, saved: SavedModel, table: SideTable) -> None:
        self._table = table
        self._words = saved.rows(table.words) if table.columns else None

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
        side = one.entries(np.zeros(1, np.int64))
        columns, indices = side.columns.tolist(), side.indices.tolist()
        return list(zip(columns, indices, side.values.tolist(), strict=True))


class ItemFeatures:
    """The catalogue's features, in arrays.

    Attributes
    ----------
    stored : ndarray of float32, shape (items, K)
        x times factors of each item's own feature, in stored order; see `reorder`.
    linear : ndarray of float64, shape (items,)
        x times weight of each item's own feature.
    side_starts : ndarray of int64, shape (items + 1,)
        Side features of item i are [side_starts[i], side_starts[i + 1]) of the arrays below.
    side_rows : ndarray of int64
        Row of the weights and factors.
    side_x, side_linear : ndarray of float64
        x, and x times weight.
    side_factors : ndarray of float32, shape (distinct side rows, K), and their places
        Factors of the side features, which few items have each for themselves.
    """

    def __init__(self, model: FactorModel, metadata: Metadata) -> None:
        count = model.sizes[_ITEM]
        own = slice(model.offsets[_ITEM], model.offsets[_ITEM] + count)
        x = model.scales[own] * (1.0 - model.shifts[own])
        self.stored: Factors = model.factors[own]  # a view of the file, until `reorder` copies it
        if len(self.stored) and (x != 1.0).any():  # a linear model has no factors
            self.stored = self.stored * x.astype(np.float32)[:, np.newaxis]
        self.linear = x * model.weights[own]
        self._order: NDArray[np.int32] | None = None
        self._places: NDArray[np.int32] | None = None
        self._read_side(model, metadata, count)

    def _read_side(self, model: FactorModel, metadata: Metadata, count: int) -> None:
        side = metadata.item_side.entries(np.arange(count))
        first = len(metadata.columns) + len(metadata.user_side.columns)
        offsets = np.array(model.offsets[first:], np.int64)
        rows = offsets[side.columns] + side.indices
        self.side_x = model.scales[rows] * (side.values - model.shifts[rows])
        self.side_linear = self.side_x * model.weights[rows]
        self.side_starts = np.searchsorted(side.rows, np.arange(count + 1))
        distinct, self._side_places = np.unique(rows, return_inverse=True)
        within = distinct[distinct < len(model.factors)]
        self._side_raw = np.array(model.factors[within], np.float32)

    def reorder(self, order: NDArray[np.int32]) -> None:
        """Store the factors in this order of the items, in memory."""
        self.stored = self.stored[order]
        self._order = order
        self._places = np.empty(len(order), np.int32)
        self._places[order] = np.arange(len(order), dtype=np.int32)

    def places(self, items: NDArray[np.integer[Any]]) -> NDArray[np.integer[Any]]:
        """Return where these items are stored."""
        return items if self._places is None else self._places[items]

    def items(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the items, ascending, that are stored at these places."""
        return places if self._order is None else np.sort(self._order[places]).astype(np.int64)

    def factors(self, items: NDArray[np.integer[Any]]) -> Factors:
        """Return x times the own factors of these items, shape (n, K)."""
        factors: Factors = self.stored[self.places(items)]
        return factors

    def side_factors(self, entries: NDArray[np.int64]) -> Factors:
        """Return x times factors of these side features, shape (entries, K)."""
        x = self.side_x[entries].astype(np.float32)
        scaled: Factors = x[:, np.newaxis] * self._side_raw[self._side_places[entries]]
        return scaled

    @property
    def count(self) -> int:
        """Number of items."""
        return len(self.linear)

    @property
    def has_side(self) -> bool:
        """Whether any item has side data."""
        return len(self.side_x) > 0

    @property
    def max_side(self) -> int:
        """The largest number of side features of one item."""
        return int(np.diff(self.side_starts).max(initial=0))

    def side_slots(
        self, items: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yield the first side features of all items, then the second, and so on.

        Each time: positions in `items` that have one, and its position in the side arrays.
        """
        if not self.has_side:
            return
        starts, ends = self.side_starts[items], self.side_starts[items + 1]
        for slot in range(int((ends - starts).max(initial=0))):
            at = np.flatnonzero(starts + slot < ends)
            yield at, starts[at] + slot
