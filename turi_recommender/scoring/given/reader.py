"""All that a query can bring along beside users, checked and translated for one model.

Source: docs/queries.md, sections 1 to 3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from turi_recommender.format.metadata import Metadata
from turi_recommender.scoring.given.baskets import BasketReader
from turi_recommender.scoring.given.history import give, give_one, make_baskets
from turi_recommender.scoring.given.interactions import InteractionReader
from turi_recommender.scoring.given.item_data import ItemData
from turi_recommender.scoring.given.side_data import SideDataReader
from turi_recommender.scoring.ids import IdIndex
from turi_recommender.scoring.query import History, Query, QueryReader

Trained = Callable[[Query], History]


class GivenReader:
    """Check and translate interactions, baskets and side data.

    Parameters
    ----------
    metadata : Metadata
        The model's columns.
    items : IdIndex
        The trained items.
    queries : QueryReader
        Checks users and the context of a visit.

    Attributes
    ----------
    user_side, item_side : SideDataReader
        Check side data of users and of items.
    """

    def __init__(self, metadata: Metadata, items: IdIndex, queries: QueryReader) -> None:
        main = metadata.columns
        self._all_items = items
        self._interactions = InteractionReader(main, metadata.target)
        self._baskets = BasketReader(self._interactions, queries)
        first = len(main)
        self.user_side = SideDataReader(metadata.user, metadata.user_side, first, main)
        first += len(metadata.user_side.columns)
        self.item_side = SideDataReader(metadata.item, metadata.item_side, first, main)

    def items(self, item_data: Any) -> ItemData | None:
        """Return the items of `item_data`; None where there are none, or the model ignores them."""
        if item_data is None:
            return None
        sides = self.item_side.read(item_data, "item_data")
        return ItemData(sides, self._all_items) if sides else None

    def with_interactions(
        self, queries: Sequence[Query], rows: Any, items: ItemData | None, trained: Trained
    ) -> list[Query]:
        """Return the queries with the interactions of their users.

        Parameters
        ----------
        queries : sequence of Query
            Users that are asked for.
        rows : sequence of mapping
            Interactions, also of others.
        items : ItemData or None
            Items that are candidates though the model does not know them.
        trained : callable
            Returns the trained history of a query's user.

        Raises
        ------
        QueryError
            If a row is not what it should be.
        """
        pairs = self._interactions.by_user(rows, {query.user_id for query in queries})
        made = make_baskets(list(pairs.values()), self._all_items, _new(items))
        return give(queries, dict(zip(pairs, made, strict=True)), trained)

    def with_user_data(self, queries: Sequence[Query], rows: Any) -> list[Query]:
        """Return the queries with the side data of their users.

        Parameters
        ----------
        queries : sequence of Query
            Users that are asked for.
        rows : sequence of mapping
            Side data, also of others.

        Raises
        ------
        QueryError
            If a row is not what it should be.
        """
        sides = self.user_side.read(rows, "user_data")
        return [replace(query, side=sides.get(query.user_id)) for query in queries]

    def baskets(self, baskets: Any, items: ItemData | None, trained: Trained) -> list[Query]:
        """Return a query for each basket.

        Parameters
        ----------
        baskets : sequence
            As for `Recommender.recommend_basket`.
        items : ItemData or None
            Items that are candidates though the model does not know them.
        trained : callable
            Returns the trained history of a query's user.

        Raises
        ------
        QueryError
            If a basket is not what it should be.
        """
        visits, pairs = self._baskets.read(baskets)
        made = make_baskets(pairs, self._all_items, _new(items))
        return [
            give_one(visit, basket, trained) for visit, basket in zip(visits, made, strict=True)
        ]


def _new(items: ItemData | None) -> dict[Any, int]:
    return {} if items is None else items.new
