"""Fresh models from a random seed, asked by real Turi Create to predict and for similar users.

Runs where a CPython 3.8 is found; the seed is printed, and PARITY_SEED repeats one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.environment import record_live
from tests.turi_recommender.golden import case_names, unpack_model
from tests.turi_recommender.test_golden_predict import assert_same_predictions, read_queries
from tests.turi_recommender.test_golden_similar_users import assert_same_users
from turi_recommender import load_model

pytestmark = pytest.mark.slow


def test_live_predictions_equal_turi_creates(tmp_path: Path) -> None:
    record_live("golden_predict", tmp_path)
    pairs = 0
    for name in case_names(tmp_path):
        model = load_model(unpack_model(name, tmp_path / name, tmp_path))
        pairs += assert_same_predictions(model, read_queries(tmp_path / f"{name}.json"))
    print(f"{pairs} pairs equal")
    assert pairs == 2184


def test_live_similar_users_equal_turi_creates(tmp_path: Path) -> None:
    record_live("golden_similar_users", tmp_path)
    rows = 0
    for name in case_names(tmp_path):
        model = load_model(unpack_model(name, tmp_path / name, tmp_path))
        rows += assert_same_users(model, read_queries(tmp_path / f"{name}.json"))
    print(f"{rows} rows equal")
    assert rows > 3000
