"""Fresh models from a random seed, asked by real Turi Create to predict and for similar users.

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
from tests.turi_recommender.test_golden_predict import assert_same_predictions, read_queries
from tests.turi_recommender.test_golden_similar_users import assert_same_users
from turi_recommender import load_model

pytestmark = pytest.mark.slow


def record(kind: str, folder: Path) -> None:
    seed = os.environ.get("PARITY_SEED") or str(random.SystemRandom().randrange(10, 10**6))
    print(f"PARITY_SEED={seed}")
    command = [training_python(), "-m", f"training.golden_{kind}", str(folder), "--seed", seed]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_live_predictions_equal_turi_creates(tmp_path: Path) -> None:
    record("predict", tmp_path)
    pairs = 0
    for name in case_names(tmp_path):
        model = load_model(unpack_model(name, tmp_path / name, tmp_path))
        pairs += assert_same_predictions(model, read_queries(tmp_path / f"{name}.json"))
    print(f"{pairs} pairs equal")
    assert pairs == 2184


def test_live_similar_users_equal_turi_creates(tmp_path: Path) -> None:
    record("similar_users", tmp_path)
    rows = 0
    for name in case_names(tmp_path):
        model = load_model(unpack_model(name, tmp_path / name, tmp_path))
        rows += assert_same_users(model, read_queries(tmp_path / f"{name}.json"))
    print(f"{rows} rows equal")
    assert rows > 3000
