"""The best items of one context, in the order of what any user can score there.

The features besides the user's own are the same for many queries in a row: those of the visit's
context. With them folded into the items' constants, what a score can exceed its constant by depends
on the user's vector alone, which is short beside that of a context; so a query needs to look at few
more items than it is answered with. In the order that all queries share (`search`), the same
queries look at some thousands.

An order holds the best few thousand items, in fronts of growing sizes: each is all that a query
needs, or tells that others could be among its best, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization.bounds import LOWEST, UNIT, Directions
from turi_recommender.scoring.factorization.fronts import Found, Front, look
from turi_recommender.scoring.factorization.order import ItemOrder

Bounds = NDArray[np.float32]
Places = NDArray[np.integer[Any]]
Scores = NDArray[np.float64]
Vectors = NDArray[np.float32]


class Head(NamedTuple):
    """The first items of the order that all queries share, of which contexts choose.

    Attributes
    ----------
    order : ItemOrder
        That order, for queries with as many features as those of the context.
    items : ndarray of int32, shape (items,)
        Which item stands at each place of it.
    norms : ndarray of float32, shape (head,)
        Lengths of the first items' vectors, or more.
    typical : float
        Length of a usual user's vector.
    """

    order: ItemOrder
    items: NDArray[np.int32]
    norms: Bounds
    typical: float


class _Behind:
    """What the items behind the head score at most.

    Parameters
    ----------
    head : Head
        They stand behind it.
    total : float
        Length of the sum of the context's factors.
    """

    def __init__(self, head: Head, total: float) -> None:
        order, depth = head.order, len(head.norms)
        self._bounds = order.bounds if depth < order.num_items else None
        self._rate = order.rate
        self._block = depth // order.bounds.size
        self._total = total
        self.slope = 0.0 if self._bounds is None else self._bounds.slope(self._block)

    def ceiling(self, length: float) -> float:
        """Return what none of them scores more than; there, the context is part of the query."""
        if self._bounds is None:
            return -math.inf
        return self._bounds.ceiling(length + self._total, self._rate, self._block)


class ContextOrder:
    """The best items of a context.

    Parameters
    ----------
    head : Head
        Among which they are looked for.
    total : ndarray of float64, shape (K,)
        Sum of the context's factors.
    size : float
        Length of the sum of their magnitudes.

    Attributes
    ----------
    size : float
        As given.
    fronts : list of Front
        Each has more items than the one before.
    """

    def __init__(self, head: Head, total: Scores, size: float) -> None:
        self.size = size
        self._asked = self._missed = 0
        vectors = head.order.vectors(0, len(head.norms))
        uppers = vectors @ total.astype(np.float32)
        uppers += head.order.uppers[: len(uppers)]
        # What these sums are rounded by; what the products are is part of the items' errors anyway.
        roundings = np.abs(uppers) * np.float32(4 * UNIT)
        uppers += roundings
        spans = head.order.spans[: len(uppers)] + (roundings + roundings)
        places = _best_first(uppers + np.float32(head.typical) * head.norms)
        lengths = [head.typical * times for times in limits.BOUND_LENGTHS]
        behind = _Behind(head, math.sqrt(total @ total))
        beyond = np.array([behind.ceiling(length) for length in lengths])
        self.fronts = []
        for count in limits.CONTEXT_FRONTS:
            best, others = places[:count], places[count:]
            best = best[np.argsort(head.items[best])]
            ceilings = np.maximum(beyond, _ceilings(uppers[others], head.norms[others], lengths))
            slope = max(behind.slope, float(head.norms[others].max(initial=0.0)))
            front = Front(
                head.items[best].astype(np.int64),
                _taken(vectors, best),
                uppers[best],
                spans[best],
                lengths,
                ceilings.tolist(),
                slope,
            )
            self.fronts.append(front)

    def note(self, *, is_whole: bool) -> None:
        """Note whether a query has found all that it needs here."""
        self._asked += 1
        self._missed += not is_whole

    @property
    def helps(self) -> bool:
        """Whether most queries find all they need here."""
        return self._missed <= limits.CONTEXT_MISSES + self._asked // 4


def find(
    orders: Sequence[ContextOrder], directions: Directions, excluded: Sequence[Places], k: int
) -> Found:
    """Find the items that can be among the best of some queries, each in its own context.

    Parameters
    ----------
    orders : sequence of ContextOrder
        One for each query.
    directions : Directions
        The users' part of the queries (`Directions.beside`).
    excluded : sequence of ndarray of int
        Items that each of them does not want.
    k : int
        How many each wants.
    """
    enough = limits.SEARCH_GROWTH * k
    levels = [level for level, front in enumerate(orders[0].fronts) if len(front) >= enough]
    if len(levels) == 0:
        return _nothing(len(orders))
    found = look([order.fronts[levels[0]] for order in orders], directions, excluded, k)
    for level in levels[1:]:
        left = [place for place, is_whole in enumerate(found.is_whole) if not is_whole]
        if len(left) == 0:
            break
        fronts = [orders[place].fronts[level] for place in left]
        some = directions.some(left), [excluded[place] for place in left]
        found.take(left, look(fronts, *some, k))
    for order, is_whole in zip(orders, found.is_whole, strict=True):
        order.note(is_whole=is_whole)
    return found


def _nothing(count: int) -> Found:
    """Return what queries find that want more than any front has."""
    none = np.empty(0, np.int64)
    return Found([none] * count, [False] * count, np.full(count, LOWEST, np.float32))


def _best_first(values: Bounds) -> Places:
    """Return the places of the largest values, best first, then those of the others."""
    count = limits.CONTEXT_FRONTS[-1]
    if len(values) <= count:
        return np.argsort(-values)
    places = np.argpartition(-values, count)
    best = places[:count]
    places[:count] = best[np.argsort(-values[best])]
    return places


def _ceilings(uppers: Bounds, norms: Bounds, lengths: Sequence[float]) -> Scores:
    """Return what none of some items scores more than, for each of these lengths."""
    constants, slopes = uppers.astype(np.float64), norms.astype(np.float64)
    highest = [(constants + length * slopes).max(initial=-np.inf) for length in lengths]
    return np.array(highest)


def _taken(vectors: Vectors, places: Places) -> Callable[[], Vectors]:
    """Return what gives the vectors at some places: copied now if they are few."""
    if len(places) <= limits.FRONT_KEPT:
        kept = vectors[places]
        return lambda: kept
    return lambda: vectors[places]
