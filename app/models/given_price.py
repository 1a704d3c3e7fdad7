"""What a query brings along costs beside its rows, estimated from sizes alone.

Interactions, baskets and side data are read once for each piece of a query, and `diversity` ranks
more items for each row than it returns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from turi_recommender import Id, Recommender

from ..limits import (
    ENTRY_SECONDS,
    MAX_ROW_WORK,
    NEW_ITEM_SECONDS,
    PIECE_SECONDS,
    PIECE_WORK,
    SCORED_ITEM_SECONDS,
)
from .queries import BasketQuery, Given, RecommendQuery, items_of

_NOTHING = Given()
_WORK_SECONDS = PIECE_SECONDS / PIECE_WORK


class Load(NamedTuple):
    """What a query brings along.

    Attributes
    ----------
    reading_seconds : float
        Time to read it.
    row_seconds : float
        Time that it adds to a row, at most.
    selected : int
        Items that are ranked for a row: `k`, or more with `diversity`.
    is_bounded : bool
        Whether no row takes more than any row may.
    new_items : sequence of int or str
        Items of `item_data`, which can be in the answer.
    """

    reading_seconds: float
    row_seconds: float
    selected: int
    is_bounded: bool
    new_items: Sequence[Id]


def load_of_recommend(query: RecommendQuery, model: Recommender) -> Load:
    """Return what a query for users brings along.

    Parameters
    ----------
    query : RecommendQuery
        What is asked.
    model : Recommender
        The model that answers.
    """
    given = query.given or _NOTHING
    user = model.user_column.name
    interactions = given.interactions or ()
    entries = len(interactions) + _values_in(given.user_data or ())
    asked = {row.get(user) for row in query.users}
    by_user = Counter(one for row in interactions if (one := row.get(user)) in asked)
    return _load(given, query.k, entries, max(by_user.values(), default=0), model)


def load_of_baskets(query: BasketQuery, model: Recommender) -> Load:
    """Return what a query for baskets brings along.

    Parameters
    ----------
    query : BasketQuery
        What is asked.
    model : Recommender
        The model that answers.
    """
    sizes = [len(items_of(basket)) for basket in query.baskets]
    # Those of other baskets are not read again for each piece, as other parts of a query are.
    return _load(query.given or _NOTHING, query.k, 0, max(sizes, default=0), model)


def _load(given: Given, k: int, entries: int, most: int, model: Recommender) -> Load:
    """Put a load together.

    Parameters
    ----------
    given : Given
        What is brought along.
    k : int
        Items that each row is to get.
    entries : int
        Entries to read for each piece, beside `item_data`.
    most : int
        Entries that one row has, at most.
    model : Recommender
        The model that answers.
    """
    items = given.item_data or ()
    name = model.item_column.name
    work = model.basket_work(most)
    selected = k
    if given.diversity > 0:
        spread = model.spread_work(k, given.diversity)
        selected = max(k, spread.selected)
        work += spread.draw + spread.ties
    return Load(
        reading_seconds=entries * ENTRY_SECONDS + _values_in(items) * NEW_ITEM_SECONDS,
        row_seconds=most * ENTRY_SECONDS + len(items) * SCORED_ITEM_SECONDS + work * _WORK_SECONDS,
        selected=selected,
        is_bounded=work <= MAX_ROW_WORK,
        new_items=[row[name] for row in items if name in row],
    )


def _values_in(rows: Sequence[Any]) -> int:
    """Return how many values side data has: rows, their columns, and what is in lists of them."""
    count = 0
    for row in rows:
        count += 1
        for value in row.values():
            count += len(value) if isinstance(value, list | dict) else 1
    return count
