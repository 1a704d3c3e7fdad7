"""What a report says, as one value that JSON can hold; the page is made of nothing else."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence

import numpy as np
import pandas as pd

from training.intervals import Interval, curve_intervals, mean_interval, ratio_interval
from training.keep import kept, latest
from training.measures import Hits, find_hits, ndcg, precision, recall, reciprocal_rank
from training.prepare import PERIODS
from training.report.examples import examples
from training.roles import audience_of, yardstick_of
from training.visitors import KNOWN, LIGHT, UNKNOWN

if TYPE_CHECKING:  # they import Turi Create, which a report does not need
    from training.evaluation import Answers
    from training.judged import Part

FORMAT = 1
CUTOFF = 10
_MEASURES = (
    ("recall", recall),
    ("NDCG", ndcg),
    ("precision", precision),
    ("MRR", reciprocal_rank),
)


def content(
    told: Mapping[str, Any],
    events: pd.DataFrame,
    before: pd.DataFrame,
    part: Part,
    answered: Sequence[Answers],
    shuffled: Sequence[Answers],
    titles: Optional[Mapping[str, str]],
) -> Dict[str, Any]:
    """Return what a report says.

    Parameters
    ----------
    told : mapping
        What ``run.json`` says.
    events : pandas.DataFrame
        All events: `user`, `item` and `time`.
    before : pandas.DataFrame
        Those before the test part, with their `time`.
    part : Part
        The visitors of the test part.
    answered : sequence of Answers
        Of the roles, and of what they are compared with.
    shuffled : sequence of Answers
        Of the roles whose models learnt context, when they were told the context of other visits.
    titles : mapping of str to str, optional
        Titles by item id.
    """
    seed = told["seed"]
    hits = {one.name: find_hits(one.lists, part.truth, part.visitors) for one in answered}
    recalls = {name: recall(each)[:, CUTOFF - 1] for name, each in hits.items()}
    roles = list(told["roles"])
    return {
        "format": FORMAT,
        "run": dict(told),
        "served": {role: _served(role, hits, part, seed) for role in roles},
        "kept": {role: _kept(events, one["settings"]) for role, one in told["roles"].items()},
        "curves": {name: _curves(each, seed) for name, each in hits.items()},
        "kinds": _segments(recalls, part.kinds, (KNOWN, LIGHT, UNKNOWN), seed),
        "periods": _segments(recalls, part.periods, _periods(part), seed),
        "ratios": _ratios(recalls, roles, part, seed),
        "context": [_context(recalls[one.name], one, part, seed) for one in shuffled],
        "titles": titles is not None,
        "examples": examples(before, part, answered, titles or {}, seed),
    }


def _kept(events: pd.DataFrame, settings: Mapping[str, Any]) -> Dict[str, Any]:
    """Return who is in the events that a model learns from, as `training.candidates.train` does."""
    learnt = latest(events, settings.get("recent", 1.0), settings.get("most_events"))
    rows = learnt[kept(learnt, settings["keep"])]
    return {
        "rule": settings["keep"],
        "users": int(rows["user"].nunique()),
        "items": int(rows["item"].nunique()),
        "recent": settings.get("recent", 1.0),
        "most_events": settings.get("most_events"),
    }


def _served(role: str, hits: Mapping[str, Hits], part: Part, seed: int) -> Dict[str, Any]:
    """Return how many of those whom a role is for found something among the first ten."""
    whom, rows = audience_of(role, part.kinds)
    plain = yardstick_of(role)
    rates = {
        name: bounds(mean_interval(hits[name].matrix[rows, :CUTOFF].any(axis=1), seed))
        for name in (role, plain)
        if name in hits
    }
    return {"whom": whom, "visitors": int(rows.sum()), "plain": plain, "hit_rate": rates}


def _curves(hits: Any, seed: int) -> Dict[str, List[Dict[str, Optional[float]]]]:
    """Return each measure at each cutoff; all are taken of the same samples of visitors."""
    each = [measure(hits) for _, measure in _MEASURES]
    intervals = iter(curve_intervals(np.concatenate(each, axis=1), seed))
    return {
        name: [bounds(next(intervals)) for _ in range(values.shape[1])]
        for (name, _), values in zip(_MEASURES, each)
    }


def _segments(
    recalls: Mapping[str, np.ndarray], labels: Sequence[str], names: Sequence[str], seed: int
) -> List[Dict[str, Any]]:
    """Return the recall of each model in each segment of visitors; None where there is nobody."""
    each = np.array(list(labels), dtype=object)
    stacked = np.stack(list(recalls.values()), axis=1)
    made = []
    for name in names:
        theirs = stacked[each == name]
        values: List[Any] = [None] * len(recalls)
        if len(theirs) > 0:
            values = [bounds(interval) for interval in curve_intervals(theirs, seed)]
        made.append({"name": name, "visitors": len(theirs), "recall": dict(zip(recalls, values))})
    return made


def _periods(part: Part) -> List[str]:
    """Return the periods of the day that have visits, in their order."""
    return [name for name in PERIODS.values() if name in part.periods]


def _ratios(
    recalls: Mapping[str, np.ndarray], roles: Sequence[str], part: Part, seed: int
) -> List[Dict[str, Any]]:
    """Return how each role compares with each reference, among those whom the role is for."""
    made = []
    for role in roles:
        whom, rows = audience_of(role, part.kinds)
        for name in recalls:
            if name not in roles:
                ratio = ratio_interval(recalls[role][rows], recalls[name][rows], seed)
                made.append(
                    dict(bounds(ratio), role=role, to=name, whom=whom, visitors=int(rows.sum()))
                )
    return made


def _context(true: np.ndarray, other: Answers, part: Part, seed: int) -> Dict[str, Any]:
    values = recall(find_hits(other.lists, part.truth, part.visitors))[:, CUTOFF - 1]
    ours, theirs = curve_intervals(np.stack([true, values], axis=1), seed)
    return {
        "name": other.name,
        "true": bounds(ours),
        "shuffled": bounds(theirs),
        "ratio": bounds(ratio_interval(true, values, seed)),
    }


def bounds(interval: Interval) -> Dict[str, Optional[float]]:
    """Return an interval; JSON has no infinite numbers, so these are None."""
    each = {"value": interval.value, "low": interval.low, "high": interval.high}
    return {name: value if math.isfinite(value) else None for name, value in each.items()}
