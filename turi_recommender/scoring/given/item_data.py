"""Items whose side data comes with a query, also such as the model does not know.

Source: docs/queries.md, sections 0.1 and 2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring.expansion import Entry
from turi_recommender.scoring.given.side_data import Sides
from turi_recommender.scoring.ids import IdIndex
from turi_recommender.scoring.lookup import UNKNOWN
from turi_recommender.scoring.results import Id

Made = TypeVar("Made")


class ItemData:
    """The items of `item_data`; the unknown ones follow the trained ones for the length of a call.

    Parameters
    ----------
    sides : mapping of int or str to tuple of Entry
        Entries by item, in the order of the records.
    items : IdIndex
        The trained items.

    Attributes
    ----------
    num_trained : int
        Number of trained items; the unknown ones have the indices from there on, in the order of
        their records.
    new : dict of int or str to int
        Indices of the unknown ones.
    indices : ndarray of int64, shape (n,)
        All of them, ascending.
    entries : list of tuple of Entry
        Their side data.
    """

    def __init__(self, sides: Sides, items: IdIndex) -> None:
        self.num_trained = len(items)
        self._items = items
        places = items.find_many(list(sides))
        unknown = [item for item, place in zip(sides, places, strict=True) if place == UNKNOWN]
        self.new: dict[Id, int] = {
            item: index for index, item in enumerate(unknown, self.num_trained)
        }
        indexed = {
            self.new[item] if place == UNKNOWN else place: entries
            for (item, entries), place in zip(sides.items(), places, strict=True)
        }
        self.indices = np.array(sorted(indexed), np.int64)
        self.entries: list[tuple[Entry, ...]] = [indexed[index] for index in self.indices.tolist()]
        self._made: Any = None

    def once(self, make: Callable[[ItemData], Made]) -> Made:
        """Return what a model makes of these items, which it makes once for all steps of a call."""
        if self._made is None:
            self._made = make(self)
        made: Made = self._made
        return made

    @property
    def num_items(self) -> int:
        """Number of trained and new items together."""
        return self.num_trained + len(self.new)

    def ids(self, indices: NDArray[np.integer[Any]]) -> list[Any]:
        """Return the ids of trained and new items."""
        is_new = indices >= self.num_trained
        if not is_new.any():
            return self._items.ids(indices)
        trained = iter(self._items.ids(indices[~is_new]))
        new = list(self.new)
        return [
            next(trained) if index < self.num_trained else new[index - self.num_trained]
            for index in indices.tolist()
        ]

    def find_many(self, ids: Sequence[Id]) -> list[int]:
        """Return the index of each item, also of the new ones, or `UNKNOWN`."""
        places = self._items.find_many(ids)
        return [
            self.new.get(item, UNKNOWN) if place == UNKNOWN else place
            for item, place in zip(ids, places, strict=True)
        ]


def scores_at(
    scores: NDArray[np.float64], items: NDArray[np.integer[Any]], unseen: float
) -> NDArray[np.float64]:
    """Return the scores of some items of which the new ones, beyond the catalogue, have one score.

    Parameters
    ----------
    scores : ndarray of float64, shape (trained items,)
        Of the catalogue.
    items : ndarray of int, shape (n,)
        Indices.
    unseen : float
        What each new item scores.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    trained = items < len(scores)
    if trained.all():  # nearly always
        found: NDArray[np.float64] = scores[items]
        return found
    found = np.full(len(items), unseen)
    found[trained] = scores[items[trained]]
    return found
