"""The features of a query and of the catalogue, ready for a factorization model.

Source: format document, sections 5.2 and 7.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.models.format import FactorModel, SideTable
from app.models.format.metadata import Metadata
from app.models.scoring.ids import UNKNOWN
from app.models.scoring.query import Entry, Query

_USER, _ITEM = 0, 1


@dataclass(frozen=True, slots=True)
class Feature:
    """One entry of a row as the model sees it.

    Attributes
    ----------
    row : int
        Its row of the weights and factors.
    x : float
        Its shifted and scaled value.
    linear : float
        x times its linear weight.
    """

    row: int
    x: float
    linear: float


@dataclass(frozen=True, slots=True)
class QueryFeatures:
    """What all candidates of a query have in common.

    Attributes
    ----------
    user : Feature or None
        None for a cold user.
    others : tuple of Feature
        Context, then the user's side data, in the library's order.
    """

    user: Feature | None
    others: tuple[Feature, ...]

    @property
    def all(self) -> tuple[Feature, ...]:
        """The user, if known, and the others."""
        return self.others if self.user is None else (self.user, *self.others)


class FeatureReader:
    """Translate queries into features.

    Parameters
    ----------
    model : FactorModel
        Weights, factors and scaling.
    metadata : Metadata
        For the users' side data.
    """

    def __init__(self, model: FactorModel, metadata: Metadata) -> None:
        self._model = model
        self._user_side: SideTable = metadata.user_side
        self._first_user_side = len(metadata.columns)

    def read(self, query: Query) -> QueryFeatures:
        """Translate one query."""
        user = None
        if query.user != UNKNOWN:
            user = self._feature(Entry(_USER, query.user, 1.0))
        entries = [*query.context, *self._side_entries(query.user)]
        return QueryFeatures(user, tuple(self._feature(entry) for entry in entries))

    def _feature(self, entry: Entry) -> Feature:
        model = self._model
        row = model.offsets[entry.column] + entry.index
        x = float(model.scales[row]) * (entry.value - float(model.shifts[row]))
        return Feature(row, x, x * float(model.weights[row]))

    def _side_entries(self, user: int) -> list[Entry]:
        if user == UNKNOWN or not self._user_side.columns:
            return []
        side = self._user_side.entries(np.array([user]))
        columns = (side.columns + self._first_user_side).tolist()
        fields = zip(columns, side.indices.tolist(), side.values.tolist(), strict=True)
        return [Entry(*field) for field in fields]


class ItemFeatures:
    """The catalogue's features, in arrays.

    Attributes
    ----------
    factors : ndarray of float32, shape (items, K), aligned
        x times factors of each item's own feature.
    linear : ndarray of float64, shape (items,)
        x times weight of each item's own feature.
    side_starts : ndarray of int64, shape (items + 1,)
        Side features of item i are [side_starts[i], side_starts[i + 1]) of the arrays below.
    side_rows : ndarray of int64
        Row of the weights and factors.
    side_x, side_linear : ndarray of float64
        x, and x times weight.
    """

    def __init__(self, model: FactorModel, metadata: Metadata) -> None:
        count = model.sizes[_ITEM]
        own = slice(model.offsets[_ITEM], model.offsets[_ITEM] + count)
        x = model.scales[own] * (1.0 - model.shifts[own])
        # Copied: BLAS would copy the unaligned view of the file at each product.
        self.factors = np.array(model.factors[own], np.float32, order="C")
        if (x != 1.0).any():
            self.factors *= x.astype(np.float32)[:, np.newaxis]
        self.linear = x * model.weights[own]
        self._read_side(model, metadata, count)

    def _read_side(self, model: FactorModel, metadata: Metadata, count: int) -> None:
        side = metadata.item_side.entries(np.arange(count))
        first = len(metadata.columns) + len(metadata.user_side.columns)
        offsets = np.array(model.offsets[first:], np.int64)
        self.side_rows = offsets[side.columns] + side.indices
        self.side_x = model.scales[self.side_rows] * (side.values - model.shifts[self.side_rows])
        self.side_linear = self.side_x * model.weights[self.side_rows]
        self.side_starts = np.searchsorted(side.rows, np.arange(count + 1))

    def side_factors(self, model: FactorModel, entries: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return x times factors of these side features, shape (entries, K)."""
        return scaled(model, self.side_rows[entries], self.side_x[entries])

    @property
    def has_side(self) -> bool:
        """Whether any item has side data."""
        return len(self.side_rows) > 0

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
        starts, ends = self.side_starts[items], self.side_starts[items + 1]
        for slot in range(int((ends - starts).max(initial=0))):
            at = np.flatnonzero(starts + slot < ends)
            yield at, starts[at] + slot


def scaled(
    model: FactorModel, rows: int | NDArray[np.int64], x: float | NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return x times the factors of these rows, shape (rows, K) or (1, K)."""
    factors = np.atleast_2d(np.asarray(model.factors[rows], np.float32))
    return np.atleast_1d(np.asarray(x)).astype(np.float32)[:, np.newaxis] * factors
