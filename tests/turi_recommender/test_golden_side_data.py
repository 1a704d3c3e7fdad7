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
from turi_recommender import QueryError, Recommender, load_model

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


def test_the_recorded_side_data_is_there() -> None:
    answers = [read_answers(name, SIDE_DATA) for name in case_names(SIDE_DATA)]
    queries = [query for each in answers for query in each["queries"]]
    assert len(answers) == 12
    assert len(queries) == 83
    assert sum(len(query["rows"]) for query in queries) == 2163


def test_a_column_renamed_for_another_table_goes_by_either_name(tmp_path: Path) -> None:
    """Both tables had a `price`; the observations had a `month`, so that name says too little."""
    queries = read_answers("ranking_everything", SIDE_DATA)["queries"]
    model = load_model(unpack_model("ranking_everything", tmp_path))
    given = queries[0]["item_data"]
    plain = [{"price" if name == "price.1" else name: row[name] for name in row} for row in given]
    users = queries[0]["users"]
    assert model.recommend(users, item_data=plain) == model.recommend(users, item_data=given)
    month = [{"month" if name == "month.2" else name: row[name] for name in row} for row in given]
    with pytest.raises(QueryError, match=r"item_data\.0\.month\.2: missing"):
        model.recommend(users, item_data=month)
    both = [{**given[0], "price": 1.0}]
    with pytest.raises(QueryError, match=r"item_data\.0\.price: the column is there twice"):
        model.recommend(users, item_data=both)


def test_side_data_counts_with_context_too(tmp_path: Path) -> None:
    """Turi Create leaves new side data of users out where the query has context."""
    model = load_model(unpack_model("ranking_seed_shape", tmp_path))
    visit = {"user_id": 999_999, "period": "Night"}
    states = [
        model.recommend([visit], user_data=[{"user_id": 999_999, "state": state}]).rankings
        for state in ("state0", "state1", "never")
    ]
    assert states[0] != states[1]
    assert states[2] == model.recommend([visit]).rankings
