"""What real Turi Create says of fresh models, from a random seed, held against ours.

Runs where a CPython 3.8 is found; the seed is printed, and PARITY_SEED repeats one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.environment import record_live
from tests.turi_recommender.golden import case_names, unpack_model
from tests.turi_recommender.summaries import assert_same_summary, read_summary
from turi_recommender import load_model

pytestmark = pytest.mark.slow


def test_live_summaries_equal_turi_creates(tmp_path: Path) -> None:
    folder = tmp_path / "live"
    record_live("golden_summary", folder)
    names = case_names(folder)
    assert len(names) == 43
    compared = 0
    for name in names:
        model = load_model(unpack_model(name, tmp_path / name, folder))
        compared += assert_same_summary(model, read_summary(name, folder))
    print(f"{len(names)} models, {compared} values equal")
    assert compared > 3000
