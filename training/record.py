"""What run.json says of a run: JSON, so without NaN and infinity."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any, Dict, Mapping, Sequence

import pandas as pd

from training.aside import NAMES
from training.evaluation import Figures
from training.final import Outcome
from training.intervals import Interval
from training.logs import Log
from training.tried import Tried


def facts_of(log: Log) -> Dict[str, Any]:
    """Return what a manifest says of a log."""
    events = log.events
    return {
        "sha256": log.digest,
        "events": len(events),
        "users": int(events["user"].nunique()),
        "items": int(events["item"].nunique()),
        "first": moment(events["time"].min()),
        "last": moment(events["time"].max()),
    }


def moment(value: pd.Timestamp) -> str:
    """Return a time in UTC, in ISO 8601."""
    return "{}Z".format(value.isoformat(timespec="seconds"))


def now() -> str:
    """Return the time of the clock likewise."""
    return moment(datetime.utcnow())


def roles_of(tried: Mapping[str, Sequence[Tried]], outcome: Outcome) -> Dict[str, Any]:
    """Return what was tried and chosen for each role that has a model.

    Parameters
    ----------
    tried : dict of str to sequence of Tried
        By role, the best first.
    outcome : Outcome
        What became of them.
    """
    return {
        role: {
            "name": NAMES[role][0],
            **paths,
            "settings": {**tried[role][0].settings.to_json(), "seed": tried[role][0].seed},
            "validation": dict(tried[role][0].kinds),
            "validation_visitors": dict(tried[role][0].visitors),
            "seeds": {str(seed): each for seed, each in outcome.seeds.get(role, {}).items()},
            "tried": [_tried(one) for one in tried[role]],
        }
        for role, paths in outcome.paths.items()
    }


def figures_of(one: Figures) -> Dict[str, Any]:
    """Return what was measured of a model."""
    return {
        "name": one.name,
        "recall@10": _bounds(one.recall),
        "kinds": one.kinds,
        "periods": {
            name: {"visitors": count, **_bounds(interval)}
            for name, (count, interval) in one.periods.items()
        },
        "curves": {name: [_finite(each) for each in curve] for name, curve in one.curves.items()},
        "against": {name: _bounds(ratio) for name, ratio in one.against.items()},
        "findings": [finding.words for finding in one.findings],
    }


def _tried(one: Tried) -> Dict[str, Any]:
    told: Dict[str, Any] = {
        "label": one.settings.label,
        "seed": one.seed,
        "seconds": round(one.seconds, 1),
    }
    if one.settings.margin != 1.0:
        told["margin"] = one.settings.margin
    return {**told, "failed": one.failed} if one.failed else {**told, "recall@10": one.recall}


def _bounds(interval: Interval) -> Dict[str, Any]:
    each = {"value": interval.value, "low": interval.low, "high": interval.high}
    return {name: _finite(value) for name, value in each.items()}


def _finite(value: float) -> Any:
    return float(value) if math.isfinite(value) else None
