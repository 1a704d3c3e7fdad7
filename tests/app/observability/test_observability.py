"""Logs and metrics: what is in them, and what is not."""

from __future__ import annotations

import json
import logging
import re
import signal
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.observability.logs import configure_logs
from app.security.keys import new_key
from app.settings import Settings
from tests.support.processes import app_process
from tests.support.serving import serving

KNOWN, COLD = 6000, 987654321
KEY, DIGEST = new_key()
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
NAME = re.compile("[a-z][a-z0-9_]*")


def log_of(log_format: str) -> str:
    """Return what a service writes while it answers some requests."""
    with app_process(LOG_FORMAT=log_format, API_KEYS=DIGEST) as (running, url):
        headers = {"x-api-key": KEY, "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        with httpx.Client(base_url=url, headers=headers) as client:
            users = [{"visitorid": KNOWN}, {"visitorid": COLD}]
            body = {"users": users, "k": 7}
            client.post("/recommend/users?secret=quiet", json=body, headers={"x-request-id": "r1"})
            client.post("/recommend/users", json={"quiet": 1}, headers={"x-request-id": "r2"})
            client.get("/quiet/path", headers={"x-request-id": "r3"})
            client.get("/healthz/live", headers={"x-request-id": "r4"})
        running.send_signal(signal.SIGTERM)
        log, _ = running.communicate(timeout=20)
    return log


@pytest.mark.slow
def test_json_lines() -> None:
    log = log_of("json")
    lines = [json.loads(line) for line in log.splitlines()]
    for line in lines:
        assert {"event", "level", "timestamp"} <= set(line)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["timestamp"])
    requests = {line["request_id"]: line for line in lines if line["event"] == "request"}
    assert sorted(requests) == ["r1", "r2", "r3"]  # probes would be most of the log
    first = requests["r1"]
    assert first["ms"] > 0
    assert {name: first[name] for name in first if name not in {"ms", "timestamp"}} == {
        "event": "request",
        "level": "info",
        "request_id": "r1",
        "trace_id": TRACE,
        "method": "POST",
        "route": "/recommend/users",
        "status": 200,
        "model": "similarity_model",
        "version": "6",
        "users": 2,
        "k": 7,
        "cold": 1,
    }
    assert (requests["r2"]["route"], requests["r2"]["status"]) == ("/recommend/users", 422)
    assert (requests["r3"]["route"], requests["r3"]["status"]) == ("none", 404)
    for hidden in ("quiet", KEY, str(COLD), str(KNOWN)):
        assert hidden not in log


@pytest.mark.slow
def test_text_lines() -> None:
    log = log_of("text")
    (line,) = (line for line in log.splitlines() if "request_id=r1" in line)
    assert re.match(r"\d{4}-\d\d-\d\dT\S+Z \[info     \] request ", line)
    for word in ("method=POST", "route=/recommend/users", "status=200", "users=2", "k=7", "cold=1"):
        assert f" {word}" in line
    assert "\x1b" not in log  # no colours where nobody looks
    for hidden in ("quiet", KEY, str(COLD)):
        assert hidden not in log


@pytest.fixture
def root_logger() -> Iterator[None]:
    """Put the root logger back as it was."""
    root, quiet = logging.getLogger(), [logging.getLogger(name) for name in ("httpx", "httpcore")]
    handlers, level, levels = root.handlers, root.level, [each.level for each in quiet]
    yield
    root.handlers, root.level = handlers, level
    for each, before in zip(quiet, levels, strict=True):
        each.setLevel(before)


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.usefixtures("root_logger")
def test_errors_are_logged_with_their_place_but_no_values(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    def fail(credential: str) -> None:
        raise RuntimeError(f"after {len(credential)} characters")

    configure_logs("info", as_json=as_json)
    try:
        fail(KEY)
    except RuntimeError:
        logging.getLogger("app.test").exception("it failed")
    written = capsys.readouterr().out
    for word in (
        "it failed",
        "RuntimeError",
        "test_observability.py",
        f"after {len(KEY)} characters",
    ):
        assert word in written
    assert KEY not in written
    if as_json:
        (line,) = written.splitlines()
        assert json.loads(line)["level"] == "error"


# Metrics


@pytest.fixture(scope="module")
def observed() -> Iterator[httpx.Client]:
    with serving(Settings()) as client:
        for user in (KNOWN, KNOWN, COLD):
            client.post("/recommend/users", json={"users": [{"visitorid": user}]})
        client.post("/recommend/users", json={"users": [{"visitorid": KNOWN, "month": 5}]})
        client.post("/recommend/users", json={})
        client.post("/similar/items", json={"items": [{"itemid": 152913}]})
        for number in range(5):
            client.get(f"/unknown/{number}")
        client.post("/admin/models/similarity_model/reload", json={})
        client.post("/admin/models/never-heard-of/reload", json={})
        yield client


def samples(client: httpx.Client) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
    }


def value(found: Any, sample: str, /, **labels: str) -> float:
    number: float = found[sample, frozenset(labels.items())]
    return number


def test_requests_are_counted_by_route(observed: httpx.Client) -> None:
    found = samples(observed)
    name, route = "recommender_requests_total", "/recommend/users"
    assert value(found, name, route=route, method="POST", status="200") == 4
    assert value(found, name, route=route, method="POST", status="422") == 1
    assert value(found, name, route="none", method="GET", status="404") == 5
    assert value(found, "recommender_request_seconds_count", route=route) == 5
    activated = {"route": "/admin/models/{name}/reload", "method": "POST"}
    assert value(found, name, **activated, status="200") == 1
    assert value(found, name, **activated, status="404") == 1
    assert "/unknown" not in observed.get("/metrics").text
    assert "never-heard-of" not in observed.get("/metrics").text


def test_models_are_counted(observed: httpx.Client) -> None:
    found = samples(observed)
    similarity, ranking = "similarity_model", "ranking_factorization_model"
    assert value(found, "recommender_users_total", model=similarity) == 3
    assert value(found, "recommender_cold_users_total", model=similarity) == 1
    assert value(found, "recommender_scoring_seconds_count", model=similarity) == 4
    assert value(found, "recommender_scoring_seconds_sum", model=similarity) > 0
    assert value(found, "recommender_users_total", model=ranking) == 1
    assert value(found, "recommender_cold_users_total", model=ranking) == 0
    assert value(found, "recommender_model_swaps_total", name=similarity, outcome="loaded") == 1
    info = {"role": "similarity", "name": similarity, "version": "6"}
    assert value(found, "recommender_model_info", **info) == 1
    assert value(found, "recommender_draining") == 0
    assert value(found, "recommender_in_flight") == 1  # the one that asks


def test_metrics_are_as_prometheus_wants_them(observed: httpx.Client) -> None:
    answer = observed.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = list(text_string_to_metric_families(answer.text))
    ours = [family for family in families if family.name.startswith("recommender_")]
    assert len(ours) >= 10
    assert len({family.name for family in families}) == len(families)
    for family in ours:
        assert NAME.fullmatch(family.name)
        assert family.documentation
        assert family.type != "unknown"
        assert not re.search("milli|micro|kilo|_ms$|_minutes|_total$", family.name)
        for sample in family.samples:
            if family.type == "counter":
                assert sample.name.endswith("_total")
            assert not set(sample.labels) & {"job", "instance"}
            if family.type != "histogram":
                assert "le" not in sample.labels
    assert {family.name for family in ours if family.type == "histogram"} == {
        "recommender_request_seconds",
        "recommender_scoring_seconds",
    }
