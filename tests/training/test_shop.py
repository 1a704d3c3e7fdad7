"""What visitors of a real shop would get, from training to the service's answers, with one seed."""

from __future__ import annotations

import os

import pytest

from benchmarks.shop import FIRST_SEED, REFERENCE, Runs, lines_of, mean_recalls
from benchmarks.shop_served import decide, measure
from tests.training.environment import training_python

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("EVENT_LOG" not in os.environ, reason="EVENT_LOG names no event log"),
]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    training_python()  # skips where there is none
    return Runs(os.environ["EVENT_LOG"], tmp_path_factory.mktemp("runs"), [])


def test_what_visitors_get_is_worth_serving(runs: Runs) -> None:
    run = runs.run("time", "usual", FIRST_SEED)
    assert [each.candidate.role for each in decide(run) if each.passed] == [
        "similarity",
        "ranking",
        "newcomer",
    ]
    served = measure(run)
    back, cold = (mean_recalls([served], is_cold=is_cold) for is_cold in (False, True))
    # One seed, so the bounds have a margin; docs/evaluation.md has the means of five.
    assert back["measured"].mean() > 1.1 * back[REFERENCE].mean()
    assert back["similarity"].mean() > 0.95 * back[REFERENCE].mean()
    assert lines_of("time", back, cold)[-1].passed  # cold visitors get recent popularity's recall
    assert sum(served.answered["unknown"].values()) == len(cold["measured"])


def test_the_original_settings_are_refused(runs: Runs) -> None:
    (decision,) = decide(runs.run("time", "author", FIRST_SEED))
    broken = {each.rule for each in decision.verdicts if not each.passed}
    assert "against jaccard" in broken
