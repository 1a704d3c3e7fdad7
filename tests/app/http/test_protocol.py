"""What a connection may cost: bodies that nobody wants, tiny chunks, requests behind requests."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise

import httpx
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from app.http.protocol import make_protocol
from app.limits import FRAMING_BYTES, MAX_PATH_BYTES
from tests.support.problems import assert_problem
from tests.support.raw_http import Answer, RawConnection, get
from tests.support.serving import in_thread
from tests.support.waiting import PATIENCE_SECONDS

PROBES = ["/", "/healthz/live", "/healthz/ready"]
PATHS = [*PROBES, "/models", "/docs", "/metrics", "/nope", "/score", "/recommend/users"]
CHUNKED = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
BODY = json.dumps({"users": [{"visitorid": 6000}], "k": 1}).encode()
TINY = b"1\r\n \r\n"


def head(method: str, path: str, headers: str = CHUNKED) -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode()


def chunked(body: bytes, size: int) -> bytes:
    places = [*range(0, len(body), size), len(body)]
    parts = [body[low:high] for low, high in pairwise(places)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
@pytest.mark.parametrize("path", PATHS)
def test_a_body_without_end_is_cut_off(client: httpx.Client, path: str, method: str) -> None:
    with RawConnection(client.base_url.port or 0) as connection:
        connection.send(head(method, path))
        sent = 0
        while sent < (1 << 25) and connection.send(TINY * 1000):
            sent += len(TINY) * 1000
        assert sent < (1 << 25)
    assert client.get("/healthz/live").status_code == 200


@pytest.mark.parametrize(
    "framed",
    [
        head("GET", "PATH", "Content-Length: 5\r\n"),
        head("GET", "PATH", "Content-Length: 5\r\n") + b"12345",
        head("GET", "PATH"),
        head("GET", "PATH") + b"1\r\nx\r\n0\r\n\r\n",
    ],
    ids=["length", "length, whole", "chunks", "chunks, whole"],
)
@pytest.mark.parametrize("path", PROBES)
def test_a_probe_with_a_body_is_answered_and_closes(
    client: httpx.Client, path: str, framed: bytes
) -> None:
    with RawConnection(client.base_url.port or 0) as connection:
        connection.send(framed.replace(b"PATH", path.encode()))
        answer = connection.answer()
        assert answer.status == 200
        assert answer.headers["connection"] == "close"
        assert connection.read_all() == b""


@pytest.mark.parametrize("path", PROBES)
def test_a_probe_without_one_stays_open(client: httpx.Client, path: str) -> None:
    with RawConnection(client.base_url.port or 0) as connection:
        for headers in ("", "Content-Length: 0\r\n"):
            connection.send(head("GET", path, headers))
            answer = connection.answer()
            assert answer.status == 200
            assert "connection" not in answer.headers


def ask_in_chunks(client: httpx.Client, size: int, count: int = 2) -> list[Answer]:
    """Send a body of 400 KB in chunks, on a connection that goes on."""
    body = BODY + b" " * 400_000
    answers = []
    with RawConnection(client.base_url.port or 0) as connection:
        for _ in range(count):
            connection.send(head("POST", "/recommend/users") + chunked(body, size))
            answers.append(connection.answer())
    return answers


@pytest.mark.parametrize("size", [100, 128, 1000, 1024, 4096, 65536, 400_000])
def test_chunks_of_a_usual_size_are_taken(client: httpx.Client, size: int) -> None:
    assert [answer.status for answer in ask_in_chunks(client, size)] == [200, 200]


def test_few_tiny_chunks_are_taken(client: httpx.Client) -> None:
    body = BODY + b" " * 2000
    with RawConnection(client.base_url.port or 0) as connection:
        for byte in head("POST", "/recommend/users"):
            connection.send(bytes([byte]))
        connection.send(chunked(body, 1))
        assert connection.answer().status == 200


@pytest.mark.parametrize("size", [1, 2, 10, 50])
def test_many_tiny_chunks_are_refused(client: httpx.Client, size: int) -> None:
    (answer,) = ask_in_chunks(client, size, 1)
    assert answer.status == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"
    assert "chunks" in answer.json()["detail"]


@pytest.mark.parametrize(
    "framing",
    [b"5;x=" + b"x" * FRAMING_BYTES, b"0\r\n" + b"X-Y: z\r\n" * 4000],
    ids=["extension", "trailers"],
)
def test_other_framing_is_bounded_too(client: httpx.Client, framing: bytes) -> None:
    with RawConnection(client.base_url.port or 0) as connection:
        connection.send(head("POST", "/recommend/users") + b"1\r\n \r\n" + framing + b"x" * 20_000)
        assert connection.answer().status == 431


@pytest.mark.parametrize("path", PROBES)
def test_behind_a_flood_others_are_answered_in_order(client: httpx.Client, path: str) -> None:
    """Requests that come all at once are answered one by one, and none is lost."""
    count = 3000
    with RawConnection(client.base_url.port or 0) as connection:
        connection.send(get(path) * count + get("/models"))
        answers = connection.answers(count + 1)
    assert [answer.status for answer in answers] == [200] * (count + 1)
    assert b'"models"' in answers[-1].body


def test_large_bodies_behind_each_other(client: httpx.Client) -> None:
    """Bodies are cut anywhere when they are parsed, and stay what they were."""
    body = BODY + b" " * 100_000
    fixed = head("POST", "/recommend/users", CHUNKED.partition("\r\n")[0] + "\r\nContent-Length: ")
    fixed = fixed.removesuffix(b"\r\n") + b"%d\r\n\r\n%b" % (len(body), body)
    pair = head("POST", "/recommend/users") + chunked(body, 5000) + fixed
    with RawConnection(client.base_url.port or 0) as connection:
        connection.send(pair * 3)
        answers = connection.answers(6)
        assert [answer.status for answer in answers] == [200] * 6
        assert len({answer.body for answer in answers}) == 1
        connection.send(get("/models"))
        assert connection.answer().status == 200


def test_what_comes_behind_a_request_waits_in_the_system() -> None:
    """While one request is answered, the service does not go on to read the next ones."""
    asked = threading.Event()
    answer = threading.Event()
    with _busy_server(asked, answer) as port, RawConnection(port) as connection:
        connection.send(get("/"))
        assert asked.wait(PATIENCE_SECONDS)
        connection.socket.settimeout(1.0)
        most, sent = 1 << 26, 0
        large = head("POST", "/", "Content-Length: 60000\r\n") + b" " * 60_000
        with suppress(TimeoutError):
            while sent < most:
                sent += connection.socket.send(large[sent % len(large) :])
        answer.set()
        connection.socket.settimeout(PATIENCE_SECONDS)
        assert len(connection.answers(10)) >= 10  # it reads on when it has answered
    assert sent < most // 2  # the system keeps a few megabytes


@contextmanager
def _busy_server(asked: threading.Event, answer: threading.Event) -> Iterator[int]:
    """Serve an application that looks again and again whether its client is still there."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        while (await receive())["more_body"]:
            pass
        asked.set()
        while not answer.is_set():
            going = asyncio.ensure_future(receive())
            await asyncio.sleep(0.001)
            going.cancel()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    protocol = make_protocol(16_384, 10.0)
    config = uvicorn.Config(app, port=0, http=protocol, lifespan="off", log_level="error")
    with in_thread(uvicorn.Server(config)) as port:
        try:
            yield port
        finally:
            answer.set()


