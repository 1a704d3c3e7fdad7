"""Logs and metrics: what they tell, and what they never tell."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.auth import new_key
from app.settings import Settings
from tests.serving import serving

KEY, DIGEST = new_key()
HEADERS = {"authorization": f"Bearer {KEY}"}
USERS = {"users": [{"visitorid": 6000, "period": "Night"}, {"visitorid": -77}], "k": 3}


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with serving(Settings(api_keys=DIGEST, log_format="json")) as running:
        running.headers.update(HEADERS)
        yield running


def lines(output: str, count: int) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    requests = [line for line in found if line.get("event") == "request"]
    assert len(requests) == count, output
    return requests


def test_a_request_is_one_line(client: httpx.Client, capfd: pytest.CaptureFixture[str]) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    client.post(
        "/recommend/users",
        json=USERS,
        headers={"x-request-id": "abc", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"},
    )
    client.post("/similar/items", json={"items": [{"itemid": 152913}]})
    client.get("/nope/6000")
    client.get("/healthz/live")  # probes are not logged
    time.sleep(0.2)
    output = capfd.readouterr().out
    first, second, third = lines(output, 3)
    assert first.pop("ms") > 0
    assert first.pop("timestamp").startswith("20")
    assert first == {
        "request_id": "abc",
        "trace_id": trace,
        "method": "POST",
        "route": "/recommend/users",
        "status": 200,
        "model": "ranking_factorization_model",
        "version": "1",
        "users": 2,
        "k": 3,
        "cold": 1,
        "event": "request",
        "level": "info",
    }
    assert (second["route"], second["model"], second["items"]) == (
        "/similar/items",
        "similarity_model",
        1,
    )
    assert (third["route"], third["status"]) == ("none", 404)
    assert KEY not in output
    assert "-77" not in output


def test_lines_for_a_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with serving(Settings(log_format="text")) as client:
        client.post("/recommend/users", json=USERS)
    line = capfd.readouterr().out.splitlines()[-1]
    assert " request " in line
    assert "route=/recommend/users status=200" in line


def test_no_lines_where_none_are_wanted(capfd: pytest.CaptureFixture[str]) -> None:
    with serving(Settings(access_log=False, log_format="json")) as client:
        client.post("/recommend/users", json=USERS)
    lines(capfd.readouterr().out, 0)


def samples(client: httpx.Client) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
    }


def test_metrics(client: httpx.Client) -> None:
    client.post("/recommend/users", json=USERS)
    client.post("/similar/items", json={"items": [{"itemid": 152913}]})
    client.post("/recommend/users", json={})
    for number in range(5):
        client.get(f"/users/{number}")
    client.request("BREW", "/models")
    client.post("/recommend/users", json=USERS, headers={"authorization": "Bearer no"})
    found = samples(client)

    def value(name: str, /, **labels: str) -> float:
        return found[name, tuple(sorted(labels.items()))]

    def requests(route: str, status: str, method: str = "POST") -> float:
        labels = {"route": route, "method": method, "status": status}
        return value("recommender_requests_total", **labels)

    assert requests("/recommend/users", "200") == 1
    assert requests("/recommend/users", "422") == 1
    assert requests("none", "401") == 1
    assert requests("none", "404", "GET") == 5
    ranking, similarity = "ranking_factorization_model", "similarity_model"
    assert value("recommender_users_total", model=ranking) == 2
    assert value("recommender_cold_users_total", model=ranking) == 1
    for model in (ranking, similarity):
        assert value("recommender_scoring_seconds_count", model=model) == 1
    assert value("recommender_request_seconds_count", route="/similar/items") == 1
    assert value("recommender_refused_total", reason="unauthenticated") == 1
    assert value("recommender_model_info", role="similarity", name=similarity, version="6") == 1
    assert value("recommender_draining") == 0
    assert value("process_resident_memory_bytes") > 2**20
    methods = {dict(labels).get("method") for _, labels in found}
    assert "BREW" not in methods
    assert not any("/users/3" in str(labels) for _, labels in found)
