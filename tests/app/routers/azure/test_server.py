"""What the Azure ML inference server adds around `/score`, against what it really answered.

``server.json`` is recorded by training/server_reference.py from azureml-inference-server-http
1.3.4. Of the original's errors only those are compared that we keep: the others are mended.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

RECORDED: list[dict[str, Any]] = json.loads((Path(__file__).parent / "server.json").read_text())[
    "answers"
]
KEPT = [
    answer
    for answer in RECORDED
    if answer["path"].startswith("/score")
    and (answer["response"].startswith('"[') or answer["status"] == 431)
]
ID_HEADERS = ("x-request-id", "x-ms-request-id", "x-ms-client-request-id")


def ask(client: httpx.Client, recorded: dict[str, Any]) -> httpx.Response:
    return client.request(
        recorded["method"],
        recorded["path"],
        content=recorded["request"],
        headers=recorded["request_headers"],
    )


def test_what_is_recorded() -> None:
    assert len(KEPT) >= 15
    assert {answer["method"] for answer in KEPT} == {"GET", "POST"}
    assert {answer["status"] for answer in KEPT} == {200, 431}


@pytest.mark.parametrize("recorded", KEPT, ids=[answer["name"] for answer in KEPT])
def test_status_body_and_headers(client: httpx.Client, recorded: dict[str, Any]) -> None:
    response = ask(client, recorded)
    assert response.status_code == recorded["status"]
    assert response.text == recorded["response"]
    for name in ("Content-Type", "x-ms-run-function-failed"):
        assert response.headers[name] == recorded["headers"][name]
    timed = "x-ms-run-fn-exec-ms"
    assert (timed in response.headers) == (timed in recorded["headers"])


@pytest.mark.parametrize("recorded", KEPT, ids=[answer["name"] for answer in KEPT])
def test_ids_are_echoed(client: httpx.Client, recorded: dict[str, Any]) -> None:
    headers = ask(client, recorded).headers
    for name in ID_HEADERS:
        expected = recorded["headers"].get(name)
        if expected == "(a UUID)":
            assert UUID(headers[name]).version == 4
        elif expected == "(the x-request-id)":
            assert headers[name] == headers["x-request-id"]
        else:
            assert headers.get(name) == expected


def test_options(client: httpx.Client) -> None:
    (recorded,) = [answer for answer in RECORDED if answer["name"] == "options"]
    response = ask(client, recorded)
    assert (response.status_code, response.text) == (recorded["status"], recorded["response"])


def test_health(client: httpx.Client) -> None:
    (recorded,) = [answer for answer in RECORDED if answer["name"] == "health"]
    response = ask(client, recorded)
    assert (response.status_code, response.text) == (recorded["status"], recorded["response"])


@pytest.mark.parametrize("name", ["swagger", "swagger 2", "swagger 3", "swagger 3.1", "swagger 9"])
def test_swagger_versions(client: httpx.Client, name: str) -> None:
    (recorded,) = [answer for answer in RECORDED if answer["name"] == name]
    response = ask(client, recorded)
    assert response.status_code == recorded["status"]
    told, wanted = response.json(), json.loads(recorded["response"])
    for version in ("swagger", "openapi"):
        if recorded["status"] == 200 and name != "swagger 3.1":
            assert told.get(version) == wanted.get(version)
