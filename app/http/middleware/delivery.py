"""Send large answers compressed to who takes that, and in parts.

The server keeps what a client has not read yet, and waits before it takes more of the same answer.
If an answer were handed over whole, the server would keep all of it, even after the request has
ended and given back its place. So a request lasts until its answer has been taken.
"""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...limits import COMPRESSED_FROM_BYTES, DELIVERED_AT_ONCE_BYTES
from ..encoding import Coder, takes_packed
from ..exchange import Exchange
from .part import Part

_VARY = (b"vary", b"accept-encoding")


class Delivery(Part):
    """The part that compresses and cuts answers.

    Parameters
    ----------
    app : ASGI application
        What comes next.
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app)
        self._coder = Coder()

    def handle(
        self, exchange: Exchange, scope: Scope, receive: Receive, send: Send
    ) -> Awaitable[None]:
        """See `Part.handle`."""
        start: Message | None = None

        async def send_better(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message  # until it is known how long the answer is
                return
            if start is not None:
                first, start = start, None
                message = await self._compressed(scope, first, message)
                await send(first)
            await _send_in_parts(exchange, message, send)

        return self._next(exchange, scope, receive, send_better)

    async def _compressed(self, scope: Scope, start: Message, message: Message) -> Message:
        """Return the answer's body as it is sent; its headers are changed in place.

        An answer that comes in parts stays as it is, and so does one whose maker has chosen between
        codings (`http/document.py`).
        """
        body = message.get("body", b"")
        if len(body) < COMPRESSED_FROM_BYTES or message.get("more_body", False):
            return message
        if any(name == _VARY[0] for name, _ in start["headers"]):
            return message
        headers = [*start["headers"], _VARY]
        if takes_packed(scope):
            body = await self._coder.pack(body)
            headers = [each for each in headers if each[0].lower() != b"content-length"]
            length = str(len(body)).encode()
            headers += [(b"content-encoding", b"gzip"), (b"content-length", length)]
        start["headers"] = headers
        return {**message, "body": body}


async def _send_in_parts(exchange: Exchange, message: Message, send: Send) -> None:
    body = message.get("body", b"")
    if len(body) <= DELIVERED_AT_ONCE_BYTES:
        await send(message)
        return
    if exchange.give_time is not None:
        exchange.give_time()
    for low in range(0, len(body), DELIVERED_AT_ONCE_BYTES):
        part = body[low : low + DELIVERED_AT_ONCE_BYTES]
        more = low + len(part) < len(body) or message.get("more_body", False)
        await send({"type": "http.response.body", "body": part, "more_body": more})
