"""A small run with made-up figures; runs on the trainer's Python, without any training."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

# mypy must not follow what the trainer's Python alone can import.
content = import_module("training.report.content").content

ROLES = {
    "similarity": ("jaccard", "all", 0.33),
    "ranking": ("ials, 32 factors", "distinct-items:2", 0.42),
    "newcomer": ("factorization machine of the visit", "all", 0.2),
}
PLAIN = {"popularity": 0.16, "popularity of the last 20%": 0.19, "jaccard": 0.33}
KINDS = ("known", "light", "unknown")


def said(visitors: int = 300, name: str = "", title: str = "", **changes: Any) -> dict[str, Any]:
    """Return a report's content.

    Parameters
    ----------
    visitors : int
        Of the test part.
    name : str
        What ids of visitors and items begin with.
    title : str
        What titles begin with; none are known if it is empty.
    **changes
        Fields of ``run.json`` that are different.
    """
    draw = np.random.RandomState(5)
    items = [f"{name}{number}" for number in range(10_000, 10_080)]
    people = [f"{name}{number}" for number in range(14_000, 14_000 + visitors)]
    kinds = [KINDS[number] for number in draw.choice(3, visitors, p=[0.6, 0.25, 0.15])]
    truth = {one: set(draw.choice(items, draw.randint(1, 15)).tolist()) for one in people}
    periods = draw.choice(["Morning", "Noon", "Evening"], visitors).tolist()
    part = SimpleNamespace(
        visitors=people,
        truth=truth,
        kinds=kinds,
        periods=periods,
    )
    before = _history(people, kinds, items, draw)
    good = {**{role: each[2] for role, each in ROLES.items()}, **PLAIN}
    answered = [_answers(one, share, part, items, draw) for one, share in good.items()]
    shuffled = [_answers("newcomer", 0.17, part, items, draw)]
    titles = {item: f"{title} no. {n}" for n, item in enumerate(items)} if title else None
    told = {**_told(part, before, list(good)), **changes}
    made: dict[str, Any] = content(told, before, before, part, answered, shuffled, titles)
    return made


def _history(people: list[str], kinds: list[str], items: list[str], draw: Any) -> pd.DataFrame:
    sizes = {"known": 12, "light": 2, "unknown": 0}
    rows = [
        (one, item)
        for one, kind in zip(people, kinds)  # noqa: B905  (CPython 3.8)
        for item in draw.choice(items, sizes[kind], replace=False)
    ]
    days = pd.Timestamp("2026-08-01") + pd.to_timedelta(draw.randint(0, 90, len(rows)), unit="D")
    frame = pd.DataFrame(rows, columns=["user", "item"])
    frame["time"] = days
    return frame


def _answers(name: str, share: float, part: Any, items: list[str], draw: Any) -> Any:
    """Return lists of which a share of the places are hits, more of them at the top."""
    lists = {}
    for one in part.visitors:
        wanted = sorted(part.truth[one])
        chance = np.where(np.isin(items, wanted), 1.0 + share, 1.0) * draw.uniform(0, 1, len(items))
        lists[one] = [items[place] for place in np.argsort(-chance)[:20]]
    return SimpleNamespace(name=name, lists=lists, scores={})


def _told(part: Any, events: pd.DataFrame, names: list[str]) -> dict[str, Any]:
    return {
        "trained": "2026-11-26T03:17:00Z",
        "split": "time",
        "seed": 7,
        "time_zone": "UTC",
        "test_from": "2026-11-01T00:00:00Z",
        "columns": {"user": "visitor", "item": "product"},
        "log": {
            "sha256": "5b" * 32,
            "events": 197_511,
            "users": 2166,
            "items": 3525,
            "first": "2025-12-01T08:26:00Z",
            "last": "2026-11-25T12:50:00Z",
        },
        "roles": {role: _role(*each) for role, each in ROLES.items()},
        "visitors": {
            "all": len(part.visitors),
            **{kind: part.kinds.count(kind) for kind in KINDS},
        },
        "figures": [
            {
                "name": name,
                "curves": {"coverage": [0.02 * at for at in range(1, 21)], "novelty": [5.5] * 20},
                "findings": ["97.0% of the lists are popularity's"] if name == "ranking" else [],
            }
            for name in names
        ],
    }


def _role(label: str, keep: str, recall: float) -> dict[str, Any]:
    tried = [
        {"label": label, "seed": 7, "seconds": 12.3, "recall@10": recall},
        {"label": "another one", "seed": 7, "seconds": 4.0, "recall@10": recall - 0.01},
        {"label": "one that failed", "seed": 7, "seconds": 0.2, "failed": "no rows"},
    ]
    return {"settings": {"model": "m", "keep": keep}, "tried": tried}
