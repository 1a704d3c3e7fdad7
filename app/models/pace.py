"""How fast a model answers on this machine, and how large it is, measured when it is loaded.

Only what takes a moment is measured. Similar users are not: the first such query reads the factors
of all users, which would make a start from a slow disk longer (`price_users` goes by their number).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

from turi_recommender import Id, IdIndex, Recommender
from turi_recommender.errors import QueryError
from turi_recommender.scoring.size import resident_bytes

from ..limits import JSON_GROWTH, PACE_SAMPLES, SLOW_SECONDS, TERM_BYTES, WHY_BYTES


@dataclass(frozen=True, slots=True)
class Pace:
    """Times of ordinary queries for ten items, and the memory that the model takes.

    Attributes
    ----------
    row_seconds : float
        Time to recommend to one user.
    item_seconds : float
        Time to find the items similar to one item; infinite if the model cannot do that.
    resident_bytes : int
        Memory that the model holds.
    longest_item : int
        Bytes of the longest id of an item.
    explained_seconds : float
        Time to recommend to one user and to tell why.
    pair_seconds : float
        Time to score one pair.
    why_bytes : int
        Upper bound of what the terms of one score take in an answer.
    longest_user : int
        Bytes of the longest id of a user.
    knows_strangers : bool
        As of `turi_recommender.Recommender`; it takes too long to be asked for each query.
    """

    row_seconds: float
    item_seconds: float
    resident_bytes: int = 0
    longest_item: int = 0
    explained_seconds: float = float("inf")
    pair_seconds: float = float("inf")
    why_bytes: int = 0
    longest_user: int = 0
    knows_strangers: bool = True


def measure_pace(model: Recommender, defaults: Mapping[str, Any]) -> Pace:
    """Measure a model with some of its own users and items.

    Parameters
    ----------
    model : Recommender
        Just loaded.
    defaults : mapping of str to value
        Side data that the service fills in.
    """
    item_seconds = float("inf")
    with suppress(QueryError):  # a model without factors knows no similar items
        items = _spread(model.items, model.num_items)
        item_seconds = _median_seconds([partial(model.similar_items, [one]) for one in items])
    pace = Pace(
        0.0,
        item_seconds,
        longest_item=model.items.text_bound(1),
        why_bytes=_why_bytes(model),
        longest_user=model.users.text_bound(1),
        knows_strangers=model.knows_strangers,
    )
    # What the first queries keep for later counts as well.
    return replace(_of_rows(pace, model, defaults), resident_bytes=resident_bytes(model))


def with_defaults(pace: Pace, model: Recommender, defaults: Mapping[str, Any]) -> Pace:
    """Return the pace of a model whose rows have side data that it was not measured with.

    Parameters
    ----------
    pace : Pace
        That of the model without side data.
    model : Recommender
        The model.
    defaults : mapping of str to value
        Side data that the service fills in.
    """
    names = {column.name for column in model.side_columns}
    return pace if names.isdisjoint(defaults) else _of_rows(pace, model, defaults)


def _of_rows(pace: Pace, model: Recommender, defaults: Mapping[str, Any]) -> Pace:
    """Return a pace with the times of queries that have rows of users."""
    names = {column.name for column in model.side_columns}
    side = {name: value for name, value in defaults.items() if name in names}
    user, item = model.user_column.name, model.item_column.name
    rows = [{user: one, **side} for one in _spread(model.users, model.num_users)]
    items = _spread(model.items, model.num_items)
    pairs = [{**row, item: one} for row, one in zip(rows, items, strict=False)]
    return replace(
        pace,
        row_seconds=_median_seconds([partial(model.recommend, [row]) for row in rows]),
        explained_seconds=_median_seconds(
            [partial(model.recommend, [row], explain=True) for row in rows]
        ),
        pair_seconds=_median_seconds([partial(model.predict, [pair]) for pair in pairs]),
    )


def _spread(ids: IdIndex, count: int) -> list[Id]:
    """Return some ids from all over a column: those that training saw first are often the busiest.

    Parameters
    ----------
    ids : IdIndex
        The trained ids.
    count : int
        How many there are.
    """
    steps = max(PACE_SAMPLES - 1, 1)
    places = {(count - 1) * step // steps for step in range(PACE_SAMPLES)} if count > 0 else ()
    return [one for one in ids.ids(sorted(places)) if one is not None]


def _why_bytes(model: Recommender) -> int:
    """Bound what the terms of one score take in an answer: texts, values and punctuation."""
    bound = model.terms_bound()
    text = bound.text + bound.items * len(model.item_column.name.encode())
    return WHY_BYTES + bound.terms * TERM_BYTES + text * JSON_GROWTH


def _median_seconds(calls: Sequence[Callable[[], object]]) -> float:
    """Call each once. The first call is not counted, unless it is so slow that it suffices."""
    times: list[float] = []
    for call in [*calls[:1], *calls]:
        started = perf_counter()
        call()
        times.append(perf_counter() - started)
        if sum(times) > SLOW_SECONDS:
            break
    return median(times[1:] or times or [0.0])
