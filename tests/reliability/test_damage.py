from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reliability import damage
from tests.turi_recommender.golden import unpack_model
from turi_recommender.format import FactorModel, read_model
from turi_recommender.scoring import make_recommender

pytestmark = pytest.mark.slow


def test_damaged_models_are_refused_or_answer_in_range() -> None:
    report = damage.run(count=300)
    assert not report.broken, (report.broken, report.figures)


def test_a_death_is_noticed() -> None:
    """The control: a worker that gives up is reported, with its seed."""
    assert damage.tried([{"seed": 7, "done": "flip 0"}], -14).wrong == [
        "seed 7: died with -14: flip 0"
    ]
    wrong = {"seed": 8, "outcome": "WRONG ValueError()", "seconds": 0.1, "peak": 40}
    assert damage.tried([wrong], 0).wrong == ["seed 8: WRONG ValueError()"]


def test_a_linear_model_whose_items_are_scaled(tmp_path: Path) -> None:
    """Found by seed 4460: there are no factors to scale."""
    saved = read_model(unpack_model("ranking_linear", tmp_path))
    assert isinstance(saved.details, FactorModel)
    scaled = replace(saved.details, scales=np.full(len(saved.details.scales), 2.0))
    damage.ask(make_recommender(replace(saved, details=scaled)))
