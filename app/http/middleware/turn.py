"""Let requests that take longer wait for their turn before they are looked at.

Parsing and checking a longer body takes its time on the event loop, and so does the framework's way
to an answer: some are handled per round of it. And what is parsed takes many times the memory of
the body, so the larger ones wait until there is room.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...errors import ClientGoneError
from ...limits import PARSED_BODIES_BYTES, SHORT_BODY_BYTES, UNCOUNTED_BODY_BYTES
from ...models.room import Room
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
        self._room = Room(PARSED_BODIES_BYTES)

    def handle(
        self, exchange: Exchange, scope: Scope, receive: Receive, send: Send
    ) -> Awaitable[None]:
        """See `Part.handle`."""
        length = max(exchange.body_bytes, len(scope["query_string"]))
        if length <= SHORT_BODY_BYTES and scope["method"] == "POST":
            if self._turns.may_pass():
                return self._next(exchange, scope, receive, send)
            return self._wait(exchange, scope, receive, send)
        if length <= UNCOUNTED_BODY_BYTES:
            return self._wait(exchange, scope, receive, send)
        return self._wait_for_room(length, exchange, scope, receive, send)

    async def _wait(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        going = asyncio.ensure_future(exchange.until_gone())
        try:
            await self._turns.take(exchange.caller)
            if going.done():
                raise ClientGoneError
        finally:
            going.cancel()
        await self._next(exchange, scope, receive, send)

    async def _wait_for_room(
        self, length: int, exchange: Exchange, scope: Scope, receive: Receive, send: Send
    ) -> None:
        exchange.is_long = True
        held = await self._room.take(exchange.caller, length)

        def give_back() -> None:
            nonlocal held
            amount, held = held, 0
            if amount > 0:
                self._room.give_back(amount)

        async def send_and_give_back(message: Message) -> None:
            give_back()  # the body has been used; the answer may take its time
            await send(message)

        try:
            await self._wait(exchange, scope, receive, send_and_give_back)
        finally:
            give_back()
