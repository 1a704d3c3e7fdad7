"""Draw some of the best items, the better ones more likely.

Whatever is drawn raises the weight of the others: most of all that of the items that are most like
it. Where a model cannot tell how much alike two items are, hashes stand in for it, so that weights
are raised at random.

Source: docs/queries.md, section 4.3.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring.diversity.hashes import Hashes, mix_counts
from turi_recommender.scoring.selection.introsort import sort_like_library

Ranks = NDArray[np.int64]
Scores = NDArray[np.float64]
Likeness = Callable[[int, Ranks], Scores]
"""Takes the rank of an item and those of others; returns how much each of these is like the one."""


def draw(selected: int, count: int, seed: int, likeness: Likeness | None = None) -> Ranks:
    """Draw `count` of the best `selected` items.

    Parameters
    ----------
    selected : int
        From how many items.
    count : int
        How many; less than `selected`.
    seed : int
        Equal seeds draw equally.
    likeness : callable, optional
        How much items are alike, as float64 without NaN. None leaves it to hashes.

    Returns
    -------
    ndarray of int64, shape (count,)
        Their ranks from 0 on, ascending.
    """
    return _Draw(selected, seed, likeness).run(count)


class _Draw:
    """What is left to be drawn, and with which weight.

    Parameters
    ----------
    selected : int
        From how many items.
    seed : int
        Of this draw.
    likeness : callable or None
        As for `draw`.
    """

    def __init__(self, selected: int, seed: int, likeness: Likeness | None) -> None:
        self._hashes = mix_counts(seed, selected)
        self._order = _RandomOrder(self._hashes) if likeness is None else _LikestLast(likeness)
        self._ranks = np.arange(selected)
        # The first part of a weight falls with the rank, and counts once for each round.
        self._worth = selected - self._ranks
        self._bonus = np.zeros(selected, np.int64)
        self._total_worth = selected * (selected + 1) // 2
        self._total_bonus = 0

    def run(self, count: int) -> Ranks:
        drawn = np.empty(count, np.int64)
        for number, word in enumerate(self._hashes[:count].tolist()):
            drawn[number] = rank = self._draw_one(word, number + 1)
            if number + 1 < count:
                self._raise_weights(rank)
        drawn.sort()
        return drawn

    def _draw_one(self, word: int, times: int) -> int:
        """Draw one by a hash and take it out: the last one takes its place."""
        number = word % (times * self._total_worth + self._total_bonus)
        left = len(self._ranks)
        weights = self._worth * times
        weights += self._bonus
        place = int(weights.cumsum().searchsorted(number, "right"))
        rank = int(self._ranks[place])
        self._total_worth -= int(self._worth[place])
        self._total_bonus -= int(self._bonus[place])
        for values in (self._ranks, self._worth, self._bonus):
            values[place] = values[-1]
        self._ranks, self._worth = self._ranks[: left - 1], self._worth[: left - 1]
        self._bonus = self._bonus[: left - 1]
        return rank

    def _raise_weights(self, rank: int) -> None:
        """Raise each weight by the item's place, from the one that is least like the drawn one."""
        left = len(self._ranks)
        self._bonus[self._order(rank, self._ranks)] += np.arange(left)
        self._total_bonus += left * (left - 1) // 2


class _LikestLast:
    """The order of the items that are left, from the one that is least like the drawn one.

    Parameters
    ----------
    likeness : callable
        As for `draw`.
    """

    def __init__(self, likeness: Likeness) -> None:
        self._likeness = likeness

    def __call__(self, rank: int, others: Ranks) -> Ranks:
        return sort_like_library(-self._likeness(rank, others))


class _RandomOrder:
    """The order of as many hashes as items are left: one less in each call.

    Parameters
    ----------
    hashes : ndarray of uint64, shape (n,)
        They count as float64: so different ones can be equal.
    """

    def __init__(self, hashes: Hashes) -> None:
        self._keys = -hashes.astype(np.float64)
        self._order = np.argsort(-self._keys, kind="stable")
        ranked = self._keys[self._order]
        self._is_strict = bool((ranked[1:] < ranked[:-1]).all())

    def __call__(self, _: int, others: Ranks) -> Ranks:
        left = len(others)
        if not self._is_strict:  # hardly ever: then the order depends on how many are sorted
            return sort_like_library(self._keys[:left])
        self._order = self._order[self._order < left]
        return self._order
