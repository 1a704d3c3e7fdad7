"""Which events a model is trained on: of which visitors and items, and how many of the latest."""

from __future__ import annotations

from typing import Optional, Tuple

import numpy as np
import pandas as pd

from training.logs import LogError
from training.logs.errors import shown
from training.logs.numbers import finite, whole

DEFAULT = "distinct-items:2"
_FORMS = "distinct-items:N, quantiles:V,I or all"


def kept(events: pd.DataFrame, rule: str) -> pd.Series:
    """Tell which events are of visitors and items that are kept.

    Parameters
    ----------
    events : pandas.DataFrame
        Columns user and item.
    rule : str
        ``distinct-items:N`` keeps visitors with N or more different items. ``quantiles:V,I`` keeps
        visitors and items with at least as many events as the quantile V of the visitors, and I of
        the items, has (the original deployment: ``quantiles:0.8,0.5``). ``all`` keeps everybody.

    Returns
    -------
    pandas.Series of bool
        One for each event.

    Raises
    ------
    LogError
        If there is no such rule.
    """
    name, colon, value = rule.partition(":")
    if rule == "all":
        return pd.Series(True, index=events.index)
    least = whole(value)
    if name == "distinct-items" and least is not None and 0 <= least < 10**9:
        return _has_items(events, least)
    if name == "quantiles" and colon:
        visitors, items = _quantiles(rule, value)
        return _often(events["user"], visitors) & _often(events["item"], items)
    raise LogError("--keep: {} is none of {}".format(shown(rule), _FORMS))


def latest(events: pd.DataFrame, share: float, most: Optional[int] = None) -> pd.DataFrame:
    """Return the latest events, in their order.

    Parameters
    ----------
    events : pandas.DataFrame
        Has a column `time`.
    share : float
        How many of them: above 0, at most 1. Events of one time stay together.
    most : int, optional
        How many of them at most, but for events of one time.
    """
    share = learnt_share(len(events), share, most)
    if share >= 1.0:
        return events
    times = events["time"].to_numpy()
    wanted = max(1, round(len(times) * share))
    return events[times >= np.sort(times)[-wanted]]


def learnt_share(count: int, share: float, most: Optional[int]) -> float:
    """Return which share of so many events is learnt.

    Parameters
    ----------
    count : int
        The number of events.
    share : float
        Which share is wanted.
    most : int, optional
        How many events are learnt at most.
    """
    return share if most is None else min(share, most / max(count, 1))


def _quantiles(rule: str, value: str) -> Tuple[float, float]:
    shares = list(map(finite, value.split(",")))
    if len(shares) == 2:
        visitors, items = shares
        if visitors is not None and items is not None and 0 <= visitors <= 1 and 0 <= items <= 1:
            return visitors, items
    raise LogError("--keep: {} does not have two numbers from 0 to 1".format(shown(rule)))


def _has_items(events: pd.DataFrame, least: int) -> pd.Series:
    """Tell which events are of visitors with so many different items."""
    pairs = events[["user", "item"]].drop_duplicates()
    return events["user"].map(pairs["user"].value_counts()) >= least


def _often(ids: pd.Series, quantile: float) -> pd.Series:
    """Tell which events have an id that occurs at least as often as this quantile of the ids."""
    counts = ids.value_counts()
    return ids.map(counts) >= counts.quantile(quantile)
