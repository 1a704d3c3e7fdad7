"""New connections: taken at once, opened in turn for all addresses."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from app.http import acceptor
from app.http.acceptor import Acceptor
from app.limits import OPENED_AT_ONCE

ADDRESS, OTHER = "127.0.0.1", "127.0.0.2"
PATIENCE_SECONDS = 10.0


class _Server:
    """An acceptor whose protocols note who was connected; the clients connect before it runs."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.opened: list[str] = []
        self.clients: list[socket.socket] = []
        self.rooms = 0

    def asked_for_room(self) -> None:
        self.rooms += 1

    def connect(self, address: str = ADDRESS) -> socket.socket:
        client = self._stack.enter_context(
            socket.create_connection(self.listening.getsockname(), source_address=(address, 0))
        )
        self.clients.append(client)
        return client

    async def run_until(self, done: Callable[[], bool]) -> None:
        acceptor = Acceptor(self.listening, lambda: _Noting(self.opened), self.asked_for_room)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not done():
                    await asyncio.sleep(0)
        finally:
            acceptor.close()
            await acceptor.wait_closed()
        assert acceptor.sockets == []


class _Noting(asyncio.Protocol):
    """Notes the peer's address, sends a greeting, and hangs up."""

    def __init__(self, opened: list[str]) -> None:
        self._opened = opened

    def connection_made(self, transport: Any) -> None:
        self._opened.append(transport.get_extra_info("peername")[0])
        transport.write(b"hello")
        transport.close()


@pytest.fixture
def server() -> Iterator[_Server]:
    with ExitStack() as stack:
        yield _Server(stack)


def _received(client: socket.socket) -> bytes:
    """Return all that a client is sent; nothing, if it was sent away."""
    received = b""
    try:
        while data := client.recv(100):
            received += data
    except ConnectionResetError:
        pass
    return received


def test_connections_are_handed_on(server: _Server) -> None:
    clients = [server.connect() for _ in range(3)]
    asyncio.run(server.run_until(lambda: len(server.opened) == 3))
    assert [_received(client) for client in clients] == [b"hello"] * 3


def test_an_address_does_not_wait_for_the_connections_of_another(server: _Server) -> None:
    for _ in range(200):
        server.connect()
    server.connect(OTHER)
    asyncio.run(server.run_until(lambda: len(server.opened) == 201))
    assert server.opened.index(OTHER) < OPENED_AT_ONCE


def test_the_more_wait_the_more_are_opened_in_a_round(server: _Server) -> None:
    count, rounds = 640, 0

    def are_open() -> bool:
        nonlocal rounds
        rounds += 1
        return len(server.opened) == count

    for _ in range(count):
        server.connect()
    asyncio.run(server.run_until(are_open))
    assert rounds < 0.8 * count / OPENED_AT_ONCE


def test_clients_that_have_left_are_not_opened_in_a_crowd(server: _Server) -> None:
    left = [server.connect() for _ in range(100)]
    stayed = server.connect()
    for client in left:
        client.close()
    asyncio.run(server.run_until(lambda: len(server.opened) > 0))
    assert len(server.opened) <= OPENED_AT_ONCE + 1  # the last ones are no crowd any more
    assert _received(stayed) == b"hello"


def test_a_client_that_has_sent_all_it_will_is_opened_if_it_is_alone(server: _Server) -> None:
    client = server.connect()
    client.shutdown(socket.SHUT_WR)
    asyncio.run(server.run_until(lambda: len(server.opened) == 1))
    assert _received(client) == b"hello"


def test_too_many_of_one_address_are_sent_away(
    server: _Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptor, "WAITING_CONNECTIONS", 5)
    monkeypatch.setattr(acceptor, "OPENED_AT_ONCE", 1)
    clients = [server.connect() for _ in range(20)]
    other = server.connect(OTHER)
    asyncio.run(server.run_until(lambda: len(server.opened) == 6))
    assert [_received(client) for client in clients] == [b"hello"] * 5 + [b""] * 15
    assert _received(other) == b"hello"


def test_what_has_arrived_is_opened_at_the_end(server: _Server) -> None:
    clients = [server.connect() for _ in range(300)]
    asyncio.run(server.run_until(lambda: True))
    assert [_received(client) for client in clients] == [b"hello"] * 300


def test_it_goes_on_when_there_are_file_descriptors_again(
    server: _Server, caplog: pytest.LogCaptureFixture
) -> None:
    client = server.connect()

    async def starve() -> None:
        with ExitStack() as stack:
            running = asyncio.create_task(server.run_until(lambda: len(server.opened) == 1))
            stack.enter_context(no_more_files())
            async with asyncio.timeout(PATIENCE_SECONDS):
                while "cannot accept connections" not in caplog.text:
                    await asyncio.sleep(0)
            assert server.opened == []
            assert server.rooms > 0
            stack.close()
            await running

    asyncio.run(starve())
    assert _received(client) == b"hello"


@contextmanager
def no_more_files() -> Iterator[None]:
    """Let this process open no file until the block ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(each.name) for each in Path("/proc/self/fd").iterdir())
    taken: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, hard))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.dup(0))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in taken:
            os.close(descriptor)
