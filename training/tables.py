"""What a run prints at its end: recall of each model, and how the roles compare with plain ones."""

from __future__ import annotations

import math
from typing import Any, List, Mapping, Sequence

from training.evaluation import Comparison, Figures
from training.judged import CUTOFF

_KINDS = ("all", "known", "light", "unknown")
_WHOM = {"new": "unknown visitors", "returning": "light and known visitors", "all": "visitors"}


def recalls(figures: Sequence[Figures], visitors: Mapping[str, int]) -> List[str]:
    """Return lines with the recall at 10 of each model, by kind of visitor.

    Parameters
    ----------
    figures : sequence of Figures
        The models.
    visitors : mapping of str to int
        How many visitors of each kind there are, and of all.
    """
    title, counts = "recall@{} by kind of visitor".format(CUTOFF), "number of visitors"
    width = max(len(name) for name in (title, counts, *(one.name for one in figures)))
    rows = [(title, _KINDS), (counts, ["{:,}".format(visitors[kind]) for kind in _KINDS])]
    rows += [(one.name, [_mean(one.kinds[kind]) for kind in _KINDS]) for one in figures]
    return [
        "{:{}} {}".format(name, width, " ".join(map("{:>8}".format, cells))) for name, cells in rows
    ]


def comparisons(figures: Sequence[Figures], labels: Mapping[str, str]) -> List[str]:
    """Return lines with the ratio of each role to the plain model that it has to beat.

    Parameters
    ----------
    figures : sequence of Figures
        The models; those without a comparison are passed over.
    labels : mapping of str to str
        What was chosen for each role.
    """
    lines = [
        "recall@{} of each role as a multiple of a plain model's [95 % interval], by the visitors "
        "whom the role is for:".format(CUTOFF)
    ]
    for one in figures:
        if one.comparison is not None:
            told = _ratio(one.comparison)
            lines.append("{} ({}): {}".format(one.name, labels[one.name], told))
    return lines


def _ratio(one: Comparison) -> str:
    by = "by {:,} {}".format(one.visitors, _WHOM[one.whom])
    ratio = one.ratio
    if not math.isfinite(ratio.value):
        return "no ratio to {}, {}: too few hits".format(one.to, by)
    ends = "too few hits for an interval"
    if math.isfinite(ratio.high):
        ends = "{:.2f} {:.2f}".format(ratio.low, ratio.high)
    return "{:.2f} [{}] times {}, {}".format(ratio.value, ends, one.to, by)


def _mean(value: Any) -> str:
    return "-" if value is None else "{:.4f}".format(value)
