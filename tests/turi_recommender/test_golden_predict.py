"""Every recorded prediction of real Turi Create, replayed: every bit of each score."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from tests.turi_recommender.golden import GOLDEN, case_names, unpack_model
from turi_recommender import Recommender, load_model

PREDICT = GOLDEN / "predict"


def assert_same_predictions(model: Recommender, queries: list[dict[str, Any]]) -> int:
    """Ask every recorded query again; return the number of pairs compared."""
    count = 0
    for query in queries:
        rows = [renamed(row, model) for row in query["pairs"]]
        ours = model.predict(rows, explain=True)
        assert list(map(bits, ours.scores)) == list(map(bits, query["scores"])), rows
        assert ours.users == [row[model.user_column.name] for row in rows]
        assert ours.items == [row[model.item_column.name] for row in rows]
        alone = [model.predict([row]).scores[0] for row in rows]
        assert list(map(bits, alone)) == list(map(bits, query["scores"]))
        count += len(rows)
    return count


def renamed(row: dict[str, Any], model: Recommender) -> dict[str, Any]:
    """Return a row under the names that the model's columns have."""
    names = {"user_id": model.user_column.name, "item_id": model.item_column.name}
    return {names.get(name, name): value for name, value in row.items()}


def bits(score: float) -> bytes:
    return struct.pack("<d", score)


def read_queries(path: Path) -> list[dict[str, Any]]:
    queries: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["queries"]
    return queries


@pytest.mark.parametrize("name", case_names(PREDICT))
def test_predictions_equal_turi_creates(name: str, tmp_path: Path) -> None:
    model = load_model(unpack_model(name, tmp_path))
    queries = read_queries(PREDICT / f"{name}.json")
    assert assert_same_predictions(model, queries) == sum(len(q["pairs"]) for q in queries) == 52


def test_the_recorded_cases_are_there() -> None:
    queries = [
        query for name in case_names(PREDICT) for query in read_queries(PREDICT / f"{name}.json")
    ]
    assert len(case_names(PREDICT)) == 40
    assert len(queries) == 80
    assert sum(len(query["pairs"]) for query in queries) == 2080
