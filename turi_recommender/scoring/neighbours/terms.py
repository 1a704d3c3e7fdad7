"""Why a neighbours model gave an item its score: what each item of the history gave to it.

Source: docs/queries.md, section 9.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits
from turi_recommender.scoring.candidates import in_sorted
from turi_recommender.scoring.ids import IdIndex
from turi_recommender.scoring.neighbours.visits import ONE, NeighbourTable
from turi_recommender.scoring.query import History, Query
from turi_recommender.scoring.results import Id
from turi_recommender.scoring.terms import CLOSING, Term, TermKind, TermsBound, Why, closed
from turi_recommender.wording import counted

Scores = NDArray[np.float64]
Naming = Callable[[NDArray[np.int64]], list[Id]]

SHARE_NAMES: dict[TermKind, str] = {
    "history": "{} in the history",
    "basket": "{} in the basket",
    "others": "{}, which others chose",
}
MEAN_SCORE = "this item's mean score"
MEAN_TARGET = "this item's average"


def explain_shares(
    table: NeighbourTable,
    history: History,
    kinds: Sequence[TermKind],
    items: NDArray[np.int64],
    scores: Scores,
    names: Naming,
) -> list[Why]:
    """Return the terms of scores that a history gave, the largest shares first.

    Parameters
    ----------
    table : NeighbourTable
        The neighbours of all items.
    history : History
        What was added up; at least one item.
    kinds : sequence of str
        Where each item of the history comes from: a kind of `SHARE_NAMES`.
    items : ndarray of int64
        Item indices; one that the model does not know is negative.
    scores : ndarray of float64
        Their scores.
    names : callable
        Turns item indices into ids.
    """
    different, places = np.unique(items, return_inverse=True)
    shares = table.shares(history, different).by_item(history)
    length = len(history.items)
    # The largest first; of equal ones, those that stand first in the history.
    order = np.lexsort((shares.givers, -np.abs(shares.amounts), shares.takers))
    order = order[shares.amounts[order] != 0]
    givers, takers, amounts = (each[order] for each in shares)
    starts = takers.searchsorted(np.arange(len(different) + 1)).tolist()
    whys = []
    for item, place, score in zip(items.tolist(), places.tolist(), scores.tolist(), strict=True):
        low, high = starts[place], starts[place + 1]
        shown = min(high, low + limits.SHOWN_SHARES)
        ids = names(history.items[givers[low:shown]])
        values = ((amounts[low:shown] / ONE) / length).tolist()
        sources = [kinds[giver] for giver in givers[low:shown].tolist()]
        terms = [
            Term(SHARE_NAMES[kind].format(one), value, kind, one)
            for kind, one, value in zip(sources, ids, values, strict=True)
        ]
        if high > shown:
            rest = float((amounts[shown:high].sum() / ONE) / length)
            terms.append(Term(counted(high - shown, "more item"), rest, "more"))
        if 0 <= item < len(table.item_means):  # pearson
            terms.insert(0, Term(MEAN_TARGET, float(table.item_means[item]), "mean"))
        whys.append(closed(terms, score))
    return whys


def kinds_of(query: Query, trained: History, history: History) -> list[TermKind]:
    """Return where each item of a query's history comes from.

    Parameters
    ----------
    query : Query
        Its basket, if it has one, is part of the history.
    trained : History
        That of its user in the model. What an item of both counts is mostly the trained value.
    history : History
        The items that were added up.
    """
    if query.basket is None:
        return ["history"] * len(history.items)
    of_basket = in_sorted(history.items, query.basket.known.items)
    of_basket &= ~in_sorted(history.items, trained.items)
    return ["basket" if one else "history" for one in of_basket.tolist()]


def terms_bound(items: IdIndex) -> TermsBound:
    """Return how large the terms of one score can get.

    Parameters
    ----------
    items : IdIndex
        The trained items, whose ids are named.
    """
    most = limits.SHOWN_SHARES
    more = counted(2**63, "more item")
    words = max(map(len, SHARE_NAMES.values()))
    # An id is in the name of its term, and beside it.
    text = 2 * items.text_bound(most) + most * words + len(more) + len(MEAN_TARGET)
    return TermsBound(most + 2 + CLOSING.terms, text + CLOSING.text, most)


def explain_means(scores: Scores) -> list[Why]:
    """Return the terms of scores where neither a history nor the seeds had a neighbour."""
    return [
        closed([Term(MEAN_SCORE, score, "mean")] if score else [], score)
        for score in scores.tolist()
    ]
