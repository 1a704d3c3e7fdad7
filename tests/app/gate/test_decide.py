from __future__ import annotations

import numpy as np
import pytest

from app.gate.decide import (
    Rules,
    judge_against,
    judge_columns,
    judge_findings,
    judge_visitors,
    not_checked,
)
from tests.turi_recommender.scoring.synthetic import factor_model, neighbour_model
from turi_recommender.scoring import make_recommender

RULES = Rules()


@pytest.mark.parametrize(("times", "passed"), [(1.0, True), (0.9, True), (0.8, False), (1.5, True)])
def test_not_worse_beyond_the_margin(times: float, passed: bool) -> None:
    theirs = np.random.default_rng(1).random(500) + 0.5
    verdict = judge_against("jaccard", times * theirs, theirs, RULES)
    assert (verdict.rule, verdict.passed) == ("against jaccard", passed)
    assert verdict.ratio is not None
    assert verdict.ratio.value == pytest.approx(times)
    assert f"{times:.2f} times that of jaccard" in verdict.words


def test_what_nobody_can_tell_does_not_pass() -> None:
    few = np.array([0.0, 1.0, 0.0])
    assert not judge_against("jaccard", few, few[::-1].copy() * 0.5 + few * 0.6, RULES).passed
    for nothing in (np.zeros(0), np.zeros(9)):
        verdict = judge_against("jaccard", nothing, nothing, RULES)
        assert (verdict.passed, verdict.ratio) == (False, None)


def test_a_yardstick_without_a_hit_cannot_be_beaten() -> None:
    ours, nothing = np.ones(60), np.zeros(60)
    verdict = judge_against("jaccard", ours, nothing, RULES, must_hit=True)
    assert (verdict.passed, verdict.ratio) == (False, None)
    assert verdict.words.startswith("jaccard has no hit among the visitors that judge it")
    assert judge_against("jaccard", ours, ours, RULES, must_hit=True).passed
    assert judge_against("the serving version", ours, nothing, RULES).passed


def test_few_visitors_and_findings() -> None:
    assert [judge_visitors(count, RULES).passed for count in (0, 49, 50)] == [False, False, True]
    assert (judge_findings([]).passed, judge_findings([]).checked) == (True, True)
    assert judge_findings(None).checked is False
    verdict = judge_findings(["all get the same list", "scores are flat"])
    assert (verdict.passed, verdict.words) == (False, "all get the same list; scores are flat")


def test_what_could_not_be_checked_keeps_nothing_back() -> None:
    verdict = not_checked("log", "nobody knows")
    assert (verdict.rule, verdict.passed, verdict.checked) == ("log", True, False)


def test_side_columns_stay_as_they_are() -> None:
    some, others = make_recommender(factor_model(1)), make_recommender(factor_model(2))
    none = make_recommender(neighbour_model(1))
    assert judge_columns(some, others).passed
    verdict = judge_columns(some, none)
    assert (verdict.rule, verdict.passed) == ("columns", False)
    assert verdict.words.startswith("its side columns are none, and those of the serving version ")
    assert some.side_columns[0].name in verdict.words
    assert not judge_columns(none, some).passed
