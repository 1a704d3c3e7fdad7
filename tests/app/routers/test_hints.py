"""Answers name what the model does not know; `auto` takes the model that there is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx
import pytest

from app.limits import SHOWN_TEXT, SHOWN_UNKNOWN_VALUES
from app.models.loaded import LoadedModels
from app.routers import hints
from app.routers.hints import unknown_values
from app.settings import SAMPLE_MODELS, Settings
from tests.support.asking import answer_of
from tests.support.serving import serving

NAMES = {"similarity": "similarity_model", "ranking": "ranking_factorization_model"}
ask = partial(answer_of, path="/recommend/users")


@pytest.mark.parametrize("model", ["similarity", "ranking"])
def test_unknown_items_are_named(client: httpx.Client, model: str) -> None:
    body: dict[str, Any] = {"users": [{"visitorid": 6000}], "model": model}
    assert ask(client, **body)["unknown_items"] == []
    answer = ask(client, **body, items=[9, 152913, 8, 9], exclude_items=[355908, 7, 8])
    assert answer["unknown_items"] == [9, 8, 7]
    only = ask(client, **body, items=[999_999_999])
    assert (only["recommendations"], only["unknown_items"]) == ([], [999_999_999])
    known = ask(client, **body, items=[152913], exclude_items=[])
    assert known["unknown_items"] == []


def test_unknown_side_values_are_named(client: httpx.Client) -> None:
    users = [
        {"visitorid": 6000, "period": "night"},
        {"visitorid": 6000},
        {"visitorid": 6000, "period": "Night", "month": 8},
        {"visitorid": 6000, "period": None},
        {"visitorid": 6000, "period": "nuit", "weekday": None},
    ]
    for _ in range(2):  # remembered the second time
        assert ask(client, users=users)["unknown_values"] == [
            {"row": 0, "column": "period", "value": "night"},
            {"row": 4, "column": "period", "value": "nuit"},
        ]
    assert ask(client, users=users[1:4])["unknown_values"] == []


def test_they_are_bounded(client: httpx.Client) -> None:
    users = [{"visitorid": user, "period": "x" * 5000} for user in range(100)]
    answer = ask(client, users=users, k=1)["unknown_values"]
    assert [one["row"] for one in answer] == list(range(SHOWN_UNKNOWN_VALUES))
    assert {one["value"] for one in answer} == {"x" * SHOWN_TEXT}


def test_lists_and_dictionaries(rich_client: httpx.Client) -> None:
    user = {"user_id": "u", "tags": ["???"], "weights": {"!!!": 1.5}, "vector": [1, 2, 3]}
    answer = ask(rich_client, users=[user])["unknown_values"]
    assert sorted((one["column"], one["value"]) for one in answer) == [
        ("tags", "???"), ("weights", "!!!"),
    ]  # fmt: skip
    known = {"user_id": "u", "tags": [], "weights": {}, "hour": 1e9}
    assert ask(rich_client, users=[known])["unknown_values"] == []


@pytest.fixture(scope="module", params=["similarity", "ranking"])
def alone(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, httpx.Client]]:
    """Serve one model alone."""
    root = tmp_path_factory.mktemp(f"only_{request.param}")
    name = NAMES[request.param]
    (root / name).symlink_to(SAMPLE_MODELS / name)
    with serving(Settings(models_dir=root)) as client:
        yield request.param, client


def test_auto_takes_the_model_there_is(alone: tuple[str, httpx.Client]) -> None:
    role, client = alone
    answer = ask(client, users=[{"visitorid": 6000}], k=3)
    assert answer["model"]["name"] == NAMES[role]
    assert (
        answer["recommendations"]
        == ask(client, users=[{"visitorid": 6000}], k=3, model=role)["recommendations"]
    )
    body = {"items": [{"itemid": 152913}]}
    similar = client.post("/similar/items", json=body).json()
    assert similar["model"]["name"] == NAMES[role]
    assert len(similar["similar_items"]) == 10
    for payload in ([{"visitorid": 6000}], [{"itemid": 152913}]):
        scored = client.post("/score", json=payload)
        assert scored.status_code == 200, scored.text
        assert len(json.loads(scored.json())) == 10


def test_many_users_go_the_same_way(alone: tuple[str, httpx.Client]) -> None:
    role, client = alone
    users = [{"visitorid": user} for user in range(200)]
    assert ask(client, users=users, k=2)["model"]["name"] == NAMES[role]


def test_so_many_values_are_looked_at(
    rich_service: LoadedModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them takes its time, and a request may have hundreds of thousands."""
    model = rich_service.need("ranking").model
    rows = [{"user_id": "u", "tags": ["new", "never"]} for _ in range(3)]
    assert [each["row"] for each in unknown_values(rows, hints.told_by(model))] == [0, 1, 2]
    monkeypatch.setattr(hints, "SOUGHT_VALUES", 4)
    assert [each["row"] for each in unknown_values(rows, hints.told_by(model))] == [0, 1]
