"""Why a factorization model gave an item its score.

The library adds the linear terms of all features, then what each has in common with all others. For
people this is regrouped: what a column says by itself, and what it has to do with the item.

Source: docs/queries.md, section 9.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format import MACHINE, Column, ColumnMode, FactorModel, SavedModel
from turi_recommender.scoring import limits
from turi_recommender.scoring.expansion import Entry
from turi_recommender.scoring.factorization.catalogue import Catalogue
from turi_recommender.scoring.factorization.features import Others, QueryFeatures
from turi_recommender.scoring.lookup import UNKNOWN
from turi_recommender.scoring.query import QueryReader, label, label_bound
from turi_recommender.scoring.terms import CLOSING, LOG_ODDS, SCORE, Term, TermsBound, Why, closed

Scores = NDArray[np.float64]

AVERAGE = "the catalogue's average"
VISITOR = "this visitor"
ITEM = "this item"
MEETING = "visitor with item"

_ITEM = 1
_AFFIXES = len("visitor with item's ")  # the most that names have before and after a label


class Part(NamedTuple):
    """A column of a visit.

    Attributes
    ----------
    name : str
        The column, and its value where that is short.
    column : str
        The column alone.
    alone : float
        What it adds whatever the item is: its weight, and what it has to do with the visitor and
        the columns before it.
    vector : ndarray of float64, shape (K,)
        Sum of its factors.
    """

    name: str
    column: str
    alone: float
    vector: Scores


@dataclass(frozen=True, slots=True, eq=False)
class ItemSides:
    """The side data of some items, n of them, by column.

    Attributes
    ----------
    names : list of list of (int, str)
        For each item: the columns of which it has any, and what they are called.
    alone : ndarray of float64, shape (n, columns)
        What each adds whatever the visit is: its weight, and what it has to do with the item.
    vectors : ndarray of float64, shape (n, columns, K)
        Sums of their factors.
    """

    names: list[list[tuple[int, str]]]
    alone: Scores
    vectors: Scores


class Explainer:
    """Take the scores of a model apart.

    Parameters
    ----------
    saved : SavedModel
        For the names and values of its side columns.
    model : FactorModel
        The model.
    catalogue : Catalogue
        Its items.
    queries : QueryReader
        Knows the values of the observation side columns.
    """

    def __init__(
        self,
        saved: SavedModel,
        model: FactorModel,
        catalogue: Catalogue,
        queries: QueryReader,
    ) -> None:
        metadata = saved.metadata
        self._intercept = model.intercept
        self._of = LOG_ODDS if model.sigmoid else SCORE
        self._catalogue = catalogue
        self._queries = queries
        self._visit_names = [column.name for column in metadata.columns]
        self._user_side = [_Labels(column) for column in metadata.user_side.columns]
        self._item_side = [_Labels(column) for column in metadata.item_side.columns]
        self._first_user_side = len(metadata.columns)
        first = self._first_user_side + len(self._user_side)
        self._side_offsets = np.array(model.offsets[first:], np.int64)
        self._width = model.num_factors if model.mode == MACHINE else 0

    def over(self, catalogue: Catalogue) -> Explainer:
        """Return the same for other items, such as those whose side data comes with a query."""
        other = copy(self)
        other._catalogue = catalogue
        return other

    def bound(self) -> TermsBound:
        """Return how large the terms of one score can get: each column has two at most."""
        side = (*self._user_side, *self._item_side)
        columns = self._queries.label_bounds() + [labels.bound() for labels in side]
        names = [*self._visit_names[2:], *(labels.name for labels in side)]
        fixed = sum(map(len, (AVERAGE, VISITOR, ITEM, MEETING)))
        text = sum(2 * (bound + _AFFIXES) for bound in columns)
        text += sum(2 * len(name.encode()) for name in names)
        return TermsBound(4 + 2 * len(columns) + CLOSING.terms, fixed + text + CLOSING.text)

    def explain(
        self,
        query: QueryFeatures,
        entries: Sequence[Entry],
        items: NDArray[np.int64],
        raw: Scores,
        meetings: Scores | None,
    ) -> list[Why]:
        """Return the terms of the raw scores of one query.

        Parameters
        ----------
        query : QueryFeatures
            The user and the other features.
        entries : sequence of Entry
            What these others were made of.
        items : ndarray of int64, shape (n,)
            Item indices, or `UNKNOWN`.
        raw : ndarray of float64, shape (n,)
            The scores before the link function.
        meetings : ndarray of float64, shape (n,), optional
            What user and item add together, where nothing else interacts; None where all features
            do, or none.
        """
        parts = self._visit(query, entries)
        width = max((len(self._item_side) + len(parts) + 2) * self._width, 1)
        step = max(limits.SIDE_VALUES // width, 1)
        whys = []
        for low in range(0, len(items), step):
            here = slice(low, low + step)
            some = None if meetings is None else meetings[here]
            named = self._terms(query, parts, items[here], some)
            totals = raw[here].tolist()
            whys += [
                closed(terms, total, self._of) for terms, total in zip(named, totals, strict=True)
            ]
        return whys

    # -- what holds whatever the item is ----------------------------------------------------

    def _visit(self, query: QueryFeatures, entries: Sequence[Entry]) -> list[Part]:
        """Return the columns of a visit, context first."""
        before = np.zeros(self._width)
        if self._width and query.user is not None:
            before += query.user.factors
        parts = []
        for name, column, places in self._columns_of(entries):
            alone, vector = _summed(query.others, places)
            parts.append(Part(name, column, float(alone + before @ vector), vector))
            before += vector
        return parts

    def _columns_of(self, entries: Sequence[Entry]) -> Iterator[tuple[str, str, slice]]:
        """Yield the name of each column with its value, without, and which features are its own."""
        low = 0
        for column, group in groupby(entries, key=lambda entry: entry.column):
            own = list(group)
            yield *self._names(column, own), slice(low, low + len(own))
            low += len(own)

    def _names(self, column: int, entries: Sequence[Entry]) -> tuple[str, str]:
        if column < self._first_user_side:
            return self._queries.label(entries), self._visit_names[column]
        labels = self._user_side[column - self._first_user_side]
        return f"visitor's {labels.of(entries)}", labels.name

    # -- what the item adds ------------------------------------------------------------------

    def _terms(
        self,
        query: QueryFeatures,
        parts: Sequence[Part],
        items: NDArray[np.int64],
        meetings: Scores | None,
    ) -> Iterator[list[Term]]:
        """Yield the terms of each item in the order in which people read them."""
        shared = [Term(AVERAGE, self._intercept, "average")]
        if query.user is not None:
            shared.append(Term(VISITOR, query.user.linear, "visitor"))
        visit = [Term(part.name, part.alone, "column", column=part.column) for part in parts]
        item_columns = [labels.name for labels in self._item_side]
        is_known = items != UNKNOWN
        known = items[is_known]
        sides = self._sides(known)
        own = self._own_factors(known)
        whole = own + sides.vectors.sum(axis=1)
        with_user, with_sides = meetings, None
        if self._width and query.user is not None:
            user = query.user.factors.astype(np.float64)
            with_user, with_sides = _inner(own, user), _inner(sides.vectors, user).tolist()
        elif meetings is not None:
            with_user = meetings[is_known]
        with_parts = [
            (f"{part.name} with item", part.column, _inner(whole, part.vector).tolist())
            for part in parts
        ]
        linear, alone = self._catalogue.linear[known].tolist(), sides.alone.tolist()
        places = iter(range(len(known)))
        for has_item in is_known.tolist():
            if not has_item:
                yield [*shared, *visit]
                continue
            at = next(places)
            names = sides.names[at]
            terms = [*shared, Term(ITEM, linear[at], "item"), *visit]
            terms += [
                Term(f"item's {name}", alone[at][place], "item column", column=item_columns[place])
                for place, name in names
            ]
            if with_user is not None:
                terms.append(Term(MEETING, float(with_user[at]), "visitor with item"))
            if self._width:
                terms += [
                    Term(name, values[at], "column with item", column=column)
                    for name, column, values in with_parts
                ]
            if with_sides is not None:
                terms += [
                    Term(
                        f"visitor with item's {name}",
                        with_sides[at][place],
                        "visitor with item column",
                        column=item_columns[place],
                    )
                    for place, name in names
                ]
            yield terms

    def _sides(self, items: NDArray[np.int64]) -> ItemSides:
        """Return the side data of items, whose columns are added up."""
        columns = len(self._item_side)
        shape = (len(items), columns)
        alone, squares, counts = np.zeros(shape), np.zeros(shape), np.zeros(shape, np.int64)
        first = np.zeros(shape, np.int64)
        vectors = np.zeros((*shape, self._width))
        for keys, entries in self._entries_of(items):
            starts = np.flatnonzero(np.diff(keys, prepend=-1))
            where = np.unravel_index(keys[starts], shape)
            alone[where] += np.add.reduceat(self._catalogue.side_linear[entries], starts)
            counts[where] += np.diff(np.append(starts, len(keys)))
            first[where] = self._catalogue.side_rows(entries[starts])
            if self._width:
                factors = self._catalogue.side_factors(entries).astype(np.float64)
                vectors[where] += np.add.reduceat(factors, starts)
                squares[where] += np.add.reduceat(np.einsum("ij,ij->i", factors, factors), starts)
        if self._width:
            before = self._own_factors(items)
            for column in range(columns):
                vector = vectors[:, column]
                inner = np.einsum("ij,ij->i", vector, vector) - squares[:, column]
                alone[:, column] += np.einsum("ij,ij->i", before, vector) + 0.5 * inner
                before += vector
        places = first - self._side_offsets[:columns]
        names = [
            [
                (column, self._item_side[column].at(int(places[at, column])))
                for column in counts[at].nonzero()[0].tolist()
            ]
            for at in range(len(items))
        ]
        return ItemSides(names, alone, vectors)

    def _own_factors(self, items: NDArray[np.int64]) -> Scores:
        """Return the items' own factors where all features interact, and none otherwise."""
        if not self._width:
            return np.zeros((len(items), 0))
        return self._catalogue.factors(items).astype(np.float64)

    def _entries_of(
        self, items: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yield some side features of items: position and column together, and which they are."""
        columns = len(self._item_side)
        if not columns:
            return
        starts = self._catalogue.side_starts[items]
        lengths = self._catalogue.side_starts[items + 1] - starts
        ends = lengths.cumsum()
        step = max(limits.SIDE_VALUES // max(self._width, 1), 1)
        for low in range(0, int(lengths.sum()), step):
            places = np.arange(low, min(low + step, int(ends[-1])))
            owners = ends.searchsorted(places, "right")
            entries = starts[owners] + places - (ends - lengths)[owners]
            rows = self._catalogue.side_rows(entries)
            own = np.maximum(self._side_offsets.searchsorted(rows, "right") - 1, 0)
            yield owners * columns + own, entries


class _Labels:
    """Names for the values of a column of side data, without the mapped file."""

    def __init__(self, column: Column) -> None:
        self.name = column.name
        self._column = column.kept()
        self._values = column.values.in_memory()

    def bound(self) -> int:
        return label_bound(self._column, self._values.take)

    def of(self, entries: Sequence[Entry]) -> str:
        return label(self._column, self._values.take, entries)

    def at(self, place: int) -> str:
        """Return the name for an index; a number is not told by it."""
        if self._column.mode != ColumnMode.CATEGORICAL:
            return self._column.name
        return self.of([Entry(0, place, 1.0)])


def _inner(vectors: Scores, vector: Scores) -> Scores:
    """Return inner products, shape (...), of which none depends on how many there are.

    A product of matrices adds up in another order where there are more rows, so that the terms of
    an item would depend on which other items were asked about.

    Parameters
    ----------
    vectors : ndarray of float64, shape (..., K)
        Any number of vectors.
    vector : ndarray of float64, shape (K,)
        One vector.
    """
    products: Scores = (vectors * vector).sum(axis=-1)
    return products


def _summed(others: Others, places: slice) -> tuple[float, Scores]:
    """Return what some features add by themselves, and the sum of their factors."""
    vectors = others.stacked[:, places].astype(np.float64)
    vector = vectors.sum(axis=1)
    inner = 0.5 * float(vector @ vector - (vectors * vectors).sum())
    return sum(others.linear[places]) + inner, vector
