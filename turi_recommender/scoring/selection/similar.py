"""Choose the items most similar to one, from the similarity of every item to it.

Source: docs/format.md, section 8.
"""

from __future__ import annotations

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
    keys = without_nan(scores)
    if k == EXACT_TIES_UP_TO and k + 1 < len(keys):
        best = best_by_nth_element(keys, k + 1)
    else:
        best = select(keys, k + 1, total)
    best = best[best != item][:k]
    return best, scores[best]
