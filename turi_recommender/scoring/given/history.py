"""Interactions that come with a query become part of a user's history.

Source: docs/queries.md, sections 1 and 10 (5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from turi_recommender.scoring.candidates import in_sorted
from turi_recommender.scoring.given.interactions import Pair
from turi_recommender.scoring.ids import IdIndex
from turi_recommender.scoring.lookup import UNKNOWN
from turi_recommender.scoring.query import Basket, History, Query
from turi_recommender.scoring.results import Id


def make_baskets(
    given: Sequence[Sequence[Pair]], items: IdIndex, new_items: Mapping[Id, int]
) -> list[Basket]:
    """Translate the items of baskets, which are looked up together.

    Parameters
    ----------
    given : sequence of sequence of (int or str, float)
        The items of each basket, with their values.
    items : IdIndex
        The trained items.
    new_items : mapping of int or str to int
        Indices of items that the model does not know, and that are candidates nevertheless.
    """
    found = items.find_many([item for pairs in given for item, _ in pairs])
    baskets, start = [], 0
    for pairs in given:
        indices = found[start : start + len(pairs)]
        start += len(pairs)
        unknown: dict[Id, None] = {}
        known = set()
        for index, (item, value) in zip(indices, pairs, strict=True):
            if index == UNKNOWN:
                unknown[item] = None
            else:
                known.add((index, value))
        new = sorted(new_items[item] for item in unknown if item in new_items)
        baskets.append(Basket(_history(sorted(known)), np.array(new, np.int64), tuple(unknown)))
    return baskets


def _history(pairs: Sequence[tuple[int, float]]) -> History:
    """Return pairs of item and value, which ascend and differ, as a history."""
    items = np.array([item for item, _ in pairs], np.int64)
    return History(items, np.array([value for _, value in pairs], np.float64))


def merged(trained: History, basket: History) -> History:
    """Return what counts as a user's history: the trained one and the basket.

    The library merges two sorted lists and skips one entry of the basket for each trained item. So
    the trained value counts, and a second value that the basket has for the item is added.

    Parameters
    ----------
    trained : History
        Of the model.
    basket : History
        Different pairs of item and value, ascending.

    Returns
    -------
    History
        Ascending by item; an item can be there more than once.
    """
    if len(trained.items) == 0:
        return basket
    repeats = np.zeros(len(basket.items), np.bool_)
    repeats[1:] = basket.items[1:] == basket.items[:-1]
    added = repeats | ~in_sorted(basket.items, trained.items)
    items = np.concatenate([trained.items.astype(np.int64), basket.items[added]])
    values = np.concatenate([trained.values, basket.values[added]])
    order = items.argsort(kind="stable")
    return History(items[order], values[order])


def give(
    queries: Sequence[Query], baskets: Mapping[Id, Basket], trained: Callable[[Query], History]
) -> list[Query]:
    """Return the queries with the baskets of their users.

    Parameters
    ----------
    queries : sequence of Query
        The same user may be there more than once.
    baskets : mapping of int or str to Basket
        By user; a user need not have one.
    trained : callable
        Returns the trained history of a query's user.
    """
    with_baskets: dict[Id, Query] = {}
    given = []
    for query in queries:
        basket = baskets.get(query.user_id)
        if basket is None:
            given.append(query)
            continue
        first = with_baskets.get(query.user_id)
        if first is None:
            first = with_baskets[query.user_id] = give_one(query, basket, trained)
        given.append(query.with_basket(basket, first.history))
    return given


def give_one(query: Query, basket: Basket, trained: Callable[[Query], History]) -> Query:
    """Return a query with a basket.

    Parameters
    ----------
    query : Query
        Without a history of its own.
    basket : Basket
        Its items.
    trained : callable
        Returns the trained history of a query's user.
    """
    if len(basket.known.items) == 0:  # a basket without an item that the model knows is none
        return query.with_basket(basket)
    return query.with_basket(basket, merged(trained(query), basket.known))
