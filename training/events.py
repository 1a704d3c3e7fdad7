"""Make an event log shaped like RetailRocket's, with something in it to learn.

Items are long-tailed and belong to categories. Most visitors come once or twice, and each of them
has a taste for a few categories. Every category has its hours: what sells at night is not what
sells in the morning. The columns are those of RetailRocket's ``events.csv``: timestamp (ms, UTC),
visitorid, event (view, addtocart, transaction), itemid, transactionid.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from training.logs import Log
from training.logs.weights import RETAILROCKET

# Ids that the documentation's examples use; they are always part of the log.
EXAMPLE_VISITORS = (6000, 257597, 1297062)
EXAMPLE_ITEMS = (152913, 355908, 64700)

# From how many to how many a log is made of; the last take 6 GB.
MADE_VISITORS = (100, 10_000_000)
MADE_ITEMS = (50, 10_000_000)

_START_MS = 1430622000000  # 3 May 2015, 03:00 UTC, as RetailRocket's log begins
_DAYS = 365
_HOUR_MS = 3600 * 1000
_EVENTS = np.array(["view", "addtocart", "transaction"])
_EVENT_SHARES = (0.966, 0.026, 0.008)
_TASTES = 2
_OWN_TASTE = 0.75


def make_log(visitors: int, items: int, seed: int) -> Log:
    """Draw a log, as if it had been read from a file.

    Parameters
    ----------
    visitors, items, seed : int
        As in `make_events`.
    """
    drawn = make_events(visitors, items, seed)
    events = pd.DataFrame(
        {
            "user": drawn["visitorid"],
            "item": drawn["itemid"],
            "event": drawn["event"],
            "time": pd.to_datetime(drawn["timestamp"], unit="ms"),
            "weight": drawn["event"].map(RETAILROCKET),
        }
    )
    content = pd.util.hash_pandas_object(drawn, index=False).to_numpy()
    return Log(events, "visitorid", "itemid", hashlib.sha256(content.tobytes()).hexdigest())


def make_events(visitors: int, items: int, seed: int, categories: int = 24) -> pd.DataFrame:
    """Draw a log.

    Parameters
    ----------
    visitors, items : int
        Numbers of visitors and items, as `MADE_VISITORS` and `MADE_ITEMS` bound them.
    seed : int
        Equal seeds give equal logs.
    categories : int
        Number of groups into which the items fall.

    Returns
    -------
    pandas.DataFrame
        Events, sorted by timestamp; about three per visitor.
    """
    draw = np.random.RandomState(seed)
    counts = np.minimum(draw.zipf(2.0, visitors), 60)
    counts[: len(EXAMPLE_VISITORS)] = 25
    owner = np.repeat(np.arange(visitors), counts)
    period = _periods(draw, visitors, owner)
    category = _categories(draw, visitors, owner, period, categories)
    item = _items(draw, category, items, categories)
    events = pd.DataFrame(
        {
            "timestamp": _timestamps(draw, period),
            "visitorid": _ids(draw, visitors, EXAMPLE_VISITORS)[owner],
            "event": draw.choice(_EVENTS, len(owner), p=_EVENT_SHARES),
            "itemid": _ids(draw, items, EXAMPLE_ITEMS)[item],
        }
    )
    events["transactionid"] = np.where(
        events["event"] == "transaction", np.arange(len(events), dtype=float), np.nan
    )
    return events.sort_values("timestamp", kind="stable").reset_index(drop=True)


def _ids(draw: np.random.RandomState, count: int, examples: tuple[int, ...]) -> np.ndarray:
    """Return distinct ids, the examples first: index 0 is the busiest or most popular."""
    others = draw.permutation(np.setdiff1d(np.arange(6 * count), examples))
    return np.concatenate([examples, others])[:count].astype(np.int64)


def _periods(draw: np.random.RandomState, visitors: int, owner: np.ndarray) -> np.ndarray:
    """Draw the period (0 - 5) of each event; a visitor keeps to two of the six."""
    usual = draw.choice(6, (visitors, 2), p=[0.08, 0.05, 0.17, 0.22, 0.26, 0.22])
    return usual[owner, draw.randint(0, 2, len(owner))]


def _categories(
    draw: np.random.RandomState,
    visitors: int,
    owner: np.ndarray,
    period: np.ndarray,
    categories: int,
) -> np.ndarray:
    """Draw the category of each event: the visitor's taste, or what the hour suggests."""
    tastes = draw.randint(0, categories, (visitors, _TASTES))
    tastes[: len(EXAMPLE_VISITORS)] = 0
    # Each of a visitor's two tastes has its half of the day. Other events follow the period.
    half = (period % 6 >= 3).astype(int)
    own = tastes[owner, half]
    seasonal = (period * 4 + draw.randint(0, 4, len(owner))) % categories
    return np.where(draw.random_sample(len(owner)) < _OWN_TASTE, own, seasonal)


def _items(
    draw: np.random.RandomState, category: np.ndarray, items: int, categories: int
) -> np.ndarray:
    """Draw a long-tailed item of each event's category; item i is of category i % categories."""
    size = items // categories
    weights = 1.0 / np.arange(1, size + 1) ** 0.9
    place = draw.choice(size, len(category), p=weights / weights.sum())
    return place * categories + category


def _timestamps(draw: np.random.RandomState, period: np.ndarray) -> np.ndarray:
    """Draw a UTC time within the period (four hours each, from midnight)."""
    midnight = (_START_MS // (24 * _HOUR_MS)) * 24 * _HOUR_MS
    day = draw.randint(0, _DAYS, len(period)).astype(np.int64)
    within = draw.randint(0, 4 * _HOUR_MS, len(period))
    return midnight + (day * 24 + period * 4) * _HOUR_MS + within
