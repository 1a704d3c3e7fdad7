"""Rules about what the serving version's manifest says: from which log, and with which figures.

A corrupt log makes the yardsticks of a run as bad as its candidates. What was measured before does
not come from that log.
"""

from __future__ import annotations

from collections.abc import Sequence

from turi_recommender.versions import Training
from turi_recommender.versions.record import write_moment
from turi_recommender.versions.training import Figures, LogFacts

from .decide import Rules, Verdict, not_checked


def judge_log(log: LogFacts, before: LogFacts | None, rules: Rules) -> Verdict:
    """Tell whether a log is neither suspiciously smaller nor older than the serving version's.

    Parameters
    ----------
    log : LogFacts
        From which the candidate learnt.
    before : LogFacts or None
        From which the serving version learnt; None if nobody knows.
    rules : Rules
        The share of events.
    """
    if before is None:
        return not_checked("log", "no serving version says how large its log was")
    is_large = log.events >= rules.least_log * before.events
    words = (
        f"its log has {log.events} events, that of the serving version {before.events}; "
        f"at least {rules.least_log:.0%} of them are needed"
    )
    if log.last is None or before.last is None:
        return Verdict("log", is_large, words)
    words += (
        f"; its last event is of {write_moment(log.last)}, and must not be before that of the "
        f"serving version's log, {write_moment(before.last)}"
    )
    return Verdict("log", is_large and log.last >= before.last, words)


def judge_figures(
    ours: Figures, before: Figures | None, kinds: Sequence[str], rules: Rules
) -> Verdict:
    """Tell whether the recall is not far below what the serving version once reached.

    Parameters
    ----------
    ours : Figures
        The candidate's.
    before : Figures or None
        What the serving version's manifest says, if it says something of the same measure and split
        (`comparable`).
    kinds : sequence of str
        The kinds of visitors that the role is for. Those of which both have a figure count.
    rules : Rules
        The share.
    """
    if before is None:
        why = "no serving version's manifest says anything of the same measure and split"
        return not_checked("figures", why)
    both = [kind for kind in kinds if _has(ours, kind) and _has(before, kind)]
    mine, theirs = ours.pooled(both), before.pooled(both)
    if mine is None or theirs is None:
        return not_checked("figures", "no figure of the serving version is of the same visitors")
    words = (
        f"its {ours.measure} is {mine:.4f}, and the serving version's manifest says {theirs:.4f}, "
        f"measured on another day; at least {rules.least_recall:.0%} of that are needed"
    )
    return Verdict("figures", mine >= rules.least_recall * theirs, words)


def comparable(training: Training | None, ours: Figures) -> Figures | None:
    """Return the figures of a manifest if they are of the same measure and split as others.

    Parameters
    ----------
    training : Training or None
        What the manifest says.
    ours : Figures
        The others.
    """
    figures = None if training is None else training.figures
    if figures is None or (figures.measure, figures.split) != (ours.measure, ours.split):
        return None
    return figures


def _has(figures: Figures, kind: str) -> bool:
    return figures.visitors[kind] > 0 and figures.values[kind] is not None
