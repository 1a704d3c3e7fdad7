"""Every recorded answer of real Turi Create, replayed: rows, order, ranks and every bit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.turi_recommender.golden import (
    assert_same_answers,
    case_names,
    read_answers,
    unpack_model,
)
from turi_recommender import load_model
from turi_recommender.scoring import limits


@contextmanager
def filter_always() -> Iterator[None]:
    """Filter even catalogues that are small enough to be scored whole."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "EXACT_WORK", 0)
        yield


@pytest.mark.parametrize("name", case_names())
def test_answers_equal_turi_creates(name: str, tmp_path: Path) -> None:
    answers = read_answers(name)
    model = load_model(unpack_model(name, tmp_path))
    assert assert_same_answers(model, answers) > 300
    with filter_always():
        assert_same_answers(model, answers)


def test_the_recorded_cases_are_there() -> None:
    assert len(case_names()) >= 38