def test_a_flood_of_requests_by_who_has_gone(client: httpx.Client) -> None:
    for _ in range(3):
        with RawConnection(client.base_url.port or 0) as connection:
            connection.send(get("/models") * 5000)
    assert client.get("/models").status_code == 200


def test_what_is_refused_spoils_no_earlier_answer(client: httpx.Client) -> None:
    long = b"GET /models HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 40_000 + b"\r\n\r\n"
    with RawConnection(client.base_url.port or 0) as connection:
        connection.send(get("/models") + long)
        answers = connection.answers(2)
        assert answers[0].status == 200
        assert [answer.status for answer in answers[1:]] in ([], [431])
        with suppress(ConnectionError):
            assert connection.read_all() == b""


def test_a_long_path_is_refused_before_it_is_read(client: httpx.Client) -> None:
    """Its escapes are read on the event loop, whatever comes of them."""
    for path in ("/" + "%41" * 400, "/admin/models/" + "a" * 1100, "/score" + "/" * 1100):
        assert_problem(client.get(path), 414)
    longest = "/" + "a" * (MAX_PATH_BYTES - 1)
    assert client.get(longest).status_code == 404
    assert client.get("/healthz/live?" + "a" * 2000).status_code == 200
    assert client.get("/score?visitorid=6000&a=" + "a" * 2000).status_code == 200
