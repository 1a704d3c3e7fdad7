"""One client that sends the requests of a shape, over and over, in its way."""

from __future__ import annotations

import asyncio
import itertools
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

from reliability.search.shapes import Shape
from tests.support.ports import HOST
from tests.support.raw_http import AnswerParser

_PIECE = 1024
_SLOW_BYTES = 16 * 1024
_SLOW_SECONDS = 0.02
_LAST_ANSWERS_SECONDS = 2.0


async def attack(port: int, shape: Shape, requests: list[bytes], seconds: float) -> Counter[str]:
    """Send requests for some time; return how often each status was answered.

    Parameters
    ----------
    port : int
        Of the service, on loopback.
    shape : Shape
        How many connections there are, and how they send and read.
    requests : list of bytes
        What they send.
    seconds : float
        How long new requests are sent; answers are waited for a little longer.
    """
    end = time.perf_counter() + seconds
    statuses: Counter[str] = Counter()
    wire = [_framed(request, shape.sending) for request in requests]
    clients = [
        _Client(port, shape, itertools.cycle(wire[number % len(wire) :] + wire), statuses)
        for number in range(shape.connections)
    ]
    running = asyncio.gather(*(client.run(end) for client in clients), return_exceptions=True)
    with suppress(TimeoutError):
        for ended in await asyncio.wait_for(running, seconds + _LAST_ANSWERS_SECONDS):
            if ended is not None:
                raise ended
    return statuses


class _Client:
    """One connection at a time."""

    def __init__(
        self, port: int, shape: Shape, requests: Iterator[bytes], statuses: Counter[str]
    ) -> None:
        self._port = port
        self._shape = shape
        self._requests = requests
        self._statuses = statuses

    async def run(self, end: float) -> None:
        while time.perf_counter() < end:
            try:
                reader, writer = await asyncio.open_connection(sock=await self._connect())
            except OSError:
                self._statuses["no connection"] += 1
                await asyncio.sleep(_SLOW_SECONDS)
                continue
            try:
                await self._converse(reader, writer, end)
            except OSError:
                self._statuses["closed"] += 1
            finally:
                writer.close()
                writer.transport.abort()

    async def _connect(self) -> socket.socket:
        connection = socket.socket()
        connection.setblocking(False)
        if self._shape.reading == "slowly":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SLOW_BYTES)
        try:
            await asyncio.get_running_loop().sock_connect(connection, (HOST, self._port))
        except BaseException:
            connection.close()
            raise
        return connection

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, end: float
    ) -> None:
        parser = AnswerParser()
        while time.perf_counter() < end and parser.keep_alive:
            for _ in range(self._shape.pipelined):
                await self._send(writer, next(self._requests))
            if self._shape.reading == "gone":
                self._statuses["gone"] += 1
                return
            missing = self._shape.pipelined
            while missing > 0 and parser.keep_alive:
                data = await reader.read(_SLOW_BYTES)
                if not data:
                    self._statuses["closed"] += 1
                    return
                parser.feed(data)
                missing -= len(parser.answers)
                self._statuses.update(str(answer.status) for answer in parser.answers)
                parser.answers.clear()
                if self._shape.reading == "slowly":
                    await asyncio.sleep(_SLOW_SECONDS)

    async def _send(self, writer: asyncio.StreamWriter, request: bytes) -> None:
        if self._shape.sending != "pieces":
            writer.write(request)
            await writer.drain()
            return
        for low in range(0, len(request), _PIECE):
            writer.write(request[low : low + _PIECE])
            await asyncio.sleep(0)
            await writer.drain()


def _framed(request: bytes, sending: str) -> bytes:
    """Return a request as it is sent: its body in one piece, or in chunks of one byte."""
    head, _, body = request.partition(b"\r\n\r\n")
    if sending != "chunks" or not body:
        return request
    lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    return b"\r\n".join([*lines, b"Transfer-Encoding: chunked", b"", chunks + b"0\r\n\r\n"])
