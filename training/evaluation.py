"""What the chosen models, and what they are compared with, do on the test part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Collection, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from training.candidates import Lists, Scores
from training.collapse import Finding, find_collapse
from training.intervals import Interval, mean_interval, ratio_interval
from training.judged import Part, means_by_kind, recall_of
from training.measures import (
    coverage,
    find_hits,
    ndcg,
    novelty,
    precision,
    recall,
    reciprocal_rank,
)
from training.prepare import PERIODS
from training.roles import NEWCOMER, audience_of, yardstick_of
from training.visitors import UNKNOWN


@dataclass(frozen=True)
class Answers:
    """What one model answered to the visitors of the test part.

    Attributes
    ----------
    name : str
        What reports call the model.
    lists, scores : dict of visitor to list
        Items, best first, and their scores.
    """

    name: str
    lists: Lists
    scores: Scores


@dataclass(frozen=True)
class Comparison:
    """How the model of a role compares with the plain one that it has to beat.

    Attributes
    ----------
    to : str
        The plain model's name.
    whom : {"new", "returning", "all"}
        By which visitors: those whom the role is for, or all where there are none of them.
    visitors : int
        How many they are.
    ratio : Interval
        The paired ratio of mean recall at 10.
    """

    to: str
    whom: str
    visitors: int
    ratio: Interval


@dataclass(frozen=True)
class Figures:
    """What was measured of one model.

    Attributes
    ----------
    name : str
        What reports call the model.
    curves : dict of str to list of float
        Precision, recall, NDCG and MRR at 1 - 20, coverage and novelty likewise.
    recall : Interval
        Mean recall at 10 of all visitors.
    kinds : dict of str to float or None
        Mean recall at 10 of all, and of each kind of visitor; None where there is none.
    periods : dict of str to (int, Interval)
        Number of visitors, and mean recall at 10, by the period of the day of their visit.
    against : dict of str to Interval
        The paired ratio to each other model, by its name.
    findings : list of Finding
        Signs of a collapse.
    comparison : Comparison, optional
        With the plain model that a role has to beat, by those whom the role is for.
    """

    name: str
    curves: Dict[str, List[float]]
    recall: Interval
    kinds: Dict[str, Any]
    periods: Dict[str, Tuple[int, Interval]]
    against: Dict[str, Interval]
    findings: List[Finding]
    comparison: Optional[Comparison] = None


def measure(
    answered: Sequence[Answers],
    popular: Answers,
    part: Part,
    audience: Mapping[Any, int],
    training_visitors: int,
    seed: int,
    roles: Collection[str],
) -> List[Figures]:
    """Measure models on the same visitors.

    Parameters
    ----------
    answered : sequence of Answers
        Of each model.
    popular : Answers
        Of a popularity model, of which no other may be a copy.
    part : Part
        The visitors.
    audience : dict of item to int
        How many training visitors had each item; these items are the catalogue.
    training_visitors : int
        How many training visitors there are.
    seed : int
        Of the bootstrap.
    roles : collection of str
        The names of those that are models of a role.
    """
    recalls = {one.name: recall_of(one.lists, part) for one in answered}
    known = [visitor for visitor, kind in zip(part.visitors, part.kinds) if kind != UNKNOWN]
    made = []
    for one in answered:
        mine = recalls[one.name]
        is_role = one.name in roles
        made.append(
            Figures(
                name=one.name,
                curves=_curves(one, part, audience, training_visitors),
                recall=mean_interval(mine, seed),
                kinds=means_by_kind(mine, part),
                periods=_by_period(mine, part, seed),
                against={
                    name: ratio_interval(mine, theirs, seed)
                    for name, theirs in recalls.items()
                    if name != one.name
                },
                findings=_findings(one, popular, known, len(audience)) if is_role else [],
                comparison=_comparison(one.name, recalls, part, seed) if is_role else None,
            )
        )
    return made


def _comparison(
    role: str, recalls: Mapping[str, np.ndarray], part: Part, seed: int
) -> Optional[Comparison]:
    to = yardstick_of(role)
    if to not in recalls:
        return None
    whom, rows = audience_of(role, part.kinds)
    ratio = ratio_interval(recalls[role][rows], recalls[to][rows], seed)
    return Comparison(to, whom, int(rows.sum()), ratio)


def _by_period(values: np.ndarray, part: Part, seed: int) -> Dict[str, Tuple[int, Interval]]:
    periods = np.array(part.periods, dtype=object)
    return {
        name: (int((periods == name).sum()), mean_interval(values[periods == name], seed))
        for name in PERIODS.values()
        if name in part.periods
    }


def _curves(
    one: Answers, part: Part, audience: Mapping[Any, int], training_visitors: int
) -> Dict[str, List[float]]:
    hits = find_hits(one.lists, part.truth, part.visitors)
    each = {
        "precision": precision(hits),
        "recall": recall(hits),
        "NDCG": ndcg(hits),
        "MRR": reciprocal_rank(hits),
        "novelty": novelty(one.lists, part.visitors, audience, training_visitors),
    }
    curves = {name: np.asarray(values).mean(axis=0).tolist() for name, values in each.items()}
    curves["coverage"] = coverage(one.lists, part.visitors, max(len(audience), 1)).tolist()
    return curves


def _findings(
    one: Answers, popular: Answers, known: Sequence[Any], catalogue: int
) -> List[Finding]:
    """Return signs of a collapse among those whom training knew; strangers all get the same.

    The newcomer role is for strangers, so that its model shows none, as it is for the gate.
    """
    if one.name == NEWCOMER or len(known) == 0:
        return []
    lists = {visitor: one.lists[visitor] for visitor in known}
    others = {visitor: popular.lists[visitor] for visitor in known}
    scores = {visitor: one.scores[visitor] for visitor in known}
    return find_collapse(lists, others, scores, max(catalogue, 1))
