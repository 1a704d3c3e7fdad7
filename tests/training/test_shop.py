"""What visitors of a real shop would get, from training to the service's answers, with one seed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from benchmarks.shop import COMPARED, FIRST_SEED, REFERENCE, Runs, lines_of, mean_recalls
from benchmarks.shop_served import Served, decide, measure
from tests.training.environment import training_python

needs_log = pytest.mark.skipif("EVENT_LOG" not in os.environ, reason="EVENT_LOG names no event log")


def served(users: list[str], is_cold: list[bool], ours: list[float]) -> Served:
    nothing = dict.fromkeys(COMPARED, np.zeros(len(users)))
    recalls = {**nothing, "measured": np.array(ours), REFERENCE: np.full(len(users), 0.5)}
    return Served(users, np.array(is_cold), recalls, {})


def test_visitors_are_averaged_over_the_runs_that_asked_about_them() -> None:
    runs = [
        served(["a", "b", "c"], [False, False, True], [1.0, 0.5, 0.25]),
        served(["b", "c", "d"], [False, True, False], [0.0, 0.75, 1.0]),
    ]
    back, cold = (mean_recalls(runs, is_cold=is_cold) for is_cold in (False, True))
    assert back["measured"].tolist() == [1.0, 0.25, 1.0]
    assert cold["measured"].tolist() == [0.5]


@pytest.mark.parametrize(("ours", "passed"), [(0.61, True), (0.59, False)])
def test_a_line_holds_from_its_bound_on(ours: float, passed: bool) -> None:
    users = [str(number) for number in range(60)]
    back = mean_recalls([served(users, [False] * 60, [ours] * 60)], is_cold=False)
    nobody = {name: np.zeros(0) for name in back}
    returning, lower, similarity = lines_of("time", back, nobody)
    assert returning.passed == passed
    assert lower.passed
    assert not similarity.passed


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    training_python()  # skips where there is none
    return Runs(Path(os.environ["EVENT_LOG"]), tmp_path_factory.mktemp("runs"), [])


@pytest.mark.slow
@needs_log
def test_what_visitors_get_is_worth_serving(runs: Runs) -> None:
    run = runs.run("time", "usual", FIRST_SEED)
    assert [each.candidate.role for each in decide(run) if each.passed] == [
        "similarity",
        "ranking",
        "newcomer",
    ]
    found = measure(run)
    back, cold = (mean_recalls([found], is_cold=is_cold) for is_cold in (False, True))
    # One seed, so the bounds have a margin; docs/evaluation.md has the means of five.
    assert back["measured"].mean() > 1.1 * back[REFERENCE].mean()
    assert back["similarity"].mean() > 0.95 * back[REFERENCE].mean()
    assert lines_of("time", back, cold)[-1].passed  # cold visitors get recent popularity's recall
    assert sum(found.answered["unknown"].values()) == len(cold["measured"])


@pytest.mark.slow
@needs_log
def test_the_original_settings_are_refused(runs: Runs) -> None:
    (decision,) = decide(runs.run("time", "author", FIRST_SEED))
    broken = {each.rule for each in decision.verdicts if not each.passed}
    assert "against jaccard" in broken
