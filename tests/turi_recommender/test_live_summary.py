"""What real Turi Create says of fresh models, from a random seed, held against ours.

Runs where a CPython 3.8 is found; the seed is printed, and PARITY_SEED repeats one.
"""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from tests.training.environment import ROOT, training_python
from tests.turi_recommender.golden import case_names, unpack_model
from tests.turi_recommender.summaries import assert_same_summary, read_summary
from turi_recommender import load_model

pytestmark = pytest.mark.slow


def test_live_summaries_equal_turi_creates(tmp_path: Path) -> None:
    folder = tmp_path / "live"
    seed = os.environ.get("PARITY_SEED") or str(random.SystemRandom().randrange(10, 10**6))
    print(f"PARITY_SEED={seed}")
    command = [training_python(), "-m", "training.golden_summary", str(folder), "--seed", seed]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    names = case_names(folder)
    assert len(names) == 43
    compared = 0
    for name in names:
        model = load_model(unpack_model(name, tmp_path / name, folder))
        compared += assert_same_summary(model, read_summary(name, folder))
    print(f"{len(names)} models, {compared} values equal")
    assert compared > 3000
