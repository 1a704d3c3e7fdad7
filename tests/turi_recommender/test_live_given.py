"""Baskets and side data for fresh models from a random seed, answered by real Turi Create.

Runs where a CPython 3.8 is found; the seed is printed, and PARITY_SEED repeats one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.training.environment import record_live
from tests.turi_recommender.golden import case_names, read_answers, unpack_model
from tests.turi_recommender.test_golden import filter_always
from tests.turi_recommender.test_golden_baskets import assert_same_baskets
from tests.turi_recommender.test_golden_side_data import assert_same_with_side_data
from turi_recommender import Recommender, load_model

pytestmark = pytest.mark.slow

Compare = Callable[[Recommender, list[dict[str, Any]]], int]


@pytest.mark.parametrize(
    ("recorder", "compare", "models", "rows"),
    [
        ("golden_baskets", assert_same_baskets, 40, 8_000),
        ("golden_side_data", assert_same_with_side_data, 12, 1_800),
    ],
)
def test_live_answers_equal_turi_creates(
    recorder: str, compare: Compare, models: int, rows: int, tmp_path: Path
) -> None:
    folder = tmp_path / "recorded"
    record_live(recorder, folder)
    names = case_names(folder)
    compared = 0
    for name in names:
        model = load_model(unpack_model(name, tmp_path / name, folder))
        queries = read_answers(name, folder)["queries"]
        compared += compare(model, queries)
        with filter_always():
            compare(model, queries)
    print(f"{len(names)} models, {compared} rows equal")
    assert len(names) >= models
    assert compared > rows
