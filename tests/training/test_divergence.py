"""Models whose training diverged count as settings that failed."""

from __future__ import annotations

import pytest

from tests.training.environment import Trainer

pytestmark = pytest.mark.slow

CHOSEN = """
load_turicreate()
import numpy as np, pandas as pd
from dataclasses import replace
from training.candidates import RANKING, Settings
from training.choose import choose
from training.events import make_log
from training.judged import make_part
from training.prepare import PrepareOptions
from training.splits import time_split

log = make_log(400, 80, 3)
log = replace(log, events=log.events.assign(weight=1.7e308))
parts = time_split(log.events)
part = make_part(log, parts.train, parts.validation, PrepareOptions(), 7, 100)
model = "ranking_factorization_recommender"
options = (("num_factors", 2), ("max_iterations", 2))
diverges = Settings("diverges", RANKING, model, options, has_target=True)
works = Settings("works", RANKING, model, options)
tried = choose([diverges, works], replace(log, events=parts.train), part, "UTC", [7], None, print)
answer = [(one.settings.label, one.failed) for one in tried]
"""
REFUSED = """
load_turicreate()
from training.divergence import require_finite_scores
try:
    require_finite_scores([1.0, float(score)])
    answer = ""
except Exception as error:
    answer = str(error)
"""


def test_other_settings_win(trainer: Trainer) -> None:
    (best, why_not), (other, why) = trainer.run(CHOSEN)
    assert (best, why_not) == ("works", "")
    assert other == "diverges"
    assert "the training diverged: the intercept is " in why


@pytest.mark.parametrize(
    ("score", "message"),
    [("0", ""), ("-1e300", ""), ("nan", "a score is no number (NaN)"), ("-inf", "is infinite")],
)
def test_scores_are_finite_numbers(trainer: Trainer, score: str, message: str) -> None:
    answer = trainer.run(REFUSED, score=score)
    assert message in answer
    assert bool(answer) == bool(message)
