"""Who is asked about: test visitors, what training knew of them, and when they came."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, Set

import numpy as np
import pandas as pd

UNKNOWN, LIGHT, KNOWN = "unknown", "light", "known"
KINDS = (UNKNOWN, LIGHT, KNOWN)
_KINDS_FROM = [1, 3]  # distinct items from which on a visitor is light, and known
MOST_VISITORS = 5000


def draw_visitors(truth: Mapping[Any, Set[Any]], seed: int, most: int = MOST_VISITORS) -> List[Any]:
    """Return the test visitors: everybody with a truth, or as many as are wanted, drawn at random.

    Parameters
    ----------
    truth : dict of visitor to set of items
        As `held_out` returns it; ids are all integers or all strings.
    seed : int
        Equal seeds draw equal visitors, in whatever order the truth has them.
    most : int
        How many visitors are asked about at most.

    Returns
    -------
    list of visitors
        In ascending order.
    """
    everybody = sorted(visitor for visitor, items in truth.items() if len(items) > 0)
    if len(everybody) <= most:
        return everybody
    # RandomState draws the same numbers in every version of NumPy.
    chosen = np.random.RandomState(seed).choice(len(everybody), most, replace=False)
    return [everybody[place] for place in np.sort(chosen)]


def of_drawn_visitors(events: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """Return the events of visitors who are drawn at random, in their order.

    Parameters
    ----------
    events : pandas.DataFrame
        Has a column `user`.
    share : float
        How many of the visitors are drawn: above 0, at most 1. It is at least one.
    seed : int
        Equal seeds draw equal visitors, whatever the order of the events.
    """
    if share >= 1.0:
        return events
    everybody = np.sort(events["user"].unique())
    count = max(1, round(len(everybody) * share))
    chosen = np.random.RandomState(seed).choice(len(everybody), count, replace=False)
    return events[events["user"].isin(everybody[chosen])]


def kinds(training: pd.DataFrame, visitors: Sequence[Any]) -> List[str]:
    """Return the kind of each visitor, by the number of distinct items that training knew of.

    Parameters
    ----------
    training : pandas.DataFrame
        Columns `user` and `item`. To compare candidates that keep different visitors, pass the
        training part of the log: each candidate's own rows would give it kinds of its own.
    visitors : sequence of visitors
        Each once.

    Returns
    -------
    list of str
        `unknown` (no item), `light` (1 - 2) or `known` (3 and more), in the order of the visitors.
    """
    theirs = training[training["user"].isin(visitors)]
    counts = theirs.groupby("user")["item"].nunique().to_dict()
    distinct = np.array([counts.get(visitor, 0) for visitor in visitors], dtype=np.int64)
    return [KINDS[kind] for kind in np.digitize(distinct, _KINDS_FROM)]


def first_visits(part: pd.DataFrame, visitors: Sequence[Any]) -> pd.Series:
    """Return when each visitor came first in a part: the moment for which a model is asked.

    Parameters
    ----------
    part : pandas.DataFrame
        Columns `user` and `time`: the validation or the test part.
    visitors : sequence of visitors
        Each once.

    Returns
    -------
    pandas.Series of datetime64[ns]
        By visitor, in their order.

    Raises
    ------
    ValueError
        If a visitor does not occur in the part.
    """
    times = part[part["user"].isin(visitors)].groupby("user")["time"].min()
    absent = [visitor for visitor in visitors if visitor not in times.index]
    if absent:
        raise ValueError("visitor {!r} does not occur in this part".format(absent[0]))
    return times.reindex(visitors)


def audiences(training: pd.DataFrame) -> Dict[Any, int]:
    """Return how many visitors had each item, for `training.measures.novelty`.

    Parameters
    ----------
    training : pandas.DataFrame
        Columns `user` and `item`.
    """
    counts: Dict[Any, int] = training.groupby("item")["user"].nunique().to_dict()
    return counts
