"""A plain HTTP/1.1 client with open connections, fast enough to overload the service."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import httptools

from reliability.service import HOST

TIMEOUT_SECONDS = 60.0
_CLOSE_SECONDS = 5.0


class Answer(NamedTuple):
    """What the service said, and how long it took."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    def json(self) -> Any:
        """Return the body's value."""
        return json.loads(self.body)


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._started = 0.0
        self.is_open = False
        self.is_gone = False
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    # -- of the transport, and of the parser ------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note that the connection is there (asyncio)."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.is_open = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that it is gone (asyncio)."""
        self.is_open, self.is_gone = False, True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionResetError("closed without an answer"))

    def data_received(self, data: bytes) -> None:
        """Take bytes of the answer (asyncio)."""
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header (httptools)."""
        self._headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body (httptools)."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """End the answer (httptools)."""
        if not self._parser.should_keep_alive():
            self.is_open = False
            if self._transport is not None:
                self._transport.close()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    # -- of whoever asks --------------------------------------------------------------------

    async def ask(self, request: bytes) -> Answer:
        """Send a request and wait for the answer.

        Raises
        ------
        ConnectionError
            If the connection is closed before the answer is complete.
        TimeoutError
            If there is none in a minute.
        """
        assert self._transport is not None
        self._begin()
        self._waiting = asyncio.get_running_loop().create_future()
        started = time.perf_counter()
        self._transport.write(request)
        await asyncio.wait_for(self._waiting, TIMEOUT_SECONDS)
        seconds = time.perf_counter() - started
        status = self._parser.get_status_code()
        return Answer(status, self._headers, b"".join(self._body), seconds)

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()


class Client:
    """Connections to one port, opened as they are needed and kept.

    Parameters
    ----------
    port : int
        On loopback.

    Attributes
    ----------
    opened : int
        How many connections were opened.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self.opened = 0

    async def ask(self, request: bytes) -> Answer:
        """Send a request on an idle connection, or on a new one. Nothing is tried twice."""
        connection = self._take()
        if connection is None:
            loop = asyncio.get_running_loop()
            _, connection = await loop.create_connection(Connection, HOST, self._port)
            self._open = {each for each in self._open if not each.is_gone} | {connection}
            self.opened += 1
        answer = await connection.ask(request)
        if connection.is_open:
            self._idle.append(connection)
        return answer

    def _take(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return None

    async def close(self) -> None:
        """Close all connections, and wait until they are."""
        self._idle.clear()
        for connection in self._open:
            connection.close()
        deadline = time.perf_counter() + _CLOSE_SECONDS
        while self._open and time.perf_counter() < deadline:
            await asyncio.sleep(0.001)
            self._open = {each for each in self._open if not each.is_gone}


def post(path: str, body: Any) -> bytes:
    """Return the bytes of a request with a JSON body."""
    content = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n%b" % (len(content), content)


def get(path: str) -> bytes:
    """Return the bytes of a request without a body."""
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


async def at_rate(rate: float, seconds: float, ask: Callable[[int], Awaitable[None]]) -> int:
    """Start a request at each tick, whether earlier ones are answered or not: an open loop.

    Returns
    -------
    int
        How many were started; they have all ended.
    """
    started = time.perf_counter()
    tasks: set[asyncio.Task[None]] = set()
    number = 0
    total = round(rate * seconds)
    while number < total:
        due = min(total, int((time.perf_counter() - started) * rate) + 1)
        while number < due:
            task = asyncio.ensure_future(ask(number))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            number += 1
        await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
    await asyncio.gather(*tasks)
    return number


def quantile(values: list[float], part: float) -> float:
    """Return a quantile of values, 0 if there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0
