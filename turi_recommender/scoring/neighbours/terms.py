"""Why a neighbours model gave an item its score: what each item of the history gave to it.

Source: docs/queries.md, section 9.2.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits
from turi_recommender.scoring.ids import IdIndex
from turi_recommender.scoring.neighbours.visits import ONE, NeighbourTable
from turi_recommender.scoring.query import History
from turi_recommender.scoring.results import Id
from turi_recommender.scoring.terms import CLOSING, Term, TermsBound, Why, closed
from turi_recommender.wording import counted

Scores = NDArray[np.float64]
Naming = Callable[[NDArray[np.int64]], list[Id]]

HISTORY = "in the history"
SEEDS = "others bought"
MEAN_SCORE = "this item's mean score"
MEAN_TARGET = "this item's average"


def explain_shares(
    table: NeighbourTable,
    history: History,
    source: str,
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
    source : str
        What the history is, for the names of the terms: `HISTORY` or `SEEDS`.
    items : ndarray of int64
        Item indices; one that the model does not know is negative.
    scores : ndarray of float64
        Their scores.
    names : callable
        Turns item indices into ids.
    """
    different, places = np.unique(items, return_inverse=True)
    shares = table.shares(history, different)
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
        terms = [Term(f"{one} {source}", value) for one, value in zip(ids, values, strict=True)]
        if high > shown:
            rest = float((amounts[shown:high].sum() / ONE) / length)
            terms.append(Term(counted(high - shown, "more item"), rest))
        if 0 <= item < len(table.item_means):  # pearson
            terms.insert(0, Term(MEAN_TARGET, float(table.item_means[item])))
        whys.append(closed(terms, score))
    return whys


def terms_bound(items: IdIndex) -> TermsBound:
    """Return how large the terms of one score can get.

    Parameters
    ----------
    items : IdIndex
        The trained items, whose ids are named.
    """
    most = limits.SHOWN_SHARES
    more = counted(2**63, "more item")
    text = items.text_bound(most) + most * (1 + len(HISTORY)) + len(more) + len(MEAN_TARGET)
    return TermsBound(most + 2 + CLOSING.terms, text + CLOSING.text)


def explain_means(scores: Scores) -> list[Why]:
    """Return the terms of scores where neither a history nor the seeds had a neighbour."""
    return [closed([Term(MEAN_SCORE, score)] if score else [], score) for score in scores.tolist()]
