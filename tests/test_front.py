"""What stands before every route: ids, the cap, time-outs."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from app.settings import Settings
from tests.serving import serving

BODY = {"users": [{"visitorid": 6000}]}


def begin(client: httpx.Client, declared: int = 100) -> socket.socket:
    """Send the headers of a request, and the first byte of its body."""
    connection = socket.create_connection((client.base_url.host, client.base_url.port or 0))
    connection.settimeout(20)
    head = (
        "POST /recommend/users HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"content-length: {declared}\r\n\r\n{{"
    )
    connection.sendall(head.encode())
    return connection


@pytest.fixture(scope="module")
def small() -> Iterator[httpx.Client]:
    with serving(Settings(max_in_flight=2, request_timeout_seconds=6)) as client:
        yield client


def test_beyond_the_cap_the_answer_is_no_at_once(small: httpx.Client) -> None:
    held = [begin(small) for _ in range(2)]
    try:
        for _ in range(1000):  # until both have arrived: they and the request for the page
            if "recommender_in_flight 3.0" in small.get("/metrics").text:
                break
        refused = small.post("/recommend/users", json=BODY)
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["type"] == "urn:turi-recommender:problem:overloaded"
        drop_in = small.post("/score", json=[{"visitorid": 6000}])
        assert drop_in.status_code == 503
        assert set(drop_in.json()) == {"message"}
        for path in ("/healthz/live", "/healthz/ready", "/metrics"):
            assert small.get(path).status_code == 200
        assert 'recommender_refused_total{reason="overload"} 2.0' in small.get("/metrics").text
    finally:
        for connection in held:
            connection.close()
    answers = [small.post("/recommend/users", json=BODY).status_code for _ in range(50)]
    assert answers[-1] == 200


def test_a_body_that_does_not_come(small: httpx.Client) -> None:
    with begin(small) as connection:
        answer = b""
        while part := connection.recv(65536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in head
    assert json.loads(body)["status"] == 408


def test_an_answer_that_takes_too_long() -> None:
    users = [{"visitorid": user} for user in range(1000)]
    with serving(Settings(request_timeout_seconds=0.02)) as client:
        answer = client.post("/recommend/users", json={"users": users, "k": 100}, timeout=30)
        assert answer.status_code == 503
        assert answer.json()["detail"] == "The request took too long to answer."
        assert answer.headers["retry-after"] == "1"
        assert client.get("/healthz/live").status_code == 200


@pytest.mark.parametrize("path", ["/recommend/users", "/nope", "/models", "/metrics"])
def test_ids_come_back(client: httpx.Client, path: str) -> None:
    given = client.get(path, headers={"x-request-id": "shop-1:2/3"})
    assert given.headers["x-request-id"] == "shop-1:2/3"


@pytest.mark.parametrize("odd", [b"", b"x" * 101, b"with space", b"\xff\xfe", b"tab\there"])
def test_ids_that_are_none_are_replaced(client: httpx.Client, odd: bytes) -> None:
    headers: dict[bytes, bytes] = {b"x-request-id": odd}
    answer = client.post("/recommend/users", json=BODY, headers=headers)
    made = answer.headers["x-request-id"]
    assert len(made) == 32
    assert made != client.post("/recommend/users", json=BODY).headers["x-request-id"]


def test_many_at_once_are_all_counted_out(client: httpx.Client) -> None:
    def ask(_: int) -> int:
        return httpx.post(client.base_url.join("/recommend/users"), json=BODY).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(80))) == {200}
    assert "recommender_in_flight 1.0" in client.get("/metrics").text
