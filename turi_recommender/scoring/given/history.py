"""Interactions that come with a query become part of a user's history.

Source: docs/queries.md, sections 1 and 10 (5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

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
    ids = [item for pairs in given for item, _ in pairs]
    indices = np.array(items.find_many(ids), np.int64)
    values = np.array([value for pairs in given for _, value in pairs], np.float64)
    baskets = []
    for low, high in pairwise(accumulate(map(len, given), initial=0)):
        known = indices[low:high] != UNKNOWN
        places = (~known).nonzero()[0].tolist()
        unknown = tuple(dict.fromkeys(ids[low + place] for place in places))
        new = sorted(new_items[item] for item in unknown if item in new_items)
        pairs = _distinct(indices[low:high][known], values[low:high][known])
        baskets.append(Basket(pairs, np.array(new, np.int64), unknown))
    return baskets


def _distinct(items: NDArray[np.int64], values: NDArray[np.float64]) -> History:
    """Return the different pairs of item and value, in ascending order."""
    order = np.lexsort((values, items))
    items, values = items[order], values[order]
    is_new = np.ones(len(items), np.bool_)
    is_new[1:] = (items[1:] != items[:-1]) | (values[1:] != values[:-1])
    return History(items[is_new], values[is_new])


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
        given.append(replace(query, history=first.history, basket=basket))
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
        return replace(query, basket=basket)
    return replace(query, history=merged(trained(query), basket.known), basket=basket)
