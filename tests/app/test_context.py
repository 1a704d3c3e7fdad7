"""What side data mean is said, and the service can derive them from the clock."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.context import PERIODS, Context
from app.models.loaded import LoadedModels
from app.settings import SAMPLE_MODELS, Settings
from tests.support.asking import answer_of
from tests.support.problems import assert_problem
from tests.support.serving import serving

ROOT = Path(__file__).parents[2]
USER = {"visitorid": 6000}
ask = partial(answer_of, path="/recommend/users")


def test_periods_are_those_of_the_trainer() -> None:
    """training/prepare.py needs pandas, which is not here: its table is read, not imported."""
    source = (ROOT / "training" / "prepare.py").read_text()
    assert "(times.hour + 4) // 4, index=events.index).map(PERIODS)" in source
    tables = [node for node in ast.parse(source).body if isinstance(node, ast.Assign)]
    (table,) = [node.value for node in tables if ast.unparse(node.targets[0]) == "PERIODS"]
    trained = ast.literal_eval(table)
    for hour in range(24):
        assert PERIODS[hour // 4] == trained[(hour + 4) // 4]


def test_moments(service: LoadedModels) -> None:
    context = Context(service.side_columns)
    first = datetime(2026, 11, 23, tzinfo=UTC)  # a Monday
    assert context.at(first) == {"period": "Late Night", "month": 11, "weekday": 0}
    seen = [context.at(first + timedelta(hours=hours)) for hours in range(24 * 7)]
    assert [one["weekday"] for one in seen] == [hours // 24 for hours in range(24 * 7)]
    assert [one["period"] for one in seen[:24]] == [PERIODS[hour // 4] for hour in range(24)]
    assert context.at(datetime(2026, 1, 4, 23, 59, tzinfo=UTC))["weekday"] == 6


@pytest.mark.parametrize("extra", [{}, {"weekday": 3}, {"period": None, "month": 1}])
def test_now_over_http(client: httpx.Client, service: LoadedModels, extra: dict[str, Any]) -> None:
    context = Context(service.side_columns)
    before = context.now()
    users = [{**USER, **extra}, {"visitorid": 1}]
    answer = ask(client, users=users, k=5, context="now")
    wanted = [
        ask(client, users=[{**moment, **user} for user in users], k=5)
        for moment in (before, context.now())
    ]
    assert answer in wanted
    assert answer["model"]["kind"] == "ranking_factorization_recommender"


def test_nothing_is_nothing(client: httpx.Client) -> None:
    assert ask(client, users=[USER], context=None) == ask(client, users=[USER])
    for context in ("later", "", 1, True):
        body = {"users": [USER], "context": context}
        assert_problem(client.post("/recommend/users", json=body), 422)


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    root = tmp_path_factory.mktemp("similarity_only")
    (root / "similarity_model").symlink_to(SAMPLE_MODELS / "similarity_model")
    with serving(Settings(models_dir=root)) as client:
        yield client


def test_where_there_is_nothing_to_derive(client: httpx.Client, without: httpx.Client) -> None:
    """What is best for newcomers changes from night to night, and with it who takes a context."""
    for one, model in ((without, "auto"), (without, "similarity"), (client, "similarity")):
        plain = ask(one, users=[USER], model=model)
        assert ask(one, users=[USER], context="now", model=model) == plain


def test_columns_of_the_same_name_and_another_kind(
    rich_client: httpx.Client, rich_service: LoadedModels
) -> None:
    derived = Context(rich_service.side_columns).now()
    columns = {column.name: column for column in rich_service.side_columns}
    assert all(columns[name].value_type.name.lower() != "float" for name in derived)
    assert "hour" not in derived


def test_meanings_are_in_the_document(client: httpx.Client) -> None:
    fields = client.get("/openapi.json").json()["components"]["schemas"]["User"]["properties"]
    assert "Late Night from 0:00" in fields["period"]["description"]
    assert "Night from 20:00" in fields["period"]["description"]
    assert "1 (January) to 12" in fields["month"]["description"]
    assert "0 (Monday) to 6 (Sunday)" in fields["weekday"]["description"]
    assert all("UTC" in fields[name]["description"] for name in ("period", "month", "weekday"))
