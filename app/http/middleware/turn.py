"""Let requests with longer bodies wait for their turn before they are parsed.

Parsing and checking a body takes its time on the event loop, so one is handled per round of it.
"""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

from ...limits import TURN_BODY_BYTES
from ...models.turns import Turns
from ..exchange import Exchange
from .part import Part


class Turn(Part):
    """The part that waits for turns.

    Parameters
    ----------
    app : ASGI application
        What comes next.
    turns : Turns
        Whose turn it is.
    """

    def __init__(self, app: ASGIApp, turns: Turns) -> None:
        super().__init__(app)
        self._turns = turns

    def handle(
        self, exchange: Exchange, scope: Scope, receive: Receive, send: Send
    ) -> Awaitable[None]:
        """See `Part.handle`."""
        if exchange.body_bytes <= TURN_BODY_BYTES and len(scope["query_string"]) <= TURN_BODY_BYTES:
            return self._next(exchange, scope, receive, send)
        return self._wait(exchange, scope, receive, send)

    async def _wait(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        await self._turns.take(exchange.caller)
        await self._next(exchange, scope, receive, send)
