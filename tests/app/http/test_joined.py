"""The head of an answer leaves with the beginning of its body."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from app.http.joined import JoinedWrites
from app.settings import Settings
from tests.support.raw_http import RawConnection, get
from tests.support.serving import serving

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"


class Recorder(asyncio.Transport):
    """A transport that remembers what was written, call by call."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.written.append(bytes(data))

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def writes(recorder: Recorder) -> JoinedWrites:
    return JoinedWrites(recorder)


def test_head_and_body_are_one_write(recorder: Recorder, writes: JoinedWrites) -> None:
    for _ in range(2):  # two answers on one connection
        writes.write(HEAD)
        assert recorder.written == []
        writes.write(b"body")
        writes.end()
        assert recorder.written == [HEAD + b"body"]
        recorder.written.clear()


def test_more_of_a_body_is_not_held_back(recorder: Recorder, writes: JoinedWrites) -> None:
    for data in (HEAD, b"bo", b"HTTP/1.1 200 OK", b"dy"):
        writes.write(data)
    assert recorder.written == [HEAD + b"bo", b"HTTP/1.1 200 OK", b"dy"]


def test_an_answer_without_a_body_leaves_at_its_end(
    recorder: Recorder, writes: JoinedWrites
) -> None:
    writes.write(HEAD)  # to a HEAD request
    writes.end()
    assert recorder.written == [HEAD]


def test_an_interim_answer_is_wanted_at_once(recorder: Recorder, writes: JoinedWrites) -> None:
    writes.write(INTERIM)
    assert recorder.written == [INTERIM]
    writes.write(HEAD)
    writes.write(b"body")
    assert recorder.written == [INTERIM, HEAD + b"body"]


def test_closing_loses_nothing(recorder: Recorder, writes: JoinedWrites) -> None:
    writes.write(HEAD)
    writes.close()
    assert recorder.written == [HEAD]
    assert recorder.closed


@pytest.fixture
def connection() -> Iterator[RawConnection]:
    with serving(Settings()) as client:
        port = client.base_url.port
        assert port is not None
        with RawConnection(port) as connection:
            yield connection


def test_the_service_answers_in_whole(connection: RawConnection) -> None:
    """One read of the client sees the end of the body, whatever the answer is."""
    for _ in range(3):
        connection.send(get("/healthz/live"))
        assert connection.socket.recv(65536).endswith(b'{"status":"ok"}')
    connection.send(get("/nothing"))
    assert connection.socket.recv(65536).endswith(b"}")
    connection.send(get("/healthz/live").replace(b"GET", b"HEAD"))
    assert connection.socket.recv(65536).endswith(b"\r\n\r\n")
