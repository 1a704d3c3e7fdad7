"""What stands before every route: ids, the cap on requests in flight, time-outs, the drain."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from app.security.keys import new_key
from app.settings import Settings
from tests.support.problems import assert_problem
from tests.support.processes import app_process
from tests.support.raw_http import RawConnection, post
from tests.support.serving import serving
from tests.support.waiting import PATIENCE_SECONDS, wait_until

BODY = {"users": [{"visitorid": 6000}]}
MADE_ID = re.compile("[0-9a-f]{32}")


def in_flight(client: httpx.Client) -> int:
    """Return the requests being answered, without the one that asks."""
    (value,) = re.findall(r"^recommender_in_flight (\S+)$", client.get("/metrics").text, re.M)
    return int(float(value)) - 1


@contextmanager
def unfinished(client: httpx.Client, path: str = "/recommend/users") -> Iterator[RawConnection]:
    """Send a request whose body does not come."""
    request = post(path, BODY, "x-request-id: held\r\n")
    with RawConnection(client.base_url.port or 0) as connection:
        connection.send(request.removesuffix(json.dumps(BODY).encode()))
        yield connection


@contextmanager
def unread(client: httpx.Client, headers: str = "") -> Iterator[RawConnection]:
    """Ask for an answer of some megabytes, and do not read it: its place is taken until then."""
    users = [{"visitorid": user} for user in range(1000)]
    with RawConnection(client.base_url.port or 0, receive_buffer=4096) as connection:
        connection.send(post("/recommend/users", {"users": users, "k": 100}, headers))
        yield connection


def key(name: str) -> str:
    return f"X-API-Key: {name}\r\n"


# Requests in flight


def test_beyond_the_cap_the_answer_is_503_at_once() -> None:
    with serving(Settings(max_in_flight=2)) as client:
        with unread(client) as first, unread(client):
            wait_until(lambda: in_flight(client) == 2)
            for _ in range(3):
                answer = client.post("/recommend/users", json=BODY)
                problem = assert_problem(answer, 503)
                assert problem["type"] == "urn:turi-recommender:problem:overloaded"
                assert answer.headers["retry-after"] == "1"
                assert "x-request-id" in answer.headers
            drop_in = client.post("/score", json=[{"visitorid": 6000}])
            assert drop_in.status_code == 503
            assert list(drop_in.json()) == ["message"]
            assert drop_in.headers["retry-after"] == "1"
            for path in ("/", "/healthz/live", "/healthz/ready", "/metrics"):
                assert client.get(path).status_code == 200
            refused = 'recommender_refused_total{reason="overload"} 4.0'
            assert refused in client.get("/metrics").text
            assert first.answer().status == 200  # who was let in is answered
            wait_until(lambda: in_flight(client) == 1)
            assert client.post("/recommend/users", json=BODY).status_code == 200
        wait_until(lambda: in_flight(client) == 0)  # who has gone is not counted any more


def test_bodies_that_still_arrive_hold_no_places() -> None:
    with serving(Settings(max_in_flight=2)) as client, ExitStack() as stack:
        arriving = [stack.enter_context(unfinished(client)) for _ in range(20)]
        assert client.post("/recommend/users", json=BODY).status_code == 200
        assert in_flight(client) == 0
        arriving[-1].send(json.dumps(BODY).encode())
        assert arriving[-1].answer().status == 200


def test_strangers_hold_no_places() -> None:
    mine, digest = new_key()
    with serving(Settings(max_in_flight=1, api_keys=digest)) as client, ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(unread(client, key("nobody")))
        answer = client.post("/recommend/users", json=BODY, headers={"x-api-key": mine})
        assert answer.status_code == 200


def test_no_key_takes_more_than_its_part_while_another_waits() -> None:
    (greedy, one), (modest, other) = new_key(), new_key()
    given = Settings(max_in_flight=4, api_keys=f"{one},{other}")
    with serving(given) as client, ExitStack() as stack:
        held = [stack.enter_context(unread(client, key(greedy))) for _ in range(4)]
        wait_until(lambda: in_flight(client) == 4)  # nobody else wants any: it may have all
        asking = {"x-api-key": modest}
        assert client.post("/recommend/users", json=BODY, headers=asking).status_code == 503
        assert held[0].answer().status == 200
        wait_until(lambda: in_flight(client) == 3)
        refused = client.post("/recommend/users", json=BODY, headers={"x-api-key": greedy})
        assert refused.status_code == 503  # three of four are more than its half
        assert client.post("/recommend/users", json=BODY, headers=asking).status_code == 200


def test_large_bodies_on_their_way_are_bounded_all_together() -> None:
    limit = 40 * 1024 * 1024
    part = b" " * (20 * 1024 * 1024)
    head = (
        "POST /recommend/users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {2 * len(part)}\r\n\r\n"
    )
    with serving(Settings(max_body_bytes=limit)) as client, ExitStack() as stack:
        port = client.base_url.port or 0
        first, second = (stack.enter_context(RawConnection(port)) for _ in range(2))
        assert first.send(head.encode() + part)
        second.send(head.encode() + part)  # more than half of what all may take
        assert second.answer().status == 503
        assert client.post("/recommend/users", json=BODY).status_code == 200
        first.socket.close()
        third = stack.enter_context(RawConnection(port))
        third.send(head.encode() + part + part)
        assert third.answer().status == 503


# Time-outs


@pytest.mark.parametrize("path", ["/recommend/users", "/admin/models/x/activate", "/score"])
def test_a_body_that_does_not_come(path: str) -> None:
    with serving(Settings(request_timeout_seconds=0.3)) as client:
        with unfinished(client, path) as connection:
            answer = connection.read_all()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"\r\nconnection: close\r\n" in answer
        assert b"took too long to arrive" in answer
        wait_until(lambda: in_flight(client) == 0)
        assert client.get("/models").status_code == 200


def test_an_answer_that_takes_too_long() -> None:
    users = [{"visitorid": user} for user in range(100)]
    headers = "connection: close\r\nx-request-id: slow\r\n"
    request = post("/recommend/users", {"users": users, "k": 1000}, headers)
    with (
        serving(Settings(request_timeout_seconds=0.001)) as client,
        RawConnection(client.base_url.port or 0) as connection,
    ):
        connection.send(request)  # at once: it has come when it is looked at
        answer = connection.read_all()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nretry-after: 1\r\n" in answer
    assert b"\r\nx-request-id: slow\r\n" in answer
    assert b"took too long to answer" in answer


# Ids


@pytest.mark.parametrize("given", ["1", "a-b_c.d:e/f", 100 * "x", '{"a":1}'])
def test_an_id_that_is_given_comes_back(client: httpx.Client, given: str) -> None:
    headers = {"x-request-id": given}
    for answer in (
        client.post("/recommend/users", json=BODY, headers=headers),
        client.post("/recommend/users", json={}, headers=headers),
        client.get("/nope", headers=headers),
        client.get("/recommend/users", headers=headers),
        client.get("/metrics", headers=headers),
    ):
        assert answer.headers.get_list("x-request-id") == [given]


@pytest.mark.parametrize("given", ["", 101 * "x", "a b", "a\tb", b"\xc3\xa9", b"\xff"])
def test_an_odd_id_is_replaced(client: httpx.Client, given: str | bytes) -> None:
    value = given.encode() if isinstance(given, str) else given
    answer = client.get("/models", headers={b"x-request-id": value})
    (made,) = answer.headers.get_list("x-request-id")
    assert MADE_ID.fullmatch(made)


def test_ids_are_made_anew_for_each_request(client: httpx.Client) -> None:
    made = [client.get(path).headers["x-request-id"] for path in ("/models", "/models", "/nope")]
    assert len(set(made)) == 3
    assert all(MADE_ID.fullmatch(each) for each in made)


def test_refusals_have_ids() -> None:
    with serving(Settings(api_keys=new_key()[1])) as client:
        answer = client.get("/models", headers={"x-request-id": "mine"})
        assert_problem(answer, 401)
        assert answer.headers.get_list("x-request-id") == ["mine"]


# Stopping


@pytest.mark.slow
def test_while_it_drains_every_answer_closes_its_connection() -> None:
    with app_process(DRAIN_SECONDS=60) as (running, url), httpx.Client(base_url=url) as client:
        assert "connection" not in client.get("/models").headers
        running.send_signal(signal.SIGTERM)
        wait_until(lambda: client.get("/healthz/ready").status_code == 503)
        for path, status in (("/models", 200), ("/nope", 404), ("/recommend/users", 405)):
            answer = client.get(path)
            assert answer.status_code == status
            assert answer.headers["connection"] == "close"
        assert "recommender_draining 1.0" in client.get("/metrics").text
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=PATIENCE_SECONDS) == 0
