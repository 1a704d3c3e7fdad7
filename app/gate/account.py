"""What the gate tells a report: each decision, and the new models against those that serve."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from turi_recommender import Id
from turi_recommender.errors import RecommenderError

from .candidates import KINDS, ROLES, Run, TestPart
from .intervals import paired_ratio
from .judge import Decision, Judge
from .outcome import Outcome
from .page import decision_page
from .report import Example, Report, cut, read_report, write_report
from .tell import Form, described


def complete_report(run: Run, outcome: Outcome, folders: Iterable[Path], form: Form) -> None:
    """Show in the report of a run what was decided; if it cannot be, say why, and go on.

    Parameters
    ----------
    run : Run
        The training run.
    outcome : Outcome
        What was decided.
    folders : iterable of Path
        Where the report is: in the run's directory, and where the run is kept.
    form : Form
        How the gate speaks.
    """
    different = {folder.resolve(): folder for folder in folders}
    try:
        report = read_report(run.path)
        told = account(run, outcome, report)
        write_report(report, told, decision_page(told), different.values())
    except (RecommenderError, OSError, ValueError) as error:
        form.no_report(" ".join(str(error).split()))


def account(run: Run, outcome: Outcome, report: Report) -> dict[str, Any]:
    """Return what was decided as values of JSON: the field ``decision`` of ``report.json``.

    Parameters
    ----------
    run : Run
        The training run.
    outcome : Outcome
        What was decided.
    report : Report
        The report, which has the example visitors and the titles of items.
    """
    judge = outcome.judge
    judged = {each.candidate.role for each in outcome.decisions}
    there = run.told["roles"]
    roles = (
        [] if judge is None else [_role(each, run, outcome, judge) for each in outcome.decisions]
    )
    return {
        "failed": outcome.failed,
        "not_judged": [role for role in ROLES if role in there and role not in judged],
        "roles": roles,
        "examples": [] if judge is None else _examples(run, outcome, judge, report),
    }


def _role(decision: Decision, run: Run, outcome: Outcome, judge: Judge) -> dict[str, Any]:
    role = decision.candidate.role
    folder = outcome.folders.get(role)
    is_forced = folder is not None and not decision.passed
    return {
        **described(decision, folder, outcome.forced),
        "outcome": "passed" if decision.passed else "forced" if is_forced else "refused",
        "version": None if folder is None else f"{folder.parent.name}:{folder.name}",
        "serving": {
            "version": judge.serving_version(role),
            "why_not": decision.theirs if isinstance(decision.theirs, str) else None,
            "manifest": _manifest(decision),
            "kinds": _kinds(decision, run.test),
        },
    }


def _manifest(decision: Decision) -> dict[str, Any] | None:
    """Return what the serving version's manifest says, by kind: of another test part."""
    if decision.before is None:
        return None
    return {
        kind: {"visitors": decision.before.visitors[kind], "recall": decision.before.values[kind]}
        for kind in ("all", *KINDS)
    }


def _kinds(decision: Decision, test: TestPart) -> list[dict[str, Any]]:
    """Return the recall of both, and its ratio, by kind of visitor."""
    made: list[dict[str, Any]] = []
    for kind in ("all", *KINDS):
        rows = np.full(len(test.kinds), fill_value=True) if kind == "all" else test.kinds == kind
        row: dict[str, Any] = {
            "kind": kind,
            "visitors": int(rows.sum()),
            "candidate": decision.figures.values[kind],
            "serving": None,
            "ratio": None,
        }
        if not isinstance(decision.theirs, str) and rows.any():
            ratio = paired_ratio(decision.ours[rows], decision.theirs[rows])
            row["serving"] = float(decision.theirs[rows].mean())
            row["ratio"] = {
                name: value if np.isfinite(value) else None
                for name, value in (
                    ("value", ratio.value),
                    ("low", ratio.low),
                    ("high", ratio.high),
                )
            }
        made.append(row)
    return made


def _examples(run: Run, outcome: Outcome, judge: Judge, report: Report) -> list[dict[str, Any]]:
    """Return the example visitors of the report who are in the test part, with both lists."""
    places = {str(user): place for place, user in enumerate(run.test.users.tolist())}
    there = [each for each in report.examples if each.visitor in places]
    test = run.test.at([places[each.visitor] for each in there])
    kinds = test.kinds.tolist()
    shown = [_Shown(each, judge, test, report.titles) for each in outcome.decisions]
    return [
        {
            "visitor": cut(each.visitor),
            "kind": kinds[row],
            "history": _history(each, report.titles),
            "lists": [one.of(row) for one in shown if one.is_for(kinds[row])],
        }
        for row, each in enumerate(there)
    ]


class _Shown:
    """The lists of one role for the example visitors."""

    def __init__(
        self, decision: Decision, judge: Judge, test: TestPart, titles: Mapping[str, str]
    ) -> None:
        self._role = decision.candidate.role
        self._ours, self._theirs = judge.show(self._role, test)
        self._truth = test.truth
        self._titles = titles

    def is_for(self, kind: str) -> bool:
        """Tell whether the role answers for such visitors."""
        return (self._role == "newcomer") == (kind == "unknown")

    def of(self, row: int) -> dict[str, Any]:
        """Return both lists of a visitor."""
        theirs = None if self._theirs is None else self._items(self._theirs[row], row)
        return {
            "role": self._role,
            "candidate": self._items(self._ours[row], row),
            "serving": theirs,
        }

    def _items(self, items: Sequence[Id], row: int) -> list[dict[str, Any]]:
        return [
            {**_named(str(item), self._titles), "hit": item in self._truth[row]} for item in items
        ]


def _history(example: Example, titles: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{**_named(item.id, titles), "time": cut(item.day)} for item in example.history]


def _named(item: str, titles: Mapping[str, str]) -> dict[str, str]:
    return {"id": cut(item)} | ({"title": titles[item]} if item in titles else {})
