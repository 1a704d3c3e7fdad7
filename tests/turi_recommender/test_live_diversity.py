"""Fresh models from a random seed, whose draws real Turi Create recorded, drawn again here.

Runs where a CPython 3.8 is found; the seed is printed, and PARITY_SEED repeats one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.environment import record_live
from tests.turi_recommender.golden import case_names, read_answers, unpack_model
from tests.turi_recommender.test_golden import filter_always
from tests.turi_recommender.test_golden_diversity import assert_same_draws
from turi_recommender import load_model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("live")
    record_live("golden_diversity", folder)
    return folder


def test_live_draws_equal_turi_creates(recorded: Path, tmp_path: Path) -> None:
    names = case_names(recorded)
    assert len(names) == 42
    rows = 0
    for name in names:
        model = load_model(unpack_model(name, tmp_path / name, recorded))
        queries = read_answers(name, recorded)["queries"]
        rows += assert_same_draws(model, queries)
        with filter_always():
            assert_same_draws(model, queries)
    print(f"{len(names)} models, {rows} rows equal")
    assert rows > 9_000
