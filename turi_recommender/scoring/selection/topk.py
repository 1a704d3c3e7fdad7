"""The best k of many scores, in Turi Create's order.

Equal scores stand in the order in which the library's own selection leaves them. For k <= 10 that
order is known in closed form and followed exactly; for k > 10, equal scores come in ascending item
index.

Source: docs/format.md, section 7.6.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits

Scores = NDArray[np.float64]
Positions = NDArray[np.int64]

EXACT_TIES_UP_TO = 10


def select(scores: Scores, k: int, total: int | None = None) -> Positions:
    """Return the positions of the best `k` scores, best first.

    Parameters
    ----------
    scores : ndarray of float64, shape (n,)
        Scores of the candidates in ascending item index. NaN counts as the lowest.
    k : int
        How many to return.
    total : int, optional
        Number of candidates if `scores` is only a part of them: it must then hold every candidate
        that scores at least as high as the k-th best.

    Returns
    -------
    ndarray of int64, shape (min(k, n),)
    """
    total = len(scores) if total is None else total
    if k <= EXACT_TIES_UP_TO and k < total and len(scores) <= limits.SELECT_FEW:
        return np.array(_select_few(scores.tolist(), k), np.int64)
    keys = without_nan(scores)
    if total <= k:
        return _descending(keys)
    if k > EXACT_TIES_UP_TO:
        threshold = kth_largest(keys, k)
        reaching = np.flatnonzero(keys >= threshold)
        return reaching[_descending(keys[reaching])][:k]
    threshold = kth_largest(keys, k)
    found = np.flatnonzero(keys >= threshold)
    greater = found[keys[found] > threshold].tolist()
    return np.array(_settle(keys, threshold, greater, found[:k].tolist(), k), np.int64)


def is_strict(scores: Scores) -> bool:
    """Tell whether no score equals the next: then any algorithm leaves the same order.

    Parameters
    ----------
    scores : ndarray of float64, shape (n,)
        Descending. NaN equals anything.
    """
    return bool((scores[1:] < scores[:-1]).all())


def without_nan(scores: Scores) -> Scores:
    """Return the scores with NaN replaced by minus infinity."""
    missing = np.isnan(scores)
    return np.where(missing, -np.inf, scores) if missing.any() else scores


def _descending(keys: Scores) -> Positions:
    """Sort by score, descending; ties in ascending position."""
    return np.argsort(-keys, kind="stable")


def _select_few(numbers: list[float], k: int) -> list[int]:
    """Select as `select` does for small `k`: Python takes less time here than calls of NumPy."""
    if math.isnan(sum(numbers)):  # or there are infinite ones of both signs
        numbers = [-math.inf if math.isnan(number) else number for number in numbers]
    order = sorted(range(len(numbers)), key=numbers.__getitem__, reverse=True)
    best = [numbers[place] for place in order[: k + 1]]
    if all(one > other for one, other in pairwise(best)):  # no ties play a part
        return order[:k]
    threshold = best[k - 1]
    reaching = [place for place, number in enumerate(numbers) if number >= threshold]
    greater = [place for place in reaching if numbers[place] > threshold]
    return _settle(numbers, threshold, greater, reaching[:k], k)


def _settle(
    keys: Sequence[float] | Scores, threshold: float, greater: list[int], running: list[int], k: int
) -> list[int]:
    """Decide which of the scores tied for the last places win, and how ties are ordered (rule b).

    Of the scores equal to the k-th largest, only those among the first k that reach it are in the
    running, and the last of these win. Ties are then listed in descending position.

    Parameters
    ----------
    keys : sequence of float
        All scores, free of NaN.
    threshold : float
        The k-th largest.
    greater, running : list of int
        Positions of those above it, and of the first `k` that reach it; ascending.
    k : int
        How many are wanted.
    """
    tied = [place for place in running if keys[place] == threshold]
    chosen = greater + tied[len(tied) - (k - len(greater)) :]
    chosen.sort(reverse=True)
    chosen.sort(key=keys.__getitem__, reverse=True)
    return chosen


def kth_largest(keys: NDArray[np.floating[Any]], k: int) -> float:
    """Return the k-th largest score.

    A partition of many equal numbers is slow, and most scores of an item similarity model are
    equal; so the k-th largest of the blocks' maxima, a lower bound, narrows the field first.

    Parameters
    ----------
    keys : ndarray of float, shape (n,)
        Free of NaN.
    k : int
        At least 1, at most n.
    """
    blocks = len(keys) // limits.SELECT_BLOCK
    if blocks < k:
        return float(np.partition(keys, len(keys) - k)[len(keys) - k])
    maxima = keys[: blocks * limits.SELECT_BLOCK].reshape(blocks, limits.SELECT_BLOCK).max(axis=1)
    bound = np.partition(maxima, blocks - k)[blocks - k]
    above = keys[keys > bound]
    if len(above) < k:
        return float(bound)
    return float(np.partition(above, len(above) - k)[len(above) - k])
