"""Send large answers in parts, so that a request lasts until its answer has been taken.

The server keeps what a client has not read yet, and waits before it takes more of the same answer.
If an answer were handed over whole, the server would keep all of it, even after the request has
ended and given back its place.
"""

from __future__ import annotations

from starlette.types import Message, Receive, Scope, Send

from ...limits import DELIVERED_AT_ONCE_BYTES
from ..exchange import Exchange
from .part import Part


class Delivery(Part):
    """The part that cuts answers.

    Parameters
    ----------
    app : ASGI application
        What comes next.
    """

    async def handle(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        """See `Part.handle`."""

        async def send_in_parts(message: Message) -> None:
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

        await self._app(scope, receive, send_in_parts)
