"""The pairs of user and item that `Recommender.predict` is asked about.

Source: docs/queries.md, section 6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.errors import QueryError
from turi_recommender.format import Column
from turi_recommender.scoring.arguments import id_in, read_list, read_row
from turi_recommender.scoring.query import Query, QueryReader
from turi_recommender.scoring.results import Id


class AskedPairs:
    """Pairs that were checked and translated, those of the same visit together.

    Parameters
    ----------
    rows : sequence of mapping
        Column names to values: user, item, and any of the observation side columns.
    queries : QueryReader
        Translates everything but the item.
    column : Column
        The item column.
    find_items : callable
        Takes item ids; returns their indices, or `UNKNOWN`.

    Attributes
    ----------
    users, items : list of int or str
        Ids by pair.
    queries : list of Query
        The different visits: a user and the context, each once.
    places : list of ndarray of int64
        Which pairs belong to each visit.
    indices : list of ndarray of int64
        Their items, or `UNKNOWN`.

    Raises
    ------
    QueryError
        If a row is no mapping, lacks an id, or has a value of the wrong type or a column that the
        model was not trained with; it names the place in the query.
    """

    def __init__(
        self,
        rows: Sequence[Mapping[str, Any]],
        queries: QueryReader,
        column: Column,
        find_items: Callable[[Sequence[Id]], list[int]],
    ) -> None:
        visits = []
        self.items: list[Id] = []
        for position, row in enumerate(read_list(rows, "pairs")):
            item, visit = _taken_apart(row, column, position)
            self.items.append(item)
            visits.append(visit)
        asked = queries.read_all(visits, "pairs")
        self.users: list[Id] = [query.user_id for query in asked]
        together: dict[Any, list[int]] = {}
        for place, query in enumerate(asked):
            visited = (query.user_id, query.context, query.has_context)
            together.setdefault(visited, []).append(place)
        found = np.array(find_items(self.items), np.int64)
        self.queries: list[Query] = [asked[places[0]] for places in together.values()]
        self.places = [np.array(places, np.int64) for places in together.values()]
        self.indices: list[NDArray[np.int64]] = [found[places] for places in self.places]

    def in_order(self, parts: Sequence[Sequence[Any]]) -> list[Any]:
        """Return one value for each pair, in the order of the query.

        Parameters
        ----------
        parts : sequence of sequence
            The values by visit, one for each of its pairs.
        """
        ordered: list[Any] = [None] * len(self.items)
        for places, values in zip(self.places, parts, strict=True):
            for place, value in zip(places.tolist(), values, strict=True):
                ordered[place] = value
        return ordered


def _taken_apart(row: Any, column: Column, position: int) -> tuple[Id, Mapping[str, Any]]:
    """Return the item of a row, and the row without it."""
    try:
        item = id_in(read_row(row), column)
    except QueryError as error:
        raise error.within("pairs", position) from None
    return item, {name: value for name, value in row.items() if name != column.name}
