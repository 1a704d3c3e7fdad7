"""What a query brings along costs beside its rows, estimated from sizes alone.

Interactions, baskets and side data are read once for each piece of a query, and `diversity` ranks
more items for each row than it returns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from turi_recommender import Id, Recommender
from turi_recommender.errors import QueryError

from ..limits import (
    ENTRY_SECONDS,
    MAX_ROW_WORK,
    PIECE_SECONDS,
    PIECE_WORK,
    SCORED_ITEM_SECONDS,
)
from .queries import BasketQuery, Given, PredictQuery, RecommendQuery, items_of
from .roles import Row
from .work import most_work

_WORK_SECONDS = PIECE_SECONDS / PIECE_WORK


class Load(NamedTuple):
    """What a query brings along.

    Attributes
    ----------
    reading_seconds : float
        Time to read it, which each piece of the query takes again.
    row_seconds : float
        Time that it adds to a row, at most.
    work : int
        Extra work of the row that takes most, `Recommender.extra_work` included.
    selected : int
        Items that are ranked for a row: `k`, or more with `diversity`.
    new_items : sequence of int or str
        Items of `item_data`, which can be in the answer.
    """

    reading_seconds: float
    row_seconds: float
    work: int
    selected: int
    new_items: Sequence[Id]


def load_of_recommend(query: RecommendQuery, given: Given, model: Recommender) -> Load:
    """Return what a query for users brings along.

    Parameters
    ----------
    query : RecommendQuery
        What is asked.
    given : Given
        What it brings along.
    model : Recommender
        The model that answers.

    Raises
    ------
    QueryError
        If a row takes more than any row may.
    """
    user = model.user_column.name
    interactions, user_data = given.interactions or (), given.user_data or ()
    entries = Counter(row.get(user) for row in interactions)
    told = {row.get(user): row for row in user_data}
    rows = [(row, entries[row.get(user)], told.get(row.get(user))) for row in query.users]
    read = len(interactions) + _num_values(user_data)
    return _load("users", rows, query.k, given, read, model)


def load_of_baskets(query: BasketQuery, given: Given, model: Recommender) -> Load:
    """Return what a query for baskets brings along.

    Parameters
    ----------
    query : BasketQuery
        What is asked.
    given : Given
        What it brings along beside its baskets.
    model : Recommender
        The model that answers.

    Raises
    ------
    QueryError
        If a basket takes more than any row may.
    """
    rows = [
        (basket if isinstance(basket, Mapping) else {}, len(items_of(basket)), None)
        for basket in query.baskets
    ]
    return _load("baskets", rows, query.k, given, 0, model)


def load_of_pairs(query: PredictQuery, given: Given, model: Recommender) -> Load:
    """Return what a query for the scores of pairs brings along.

    Parameters
    ----------
    query : PredictQuery
        What is asked.
    given : Given
        What it brings along.
    model : Recommender
        The model that answers.

    Raises
    ------
    QueryError
        If a pair takes more than any row may.
    """
    user, item = model.user_column.name, model.item_column.name
    user_data = given.user_data or ()
    told = {row.get(user): row for row in user_data}
    rows = [
        ({name: value for name, value in pair.items() if name != item}, 0, told.get(pair.get(user)))
        for pair in query.pairs
    ]
    return _load("pairs", rows, 1, given, _num_values(user_data), model)


def _load(
    argument: str,
    rows: Sequence[tuple[Row, int, Row | None]],
    k: int,
    given: Given,
    read: int,
    model: Recommender,
) -> Load:
    """Put a load together.

    Parameters
    ----------
    argument : str
        What has the rows, for errors.
    rows : sequence of (mapping, int, mapping or None)
        Each row, how many interactions or items it has, and the side data of its user.
    k : int
        Items that each row is to get.
    given : Given
        What is brought along.
    read : int
        Values to read for each piece, beside those of `item_data`.
    model : Recommender
        The model that answers.
    """
    items = given.item_data or ()
    shared = model.item_data_work(items) if len(items) > 0 else 0
    selected = k
    if given.diversity > 0:
        spread = model.spread_work(k, given.diversity)
        selected = max(k, spread.selected)
        shared += spread.draw + spread.ties
    if shared > MAX_ROW_WORK:
        message = f"each row would take more than {MAX_ROW_WORK} operations: ask for fewer items"
        raise QueryError(("diversity",) if selected > k else ("item_data",), message)
    works = (
        model.extra_work(row, selected, interactions=entries, user_data=told, fold_in=given.fold_in)
        for row, entries, told in rows
    )
    extra = most_work(works, argument, "ask for fewer items, or send less with it", shared=shared)
    longest = max((entries for _, entries, _ in rows), default=0)
    name = model.item_column.name
    return Load(
        reading_seconds=(read + _num_values(items)) * ENTRY_SECONDS,
        row_seconds=longest * ENTRY_SECONDS
        + len(items) * SCORED_ITEM_SECONDS
        + (extra + shared) * _WORK_SECONDS,
        work=extra,
        selected=selected,
        new_items=[row[name] for row in items if name in row],
    )


def _num_values(rows: Sequence[Mapping[str, Any]]) -> int:
    """Return how many values side data has: rows, their columns, and what is in lists of them."""
    count = 0
    for row in rows:
        count += 1
        for value in row.values():
            count += len(value) if isinstance(value, list | dict) else 1
    return count
