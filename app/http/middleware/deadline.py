"""End a request that takes too long to arrive or to answer, or whose answer is not read."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...errors import NotAnsweredError, NotReceivedError
from ..exchange import exchange_of


class Deadline:
    """The part that watches the time.

    Parameters
    ----------
    app : ASGI application
        What comes next.
    seconds : float
        Time to receive and answer a request, and again for the client to read the answer.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a connection (ASGI)."""
        exchange = exchange_of(scope)
        if exchange is None:
            await self._app(scope, receive, send)
            return
        loop = asyncio.get_running_loop()

        async def send_in_time(message: Message) -> None:
            if message["type"] == "http.response.start":
                limit.reschedule(loop.time() + self._seconds)
            await send(message)

        try:
            async with asyncio.timeout(self._seconds) as limit:
                await self._app(scope, receive, send_in_time)
        except TimeoutError:
            if exchange.status != 0:
                return  # a late end of an answer that has begun is no error of ours
            raise NotAnsweredError if exchange.received else NotReceivedError from None
