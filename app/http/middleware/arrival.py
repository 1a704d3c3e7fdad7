"""Read each request's body whole, up to its limit, and unpack it, before it takes a place.

A body that is still arriving must not keep other requests from being answered, however slow it is.
The memory that arriving bodies may take is bounded, too, and no caller may take all of it.
"""

from __future__ import annotations

from collections import Counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...errors import ClientGoneError, OverloadedError
from ...limits import ARRIVING_BYTES, UNCOUNTED_BODY_BYTES
from ...models.turns import Turns
from ..body import header
from ..encoding import Coder, is_packed, too_large
from ..exchange import Exchange
from .part import Part


class Arrival(Part):
    """The part that waits for bodies.

    Parameters
    ----------
    app : ASGI application
        What comes next.
    limit : int
        Largest body, in bytes, also when it is unpacked.
    turns : Turns
        Whose turn it is to be read on: what has arrived of a long body is a copy of some
        megabytes, where many connections send as fast as they can.
    """

    def __init__(self, app: ASGIApp, limit: int, turns: Turns) -> None:
        super().__init__(app)
        self._turns = turns
        self._limit = limit
        self._arriving: Counter[str] = Counter()
        self._total = 0
        self._coder = Coder()

    async def handle(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        """See `Part.handle`."""
        packed = is_packed(scope)
        declared = exchange.declaration.most_bytes
        limit = self._limit if declared is None else min(declared, self._limit)
        body = await self._read(scope, receive, exchange, limit)
        if packed and body != b"":
            body = await self._coder.unpack(body, limit)
        exchange.body_bytes = len(body)
        exchange.receive = receive
        sent = False

        async def receive_whole() -> Message:
            nonlocal sent
            if sent:
                return await receive()  # the client's going
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._next(exchange, scope, receive_whole, send)

    async def _read(self, scope: Scope, receive: Receive, exchange: Exchange, limit: int) -> bytes:
        """Return the whole body.

        Raises
        ------
        HTTPException
            Status 413, before reading where the length is declared, else as soon as the limit is
            exceeded.
        ClientGoneError
            If the client goes away before it has sent everything.
        OverloadedError
            If too many large bodies are arriving.
        """
        declared = header(scope, b"content-length")
        if declared.isdigit() and int(declared) > limit:
            raise too_large(limit)
        body, more = _part(await receive(), 0, limit)
        if more:
            body = await self._rest(receive, exchange, body, limit)
        exchange.received = True
        return body

    async def _rest(self, receive: Receive, exchange: Exchange, first: bytes, limit: int) -> bytes:
        """Return the whole body of which this is the first part."""
        body = bytearray(first)
        counted, more = 0, True
        try:
            while more:
                if len(body) - counted > UNCOUNTED_BODY_BYTES:
                    self._count(exchange.caller, len(body) - counted)
                    counted = len(body)
                await self._turns.take(exchange.caller)
                part, more = _part(await receive(), len(body), limit)
                body += part  # not a list of them: a million small ones are worth as much memory
            return bytes(body)
        finally:
            if counted > 0:
                self._count_out(exchange.caller, counted)

    def _count(self, caller: str, amount: int) -> None:
        if (
            self._total + amount > ARRIVING_BYTES
            or self._arriving[caller] + amount > ARRIVING_BYTES // 2
        ):
            raise OverloadedError
        self._total += amount
        self._arriving[caller] += amount

    def _count_out(self, caller: str, amount: int) -> None:
        self._total -= amount
        self._arriving[caller] -= amount
        if self._arriving[caller] <= 0:
            del self._arriving[caller]


def _part(message: Message, before: int, limit: int) -> tuple[bytes, bool]:
    """Return the part of a body in a message, behind so many bytes, and whether there are more."""
    if message["type"] != "http.request":
        raise ClientGoneError
    part: bytes = message.get("body", b"")
    if before + len(part) > limit:
        raise too_large(limit)
    return part, message.get("more_body", False)
