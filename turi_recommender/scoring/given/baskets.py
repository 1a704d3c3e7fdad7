"""Check and translate the baskets of `Recommender.recommend_basket`.

Source: docs/queries.md, section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from turi_recommender.errors import QueryError
from turi_recommender.scoring.arguments import read_list
from turi_recommender.scoring.given.interactions import InteractionReader, Pair
from turi_recommender.scoring.query import Query, QueryReader

ITEMS = "items"
"""Where the items of a basket are that says something of the visit, too."""
_WANTED = f"a list of items, or a mapping with {ITEMS!r}"


class BasketReader:
    """Check baskets for one model.

    Parameters
    ----------
    interactions : InteractionReader
        Checks the items.
    queries : QueryReader
        Checks the user and the context of the visit.
    """

    def __init__(self, interactions: InteractionReader, queries: QueryReader) -> None:
        self._interactions = interactions
        self._queries = queries

    def read(self, baskets: Any) -> tuple[list[Query], list[list[Pair]]]:
        """Return a query for each basket, as yet without its items, and these items.

        Parameters
        ----------
        baskets : sequence
            Each is a list of items, or a mapping of "items" to such a list, and optionally of the
            user column and of observation side columns to values.

        Raises
        ------
        QueryError
            For a basket that is neither, a column that is unknown, or a value of the wrong type.
        """
        queries: list[Query] = []
        pairs: list[list[Pair]] = []
        for position, basket in enumerate(read_list(baskets, "baskets")):
            if not isinstance(basket, Mapping):
                queries.append(self._queries.visit({}))
                pairs.append(self._interactions.pairs(basket, "baskets", position, wanted=_WANTED))
                continue
            if ITEMS not in basket:
                raise QueryError(("baskets", position, ITEMS), f"missing; expected {_WANTED}")
            visit = {name: value for name, value in basket.items() if name != ITEMS}
            try:
                queries.append(self._queries.visit(visit))
            except QueryError as error:
                raise error.within("baskets", position) from None
            pairs.append(self._interactions.pairs(basket[ITEMS], "baskets", position, ITEMS))
        return queries, pairs
