"""What real Turi Create answered to new side data, asked again, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.turi_recommender.golden import (
    GOLDEN,
    assert_same_rows,
    case_names,
    read_answers,
    unpack_model,
)
from tests.turi_recommender.test_golden import filter_always
from turi_recommender import Recommender, load_model

SIDE_DATA = GOLDEN / "side_data"
_GIVEN = ("k", "exclude_known", "items", "user_data", "item_data")


def assert_same_with_side_data(model: Recommender, queries: list[dict[str, Any]]) -> int:
    """Ask every recorded query again; return the number of rows compared."""
    count = 0
    for query in queries:
        asked = {name: query[name] for name in _GIVEN}
        ours = list(model.recommend(query["users"], **asked).rows())
        assert_same_rows(ours, query["rows"], query["k"], f"{query['users']} {asked}")
        count += len(ours)
    return count


@pytest.mark.parametrize("name", case_names(SIDE_DATA))
def test_answers_with_side_data_equal_turi_creates(name: str, tmp_path: Path) -> None:
    queries = read_answers(name, SIDE_DATA)["queries"]
    model = load_model(unpack_model(name, tmp_path))
    recorded = sum(len(query["rows"]) for query in queries)
    assert assert_same_with_side_data(model, queries) == recorded
    with filter_always():
        assert_same_with_side_data(model, queries)
