"""What real Turi Create answered to interactions and baskets, asked again, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.turi_recommender.golden import (
    GOLDEN,
    Row,
    assert_same_rows,
    case_names,
    read_answers,
    unpack_model,
)
from tests.turi_recommender.test_golden import filter_always
from turi_recommender import Recommender, load_model

BASKETS = GOLDEN / "baskets"


def assert_same_baskets(model: Recommender, queries: list[dict[str, Any]]) -> int:
    """Ask every recorded query again; return the number of rows compared."""
    count = 0
    for query in queries:
        asked = {name: query[name] for name in ("k", "exclude_known", "items", "exclude")}
        given, users = query["interactions"], query["users"]
        if users is None:
            ours: list[Row] = []
            ours += model.recommend_basket([_basket(model, query)], **asked).rows()
            theirs = [[0, *row] for row in query["rows"]]
        else:
            ours = list(model.recommend(users, interactions=given, **asked).rows())
            theirs = query["rows"]
        assert_same_rows(ours, theirs, query["k"], f"{users} {given} {asked}")
        count += len(ours)
    return count


def _basket(model: Recommender, query: dict[str, Any]) -> Any:
    if query["user"] is None:
        return query["interactions"]
    user = model.user_column.name
    rows = [
        {name: value for name, value in row.items() if name != user}
        for row in query["interactions"]
    ]
    return {user: query["user"], "items": rows}


@pytest.mark.parametrize("name", case_names(BASKETS))
def test_answers_to_baskets_equal_turi_creates(name: str, tmp_path: Path) -> None:
    queries = read_answers(name, BASKETS)["queries"]
    model = load_model(unpack_model(name, tmp_path))
    assert assert_same_baskets(model, queries) == sum(len(query["rows"]) for query in queries)
    with filter_always():
        assert_same_baskets(model, queries)


def test_the_recorded_baskets_are_there() -> None:
    answers = [read_answers(name, BASKETS) for name in case_names(BASKETS)]
    queries = [query for each in answers for query in each["queries"]]
    assert len(answers) == 21
    assert len(queries) == 270
    assert sum(len(query["rows"]) for query in queries) == 5096
