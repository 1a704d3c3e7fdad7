"""The load client: many open connections, and requests at a fixed rate.

httpx and aiohttp take too much of the cores that the service shares with them to overload it, and
wrk, which `benchmarks.http` measures with, neither keeps a rate nor tells what became of a request.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from tests.support.ports import HOST
from tests.support.raw_http import Answer, AnswerParser

TIMEOUT_SECONDS = 60.0
_CLOSE_SECONDS = 5.0


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Answer] | None = None
        self._parser = AnswerParser()
        self.is_open = False
        self.closed = asyncio.get_running_loop().create_future()

    # -- of the transport -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note that the connection is there (asyncio)."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.is_open = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that it is gone (asyncio)."""
        self.is_open = False
        self.closed.set_result(None)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionResetError("closed without an answer"))

    def data_received(self, data: bytes) -> None:
        """Take bytes of the answer (asyncio)."""
        self._parser.feed(data)
        if not self._parser.answers:
            return
        answer = self._parser.answers.pop()
        if not self._parser.keep_alive:
            self.is_open = False
            self.close()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(answer)

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
        self._waiting = asyncio.get_running_loop().create_future()
        started = time.perf_counter()
        self._transport.write(request)
        answer = await asyncio.wait_for(self._waiting, TIMEOUT_SECONDS)
        return answer._replace(seconds=time.perf_counter() - started)

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
            self._open = {each for each in self._open if not each.closed.done()} | {connection}
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
        if self._open:
            await asyncio.wait([each.closed for each in self._open], timeout=_CLOSE_SECONDS)
        self._open.clear()


async def at_rate(rate: float, seconds: float, ask: Callable[[int], Awaitable[None]]) -> int:
    """Start a request at each tick, whether earlier ones are answered or not: an open loop.

    Parameters
    ----------
    rate : float
        Requests per second.
    seconds : float
        How long requests are started.
    ask : callable
        Sends the request of the given number, from 0 on, and handles its answer.

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
    """Return a quantile of values, 0 if there are none.

    Parameters
    ----------
    values : list of float
        In any order.
    part : float
        Between 0 and 1; 0.99 for the 99th percentile.
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0
