"""How fast a model answers on this machine, and how large it is, measured when it is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

from turi_recommender import Recommender
from turi_recommender.errors import QueryError
from turi_recommender.scoring.size import resident_bytes

from ..limits import PACE_SAMPLES, SLOW_SECONDS


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
    knows_strangers : bool
        As of `turi_recommender.Recommender`; it takes too long to be asked for each query.
    """

    row_seconds: float
    item_seconds: float
    resident_bytes: int = 0
    longest_item: int = 0
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
    names = {column.name for column in model.side_columns}
    side = {name: value for name, value in defaults.items() if name in names}
    user = model.user_column.name
    rows = [{user: one, **side} for one in model.user_column.sample(PACE_SAMPLES)]
    items = model.item_column.sample(PACE_SAMPLES)
    row_seconds = _median_seconds([partial(model.recommend, [row]) for row in rows])
    item_seconds = float("inf")
    with suppress(QueryError):  # a model without factors knows no similar items
        item_seconds = _median_seconds([partial(model.similar_items, [one]) for one in items])
    longest = model.items.text_bound(1)
    return Pace(row_seconds, item_seconds, resident_bytes(model), longest, model.knows_strangers)


def _median_seconds(calls: list[Callable[[], object]]) -> float:
    """Call each once. The first call is not counted, unless it is so slow that it suffices."""
    times: list[float] = []
    for call in [*calls[:1], *calls]:
        started = perf_counter()
        call()
        times.append(perf_counter() - started)
        if sum(times) > SLOW_SECONDS:
            break
    return median(times[1:] or times or [0.0])
