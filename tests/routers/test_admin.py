"""Reload and activate over HTTP, and what is seen of it from outside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.models.publish import register
from app.settings import Settings
from reliability.service import SIMILARITY
from reliability.variants import truncated
from tests.serving import serving

NAME = "similarity_model"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    register(SIMILARITY, tmp_path / "models", NAME)
    return tmp_path / "models"


@pytest.fixture
def client(root: Path) -> Iterator[httpx.Client]:
    with serving(Settings(models_dir=root, models_poll_seconds=0)) as running:
        yield running


def version(client: httpx.Client) -> str:
    answer = client.post("/recommend/users", json={"users": [{"visitorid": 6000}]})
    found: str = answer.json()["model"]["version"]
    return found


def test_reload_and_roll_back(client: httpx.Client, root: Path) -> None:
    register(SIMILARITY, root, NAME)
    assert version(client) == "1"
    answer = client.post(f"/admin/models/{NAME}/reload")
    assert answer.status_code == 200
    assert answer.json() == {"name": NAME, "version": "2", "kind": "item_similarity"}
    assert version(client) == "2"
    answer = client.post(f"/admin/models/{NAME}/activate", json={"version": "1"})
    assert answer.json()["version"] == version(client) == "1"
    page = client.get("/metrics").text
    assert f'recommender_model_swaps_total{{name="{NAME}",outcome="loaded"}} 2.0' in page
    shown = f'recommender_model_info{{name="{NAME}",role="similarity",version="1"}} 1.0'
    assert shown in page
    assert 'version="2"' not in page


def test_a_refused_version_is_shown(client: httpx.Client, root: Path) -> None:
    truncated(SIMILARITY, root / NAME / "2" / "s.model")
    answer = client.post(f"/admin/models/{NAME}/reload")
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:turi-recommender:problem:version-refused"
    assert version(client) == "1"
    similarity = client.get("/models").json()["models"][0]
    assert similarity["version"] == "1"
    assert "objects.bin" in similarity["refused_versions"]["2"]
    page = client.get("/metrics").text
    assert f'recommender_model_swaps_total{{name="{NAME}",outcome="refused"}} 1.0' in page


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("other/reload", None, 404),
        ("other/activate", {"version": "1"}, 404),
        (f"{NAME}/activate", {"version": "9"}, 404),
        (f"{NAME}/activate", {"version": 1}, 422),
        (f"{NAME}/activate", {"version": "../1"}, 422),
        (f"{NAME}/activate", {"version": "1", "more": 1}, 422),
        (f"{NAME}/activate", {}, 422),
        (f"{NAME}/activate", None, 422),
    ],
)
def test_what_cannot_be(client: httpx.Client, path: str, body: object, status: int) -> None:
    answer = client.post(f"/admin/models/{path}", json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert version(client) == "1"
