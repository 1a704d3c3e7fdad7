"""What the items of some histories give to their neighbours, added up.

Sums are 64-bit integers, so they are exact whatever the order of addition.

Source: docs/format.md, section 7.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format import NeighbourModel, SavedModel
from turi_recommender.scoring import limits
from turi_recommender.scoring.query import History
from turi_recommender.wording import counted

Indices = NDArray[np.integer[Any]]
Scores = NDArray[np.float64]

ONE = 2.0**24  # fixed-point unit of similarities
_RECORD = 16  # bytes: a neighbour and its similarity


class Visits(NamedTuple):
    """What some histories give to other items, history after history.

    Attributes
    ----------
    owners : ndarray of int64
        Position of the history.
    items : ndarray of int64
        Every item it visits, ascending; also those that got nothing.
    sums : ndarray of int64
        Their sums, times 2**24.
    ends : list of int
        Where each history's items end.
    lengths : list of int
        Number of items in each history.
    """

    owners: NDArray[np.int64]
    items: NDArray[np.int64]
    sums: NDArray[np.int64]
    ends: list[int]
    lengths: list[int]

    @classmethod
    def of_one(cls, items: NDArray[np.int64], sums: NDArray[np.int64], length: int) -> Visits:
        """Return the visits of a single history, which has so many items."""
        return cls(np.zeros(len(items), np.int64), items, sums, [len(items)], [length])

    def only(self, number: int) -> Visits:
        """Return the visits of one history."""
        if len(self.ends) == 1:
            return self
        here = slice(self.ends[number - 1] if number else 0, self.ends[number])
        return Visits.of_one(self.items[here], self.sums[here], self.lengths[number])


class Shares(NamedTuple):
    """What single items of a history give to others; shape (n,) each.

    Attributes
    ----------
    givers, takers : ndarray of int64
        Positions in the history, and among the items that are given to.
    amounts : ndarray of int64
        How much, times 2**24.
    """

    givers: NDArray[np.int64]
    takers: NDArray[np.int64]
    amounts: NDArray[np.int64]

    def by_item(self, history: History) -> Shares:
        """Return the shares of different items: a history can have several values of one item.

        Their amounts are added up, and the item's first place in the history is the giver.
        """
        first = history.items.searchsorted(history.items[self.givers])
        length = max(len(history.items), 1)
        keys, amounts = _added_up(self.takers * length + first, self.amounts)
        takers, givers = np.divmod(keys, length)
        return Shares(givers, takers, amounts)


class NeighbourTable:
    """The neighbours of every item, and what a history gives to them.

    Parameters
    ----------
    saved : SavedModel
        For its files.
    model : NeighbourModel
        The table, and the items' means that pearson needs.
    num_items : int
        Size of the catalogue.

    Attributes
    ----------
    similarity : str
        "jaccard", "cosine" or "pearson".
    item_means : ndarray of float64
        Mean target of each item for pearson; empty otherwise.
    widest : int
        Most neighbours that an item has.
    """

    def __init__(self, saved: SavedModel, model: NeighbourModel, num_items: int) -> None:
        self.similarity = model.similarity
        self.item_means = np.array(model.item_means)
        self._num_items = num_items
        self._bounds = model.bounds.astype(np.int64)
        self.widest = int(np.diff(self._bounds).max(initial=0))
        self._rows = saved.rows(model.neighbours)

    def __len__(self) -> int:
        return len(self._bounds) - 1

    def count(self, items: Indices) -> int:
        """Return how many neighbours some items have all together."""
        return int(self._sizes(items).sum())

    def visits_any(self, history: History) -> bool:
        """Tell whether any item of a history has a neighbour."""
        return bool((self._sizes(history.items) > 0).any())

    def _sizes(self, items: Indices) -> NDArray[np.int64]:
        """Return how many neighbours each item has; one beyond the table has none."""
        inside = np.minimum(items, len(self) - 1) if len(self) > 0 else items
        sizes: NDArray[np.int64] = self._bounds[inside + 1] - self._bounds[inside]
        return np.where(items < len(self), sizes, 0)

    def row(self, item: int) -> NDArray[np.int64]:
        """Return the neighbours of an item, ascending, and their similarities times 2**24.

        The shape is (neighbours, 2); an item beyond the table has none.
        """
        row = np.frombuffer(self._raw(item), np.int64).reshape(-1, 2)
        if len(row) > 0:
            self._check(row.item(0), row.item(-2), self._num_items)
        return row

    def _check(self, first: int, last: int, end: int) -> None:
        """Refuse what is not the file that was checked when the model was loaded.

        Parameters
        ----------
        first, last, end : int
            What stands first and last among indices that ascend, and what they are below.
        """
        if first < 0 or last >= end:
            raise self._rows.changed(f"a neighbour beyond {counted(self._num_items, 'item')}")

    def _raw(self, item: int) -> bytes:
        if not 0 <= item < len(self):
            return b""
        return self._rows.raw(int(self._bounds[item]), int(self._bounds[item + 1]))

    def visit(self, histories: Sequence[History]) -> Visits:
        """Add up what each item of some histories gives to its neighbours."""
        lengths = [len(items) for items, _ in histories]
        if len(histories) == 1:
            items, values = histories[0]
        else:
            items = np.concatenate([items for items, _ in histories])
            values = np.concatenate([values for _, values in histories])
        owners = np.arange(len(histories)).repeat(lengths)
        keys, sums = np.empty(0, np.int64), np.empty(0, np.int64)
        for part in self._parts(items):
            added = self._visit_part(owners[part], items[part], values[part])
            keys, sums = _joined((keys, sums), added) if len(keys) > 0 else added
        if len(keys) > 0:
            self._check(keys[0], keys[-1], len(histories) * self._num_items)
        if len(histories) == 1:
            return Visits.of_one(keys, sums, lengths[0])
        owners, visited = np.divmod(keys, max(self._num_items, 1))
        ends = owners.searchsorted(np.arange(1, len(histories) + 1)).tolist()
        return Visits(owners, visited, sums, ends, lengths)

    def shares(self, history: History, items: NDArray[np.int64]) -> Shares:
        """Return what each item of a history gives to each of some items.

        Parameters
        ----------
        history : History
            The items that give.
        items : ndarray of int64
            Those that are given to, ascending and without repeats.
        """
        givers: list[NDArray[np.int64]] = []
        takers: list[NDArray[np.int64]] = []
        amounts: list[NDArray[np.int64]] = []
        for part in self._parts(history.items):
            within, values = history.items[part], history.values[part]
            rows = [self._raw(item) for item in within.tolist()]
            sizes = [len(row) // _RECORD for row in rows]
            table = np.frombuffer(b"".join(rows), np.int64).reshape(-1, 2)
            places = np.minimum(items.searchsorted(table[:, 0]), len(items) - 1)
            hit = (items[places] == table[:, 0]).nonzero()[0]
            owners = np.arange(len(within)).repeat(sizes)[hit]
            givers.append(owners + part.start)
            takers.append(places[hit])
            amounts.append(self._deltas(table[hit, 1], within[owners], values[owners]))
        return Shares(*(np.concatenate(each) for each in (givers, takers, amounts)))

    def _parts(self, items: Indices) -> list[slice]:
        """Cut items into parts of no more than `limits.NEIGHBOURS_AT_ONCE` neighbours.

        Or of one item: it has fewer neighbours than there are items.
        """
        if len(items) * self.widest <= limits.NEIGHBOURS_AT_ONCE:  # nearly always
            return [slice(0, len(items))]
        sizes = self._sizes(items)
        before = sizes.cumsum() - sizes
        steps = before // limits.NEIGHBOURS_AT_ONCE
        cuts = np.flatnonzero(np.diff(steps)) + 1
        return [slice(low, high) for low, high in pairwise([0, *cuts.tolist(), len(items)])]

    def _visit_part(
        self, owners: NDArray[np.int64], items: Indices, values: Scores
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return keys (owner, then neighbour), ascending, and what each is given.

        Parameters
        ----------
        owners : ndarray of int64, shape (n,)
            Position of the history to which each item belongs.
        items : ndarray of int, shape (n,)
            Items.
        values : ndarray of float64, shape (n,)
            Their targets.
        """
        rows = [self._raw(item) for item in items.tolist()]
        sizes = [len(row) // _RECORD for row in rows]
        table = np.frombuffer(b"".join(rows), np.int64).reshape(-1, 2)
        keys = owners.repeat(sizes) * self._num_items + table[:, 0]
        return _added_up(keys, self._deltas(table[:, 1], items.repeat(sizes), values.repeat(sizes)))

    def _deltas(
        self, similar: NDArray[np.int64], items: Indices, values: Scores
    ) -> NDArray[np.int64]:
        match self.similarity:
            case "jaccard":
                return similar if values.all() else similar * (values != 0)
            case "cosine":
                return _to_int64(np.trunc(similar * values))
            case _:
                deviations = values - self.item_means[items]
                return _to_int64(_round_half_away(similar * deviations))


def _added_up(
    keys: NDArray[np.int64], amounts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the different keys, ascending, and the sum of the amounts of each."""
    order = keys.argsort(kind="stable")
    keys = keys[order]
    is_first = np.ones(len(keys), np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=is_first[1:])
    starts = is_first.nonzero()[0]
    sums = np.add.reduceat(amounts[order], starts) if len(starts) else amounts
    return keys[starts], sums


def _joined(
    one: tuple[NDArray[np.int64], NDArray[np.int64]],
    other: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return keys and sums of two parts together."""
    return _added_up(np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]]))


def _round_half_away(values: Scores) -> Scores:
    whole = np.trunc(values)
    return whole + np.where(np.abs(values - whole) >= 0.5, np.sign(values), 0.0)


def _to_int64(values: Scores) -> NDArray[np.int64]:
    return values.astype(np.int64)
