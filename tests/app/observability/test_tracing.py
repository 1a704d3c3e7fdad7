"""Spans reach a collector, and carry the trace that the caller began."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from app.observability.tracing import trace_id
from app.settings import Settings
from tests.support.serving import another_server, serving

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
BODY = {"users": [{"visitorid": 6000}]}


@contextmanager
def collector() -> Iterator[tuple[str, list[Any]]]:
    """Run a collector; yield its address and the spans that it gets."""
    spans: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            body = self.rfile.read(int(self.headers["content-length"]))
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    spans.extend(scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with another_server(Handler) as address:
        yield f"{address}/", spans


def test_spans_reach_the_collector() -> None:
    with collector() as (address, spans), serving(Settings(otlp_endpoint=address)) as client:
        plain = client.post("/recommend/users", json=BODY)
        traced = client.post("/recommend/users", json=BODY, headers={"traceparent": PARENT})
        assert plain.json() == traced.json()
        assert "x-request-id" in traced.headers
        assert client.get("/nope").status_code == 404
        # the service has stopped, and has sent what waited
    by_trace = {span.trace_id.hex(): span for span in spans if span.parent_span_id}
    assert by_trace[TRACE].name == "POST /recommend/users"
    assert by_trace[TRACE].parent_span_id.hex() == "00f067aa0ba902b7"
    names = {span.name for span in spans}
    assert "POST /recommend/users" in names
    assert "GET" in names


def test_refusals_are_traced_and_have_their_shape() -> None:
    digest = "sha256:" + 64 * "0"
    with collector() as (address, spans):
        settings = Settings(otlp_endpoint=address, api_keys=digest)
        with serving(settings) as client:
            refused = client.post("/recommend/users", json=BODY)
            assert refused.status_code == 401
            assert refused.headers["content-type"] == "application/problem+json"
    status = [
        attribute.value.int_value
        for span in spans
        for attribute in span.attributes
        if attribute.key == "http.response.status_code"
    ]
    assert status == [401]


def test_spans_name_nobody() -> None:
    visitor, caller = "600012345", "Tester of the house"
    headers = {"referer": f"https://shop.example/?visitorid={visitor}", "user-agent": caller,
               "cookie": f"visitor={visitor}", "x-request-id": f"of-{visitor}"}  # fmt: skip
    with collector() as (address, spans), serving(Settings(otlp_endpoint=address)) as client:
        client.headers.update(headers)
        client.get(f"/score?visitorid={visitor}")
        client.get(f"/api/v1/service/shop-of-{visitor}/score?visitorid={visitor}")
        client.get(f"/visitors/{visitor}?visitorid={visitor}")
        client.post(f"/score?visitorid={visitor}", content=b"{")
        client.post(f"/recommend/users?visitorid={visitor}", json={"users": [{"x": visitor}]})
        client.post(f"/admin/models/{visitor}/reload")
    text = "".join(map(str, spans))
    assert "/api/v1/service/{service}/score" in text
    for word in (visitor, caller, "visitorid", "url.query", "url.path"):
        assert word not in text
    methods = [each for span in spans for each in span.attributes if each.key.endswith("method")]
    assert len(methods) == 6


def test_a_collector_that_is_gone_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with serving(Settings(otlp_endpoint="http://127.0.0.1:9")) as client:
        assert client.post("/recommend/users", json=BODY).status_code == 200


def test_nothing_is_traced_without_a_collector(client: httpx.Client) -> None:
    assert client.post("/recommend/users", json=BODY).status_code == 200


@pytest.mark.parametrize("address", ["collector:4318", "ftp://host", "http://", "http:// x"])
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(ValueError, match="otlp_endpoint"):
        Settings(otlp_endpoint=address)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (PARENT, TRACE),
        (PARENT + "-more", TRACE),
        ("00-" + 32 * "0" + "-00f067aa0ba902b7-01", None),
        ("ff" + PARENT[2:], None),
        (PARENT.upper(), None),
        (PARENT[:-1], None),
        ("", None),
    ],
)
def test_trace_ids(header: str, expected: str | None) -> None:
    assert trace_id(header.encode()) == expected
