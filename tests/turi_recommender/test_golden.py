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
    recorded = sum(len(query["rows"]) for query in answers["recommend"] + answers["similar"])
    assert assert_same_answers(model, answers) == recorded > 300
    with filter_always():
        assert_same_answers(model, answers)


def test_the_recorded_cases_are_there() -> None:
    answers = [read_answers(name) for name in case_names()]
    queries = [query for each in answers for query in each["recommend"] + each["similar"]]
    assert len(answers) == 49
    assert len(queries) == 1185
    assert sum(len(query["rows"]) for query in queries) == 58_161
