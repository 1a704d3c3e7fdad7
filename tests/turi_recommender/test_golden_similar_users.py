"""Every recorded answer of real Turi Create to who is similar, replayed: rows, order and bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.turi_recommender.golden import GOLDEN, assert_same_rows, case_names, unpack_model
from tests.turi_recommender.test_golden import filter_always
from tests.turi_recommender.test_golden_predict import read_queries
from turi_recommender import QueryError, Recommender, load_model
from turi_recommender.scoring import limits

SIMILAR = GOLDEN / "similar_users"


def assert_same_users(model: Recommender, queries: list[dict[str, Any]]) -> int:
    """Ask every recorded query again; return the number of rows compared."""
    count = 0
    for query in queries:
        users, k = query["users"], query["k"]
        if "error" in query:
            with pytest.raises(QueryError, match="similar"):
                model.similar_users(users, k=k)
            continue
        answer = model.similar_users(users, k=k)
        ours = list(answer.rows())
        assert_same_rows(ours, query["rows"], k, f"similar users {users}")
        assert answer.unknown_users == [user for user in users if user not in model.users]
        count += len(ours)
    return count


@pytest.mark.parametrize("name", case_names(SIMILAR))
def test_similar_users_equal_turi_creates(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_model(unpack_model(name, tmp_path))
    queries = read_queries(SIMILAR / f"{name}.json")
    recorded = sum(len(query.get("rows", [])) for query in queries)
    assert assert_same_users(model, queries) == recorded
    monkeypatch.setattr(limits, "USER_VALUES", 50)  # many blocks, many passes
    monkeypatch.setattr(limits, "USER_PRODUCTS", 50)
    again = load_model(unpack_model(name, tmp_path))
    with filter_always():
        assert assert_same_users(again, queries) == recorded


def test_the_recorded_cases_are_there() -> None:
    queries = [
        query for name in case_names(SIMILAR) for query in read_queries(SIMILAR / f"{name}.json")
    ]
    assert len(case_names(SIMILAR)) == 37
    assert len(queries) == 222
    assert sum("error" in query for query in queries) == 90
    assert sum(len(query.get("rows", [])) for query in queries) == 3388
