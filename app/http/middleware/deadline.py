"""End a request that takes too long to arrive or to answer, or whose answer is not read."""

from __future__ import annotations

import asyncio
from functools import partial

from starlette.types import ASGIApp, Receive, Scope, Send

from ...errors import NotAnsweredError, NotReceivedError
from ..exchange import Exchange
from .part import Part


class Deadline(Part):
    """The part that watches the time.

    Parameters
    ----------
    app : ASGI application
        What comes next.
    seconds : float
        Time to receive and answer a request, and again for the client to read the answer.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        super().__init__(app)
        self._seconds = seconds

    async def handle(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        """See `Part.handle`."""
        try:
            async with asyncio.timeout(self._seconds) as limit:
                exchange.give_time = partial(self._give_time, limit)
                await self._app(scope, receive, send)
        except TimeoutError:
            if exchange.status != 0:
                return  # a late end of an answer that has begun is no error of ours
            raise NotAnsweredError if exchange.received else NotReceivedError from None

    def _give_time(self, limit: asyncio.Timeout) -> None:
        limit.reschedule(asyncio.get_running_loop().time() + self._seconds)
