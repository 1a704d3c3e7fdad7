"""Rules about what the serving version's manifest says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.gate.before import comparable, judge_figures, judge_log
from app.gate.decide import Rules
from tests.turi_recommender.trained import a_training
from turi_recommender.versions.training import Figures, LogFacts

RULES = Rules()
TRAINING = a_training()
LOG = TRAINING.log


def log(events: int, last: datetime | None = None) -> LogFacts:
    return replace(LOG, events=events, last=last)


@pytest.mark.parametrize(
    ("events", "before", "passed"),
    [(7238, 13161, False), (10529, 13161, True), (10528, 13161, False), (5, 0, True)],
)
def test_a_log_that_is_suspiciously_smaller(events: int, before: int, passed: bool) -> None:
    verdict = judge_log(log(events), log(before), RULES)
    assert (verdict.passed, verdict.checked) == (passed, True)
    assert f"has {events} events, that of the serving version {before}" in verdict.words


@pytest.mark.parametrize(("day", "passed"), [(1, False), (2, True), (3, True)])
def test_a_log_that_lost_its_end(day: int, passed: bool) -> None:
    then = datetime(2026, 11, 2, tzinfo=UTC)
    verdict = judge_log(log(100, then.replace(day=day)), log(100, then), RULES)
    assert verdict.passed == passed
    assert f"its last event is of 2026-11-0{day}T00:00:00Z" in verdict.words
    assert "2026-11-02T00:00:00Z" in verdict.words
    assert judge_log(log(100), log(100, then), RULES).passed


def test_a_log_that_nobody_can_compare() -> None:
    verdict = judge_log(log(5), None, RULES)
    assert (verdict.passed, verdict.checked) == (True, False)


def figures(known: float | None, light: float | None, unknown: float | None = None) -> Figures:
    """Return figures of 300 known visitors, 100 light ones, and 50 unknown ones."""
    values = {"all": 0.0, "known": known, "light": light, "unknown": unknown}
    counts = {"all": 450, "known": 300, "light": 100, "unknown": 50}
    assert TRAINING.figures is not None
    return replace(TRAINING.figures, values=values, visitors=counts)


KNOWN = ("known", "light")


@pytest.mark.parametrize(
    ("known", "light", "passed"),
    [(0.0247, 0.0247, False), (0.08, 0.0, True), (0.04, 0.04, True), (0.0399, 0.04, False)],
)
def test_a_recall_far_below_the_manifests(known: float, light: float, passed: bool) -> None:
    verdict = judge_figures(figures(known, light), figures(0.08, 0.08), KNOWN, RULES)
    assert (verdict.rule, verdict.passed, verdict.checked) == ("figures", passed, True)
    assert f"recall@10 is {(3 * known + light) / 4:.4f}" in verdict.words
    assert "manifest says 0.0800" in verdict.words


def test_kinds_that_one_of_both_lacks_do_not_count() -> None:
    verdict = judge_figures(figures(0.04, 0.0), figures(0.08, None), KNOWN, RULES)
    assert verdict.passed
    verdict = judge_figures(figures(0.04, 0.0, 0.001), figures(0.08, 0.0, 0.2), ["unknown"], RULES)
    assert not verdict.passed
    for ours, before in ((figures(None, None), figures(0.1, 0.1)), (figures(0.1, 0.1), None)):
        verdict = judge_figures(ours, before, KNOWN, RULES)
        assert (verdict.passed, verdict.checked) == (True, False)


@pytest.mark.parametrize("change", [{"measure": "ndcg@10"}, {"split": "author"}])
def test_figures_of_another_kind_are_not_compared(change: dict[str, Any]) -> None:
    ours = TRAINING.figures
    assert ours is not None
    assert comparable(TRAINING, ours) == ours
    assert comparable(replace(TRAINING, figures=replace(ours, **change)), ours) is None
    assert comparable(replace(TRAINING, figures=None), ours) is None
    assert comparable(None, ours) is None
