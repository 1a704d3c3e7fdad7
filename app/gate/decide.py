"""The rules by which a candidate is published or stays aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turi_recommender import Recommender

from ..models.columns import described
from .intervals import Ratio, paired_ratio

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a candidate must keep.

    Attributes
    ----------
    margin : float
        How much worse than another it may be: 0.15 is 15 %.
    least_log : float
        How many of the serving version's events its log must have, as a share.
    least_visitors : int
        By how many visitors it must be judged.
    least_recall : float
        How much of the recall that the serving version's manifest tells it must have, as a share.
    """

    margin: float = 0.15
    least_log: float = 0.8
    least_visitors: int = 50
    least_recall: float = 0.5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about one rule.

    Attributes
    ----------
    rule : str
        Its name, which programs can rely on.
    passed : bool
        Whether the candidate keeps it; also true where it could not be checked.
    words : str
        One sentence for people.
    ratio : Ratio or None
        The ratio that it is about, if it is about one.
    checked : bool
        Whether it could be checked at all.
    """

    rule: str
    passed: bool
    words: str
    ratio: Ratio | None = None
    checked: bool = True


def not_checked(rule: str, why: str) -> Verdict:
    """Return what is said of a rule that keeps nothing back, because nobody could check it.

    Parameters
    ----------
    rule : str
        Its name.
    why : str
        Why not, for people.
    """
    return Verdict(rule, passed=True, words=why, checked=False)


def judge_visitors(count: int, rules: Rules) -> Verdict:
    """Tell whether there are enough visitors to judge by."""
    passed = count >= rules.least_visitors
    words = (
        f"{count} visitors of the test part judge it; at least {rules.least_visitors} are needed"
    )
    return Verdict("visitors", passed, words)


def judge_columns(old: Recommender, new: Recommender) -> Verdict:
    """Tell whether requests may have the same side data as now.

    Parameters
    ----------
    old, new : Recommender
        The model that serves, and the candidate.
    """
    mine, yours = ({described(column) for column in model.side_columns} for model in (old, new))
    if mine == yours:
        return Verdict("columns", passed=True, words="requests may have the same side data as now")
    before, after = (
        ", ".join(column.name for column in model.side_columns) or "none" for model in (old, new)
    )
    words = (
        f"its side columns are {after}, and those of the serving version {before}: services that "
        "run refuse it, and after a restart requests with other side data are refused; publish it "
        "by force when callers are ready for that, and restart the services"
    )
    return Verdict("columns", passed=False, words=words)


def judge_against(
    other: str, ours: Values, theirs: Values, rules: Rules, *, must_hit: bool = False
) -> Verdict:
    """Tell whether a candidate is not worse than something else beyond the margin.

    Parameters
    ----------
    other : str
        What that is called.
    ours, theirs : ndarray of float64, shape (visitors,)
        Recall of the same visitors.
    rules : Rules
        The margin.
    must_hit : bool
        Whether the other must have a hit: a yardstick without any measures nothing.
    """
    if must_hit and not theirs.any():
        words = f"{other} has no hit among the visitors that judge it, so nobody can beat it"
        return Verdict(f"against {other}", passed=False, words=words)
    if len(ours) == 0 or (ours.sum() == 0 and theirs.sum() == 0):
        words = f"neither it nor {other} has a single hit, so they cannot be compared"
        return Verdict(f"against {other}", passed=False, words=words)
    ratio = paired_ratio(ours, theirs)
    passed = ratio.low > 1 - rules.margin
    words = (
        f"its recall@10 is {ratio.value:.2f} times that of {other}, with 95 % confidence "
        f"{ratio.low:.2f} to {ratio.high:.2f}; the lower bound must be above {1 - rules.margin:.2f}"
    )
    return Verdict(f"against {other}", passed, words, ratio)


def judge_findings(findings: Sequence[str] | None) -> Verdict:
    """Tell whether the trainer found no sign of a collapse; None if it did not look for any."""
    if findings is None:
        return not_checked("collapse", "the trainer did not look for signs of a collapse")
    if len(findings) == 0:
        return Verdict("collapse", passed=True, words="it shows no sign of a collapse")
    return Verdict("collapse", passed=False, words="; ".join(findings))
