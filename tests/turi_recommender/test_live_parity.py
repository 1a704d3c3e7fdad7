"""Fresh models from a random seed, trained and asked by real Turi Create, asked again here.

Runs where a CPython 3.8 is found; the seed is printed, and PARITY_SEED repeats one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.environment import record_live
from tests.turi_recommender.golden import (
    assert_same_answers,
    case_names,
    read_answers,
    unpack_model,
)
from tests.turi_recommender.test_golden import filter_always
from turi_recommender import load_model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("live")
    record_live("golden", folder)
    return folder


def test_live_answers_equal_turi_creates(recorded: Path, tmp_path: Path) -> None:
    names = case_names(recorded)
    assert len(names) >= 40
    rows = 0
    for name in names:
        model = load_model(unpack_model(name, tmp_path / name, recorded))
        answers = read_answers(name, recorded)
        rows += assert_same_answers(model, answers)
        with filter_always():
            assert_same_answers(model, answers)
    print(f"{len(names)} models, {rows} rows equal")
    assert rows > 40_000
