"""From an event log to training rows, as the original deployment prepared them."""

from __future__ import annotations

import pandas as pd

PERIODS = {
    1: "Late Night",
    2: "Early Morning",
    3: "Morning",
    4: "Noon",
    5: "Evening",
    6: "Night",
}
TARGETS = {"view": 1, "addtocart": 10, "transaction": 50}
SIDE_COLUMNS = ["period", "month", "weekday"]
COLUMNS = ["visitorid", "itemid", "target", *SIDE_COLUMNS]
_VISITOR_QUANTILE = 0.8
_ITEM_QUANTILE = 0.5
_BUSIEST_SHARE = 0.02


def prepare(events: pd.DataFrame) -> pd.DataFrame:
    """Turn events into rows of visitor, item, target and side columns.

    Parameters
    ----------
    events : pandas.DataFrame
        Columns timestamp (ms, UTC), visitorid, event and itemid; others are ignored.

    Returns
    -------
    pandas.DataFrame
        Columns visitorid, itemid, target (view 1, addtocart 10, transaction 50), period (name),
        month (1 - 12), weekday (Monday 0). Visitors and items with too few events are left out,
        and equal rows are kept once.

    Raises
    ------
    ValueError
        If a column is missing, or an event is unknown.
    """
    missing = {"timestamp", "visitorid", "event", "itemid"} - set(events.columns)
    if missing:
        raise ValueError("the event log has no column " + ", ".join(sorted(missing)))
    unknown = set(events["event"]) - set(TARGETS)
    if unknown:
        raise ValueError("unknown event " + ", ".join(map(repr, sorted(map(str, unknown)))))
    kept = events[
        _often(events["visitorid"], _VISITOR_QUANTILE) & _often(events["itemid"], _ITEM_QUANTILE)
    ]
    time = pd.to_datetime(kept["timestamp"], unit="ms", utc=True).dt
    rows = pd.DataFrame(
        {
            "visitorid": kept["visitorid"].astype("int64"),
            "itemid": kept["itemid"].astype("int64"),
            "target": kept["event"].map(TARGETS).astype("int64"),
            "period": ((time.hour + 4) // 4).map(PERIODS),
            "month": time.month.astype("int64"),
            "weekday": time.weekday.astype("int64"),
        }
    )
    return rows[COLUMNS].drop_duplicates().reset_index(drop=True)


def _often(ids: pd.Series, quantile: float) -> pd.Series:
    """Tell which rows have an id that occurs at least as often as this quantile of the ids."""
    counts = ids.value_counts()
    return ids.map(counts) >= counts.quantile(quantile)


def busiest(rows: pd.DataFrame) -> list:
    """Return the visitors with the most rows: the busiest 2 % (at least ten)."""
    counts = rows["visitorid"].value_counts()
    return counts.index[: max(10, int(len(counts) * _BUSIEST_SHARE))].tolist()
