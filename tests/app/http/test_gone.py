"""Clients that go away: nobody else waits for what they asked."""

from __future__ import annotations

import re
import socket
import struct
import time
from contextlib import ExitStack
from functools import partial

import httpx
import pytest

from app.settings import Settings
from tests.support.raw_http import RawConnection, get, post
from tests.support.serving import serving
from tests.support.waiting import wait_until

USERS = [{"visitorid": user} for user in range(1000)]
DEAR = {"users": USERS, "k": 100}
OTHER = {"users": USERS[:50], "k": 20}


def in_flight(client: httpx.Client) -> int:
    """Return the requests being answered, without the one that asks."""
    (value,) = re.findall(r"^recommender_in_flight (\S+)$", client.get("/metrics").text, re.M)
    return int(float(value)) - 1


def ask_and_go(client: httpx.Client, requests: list[bytes]) -> None:
    """Send requests, each on a connection of its own, until they are under way; then go."""
    with ExitStack() as stack:
        for request in requests:
            connection = stack.enter_context(RawConnection(client.base_url.port or 0))
            connection.send(request)
        wait_until(lambda: in_flight(client) >= len(requests) // 2)


def seconds_to_answer(client: httpx.Client) -> float:
    started = time.perf_counter()
    assert client.post("/recommend/users", json=OTHER).status_code == 200
    return time.perf_counter() - started


def test_work_for_who_has_gone_keeps_nobody_waiting() -> None:
    with serving(Settings(max_in_flight=64)) as client:
        seconds_to_answer(client)
        dear = post("/recommend/users", DEAR)
        started = time.perf_counter()
        assert client.post("/recommend/users", json=DEAR).status_code == 200
        one = time.perf_counter() - started
        ask_and_go(client, [dear] * 50)
        # All of them would take 25 times `one`, since two run at a time.
        assert seconds_to_answer(client) < max(5 * one, 0.5)
        wait_until(lambda: in_flight(client) == 0)


def test_they_are_counted_as_such() -> None:
    with serving() as client:
        ask_and_go(client, [post("/recommend/users", DEAR)] * 20)
        wait_until(lambda: in_flight(client) == 0)
        lines = client.get("/metrics").text
        found = re.findall(r'^recommender_requests_total\{.*status="499".* (\S+)$', lines, re.M)
        assert sum(map(float, found)) > 0


def reset_after(client: httpx.Client, request: bytes) -> None:
    """Send a request, and reset its connection at once."""
    with RawConnection(client.base_url.port or 0) as connection:
        connection.send(request)
        linger = struct.pack("ii", 1, 0)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def _has_seen(client: httpx.Client, route: str, count: int) -> bool:
    return sum(statuses(client, route).values()) == count


def statuses(client: httpx.Client, route: str) -> dict[str, int]:
    """Return how many requests of a route were counted, by status."""
    pattern = rf'^recommender_requests_total\{{(?=.*route="{route}").*status="(\d+)".* (\S+)$'
    found = re.findall(pattern, client.get("/metrics").text, re.M)
    return {status: int(float(count)) for status, count in found}


BEGUN = (
    b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 99\r\n\r\n{"
)


@pytest.mark.parametrize(
    ("route", "request_bytes", "possible"),
    [
        ("/docs/assets/{file}", get("/docs/assets/redoc.standalone.js"), {"200", "499"}),
        ("/openapi.json", get("/openapi.json"), {"200", "499"}),
        ("/recommend/users", post("/recommend/users", DEAR), {"200", "499"}),
        ("/recommend/users", BEGUN % b"/recommend/users", {"499"}),
        ("/score", BEGUN % b"/score", {"499"}),
    ],
)
def test_a_reset_connection_has_the_status_of_its_answer_or_499(
    route: str, request_bytes: bytes, possible: set[str]
) -> None:
    with serving() as client:
        for count in range(10):  # one by one: in a crowd, those who have left are passed over
            reset_after(client, request_bytes)
            wait_until(partial(_has_seen, client, route, count + 1))
        assert statuses(client, route).keys() <= possible
