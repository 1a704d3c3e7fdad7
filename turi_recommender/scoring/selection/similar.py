"""Choose the items most similar to one, from the similarity of every item to it.

Source: docs/format.md, section 8.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring.selection.nth_element import best_by_nth_element
from turi_recommender.scoring.selection.topk import EXACT_TIES_UP_TO, Positions, select, without_nan

Scores = NDArray[np.float64]


def most_similar(
    scores: Scores, item: int, k: int, total: int | None = None
) -> tuple[Positions, Scores]:
    """Choose the best `k` of all items but one.

    The library takes the best k + 1 of all items and drops the item itself, so with k = 10 it
    leaves the rule that it has for ties among ten and fewer.

    Parameters
    ----------
    scores : ndarray of float64, shape (items,)
        Similarity of every item to the one asked about.
    item : int
        Index of that one.
    k : int
        How many to return; fewer if there are not that many others.
    total : int, optional
        Number of items if `scores` is only a part of them: it must then hold every one that is as
        similar as the last of the best k + 1, and for k = 10 no two of the same score.

    Returns
    -------
    best : ndarray of int64
        Item indices, the most similar first.
    scores : ndarray of float64
        Their similarities.
    """
    best = _best(without_nan(scores), k, total)
    best = best[best != item][:k]
    return best, scores[best]


def similar_to_nothing(count: int, item: int, k: int) -> tuple[Positions, Scores]:
    """Choose the best `k` of all items but one, where all are equally similar to it: -1.

    Parameters
    ----------
    count : int
        Number of items.
    item, k : int
        As for `most_similar`, which would choose the same.
    """
    best = _best_of_equal(count, k)
    best = best[best != item][:k]
    return best, np.full(len(best), -1.0)


@lru_cache(maxsize=8)
def _best_of_equal(count: int, k: int) -> Positions:
    """Return the best k + 1 of equal scores: the library's selection moves each of them."""
    return _best(np.zeros(count), k, None)


def _best(keys: Scores, k: int, total: int | None) -> Positions:
    if k == EXACT_TIES_UP_TO and k + 1 < len(keys):
        return best_by_nth_element(keys, k + 1)
    return select(keys, k + 1, total)
