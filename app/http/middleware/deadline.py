"""End a request that takes too long, whose answer is not read, or that the server stops for."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from ...errors import NotAnsweredError, NotReceivedError, StoppingError
from ..exchange import Exchange
from .part import Part


class Deadline(Part):
    """The part that watches the time.

    All requests have the same time, so they are due in the order in which they came, and one timer
    does for all of them.

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
        self._due: dict[_Watch, float] = {}  # in the order of time
        self._timer: asyncio.TimerHandle | None = None

    async def handle(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        """See `Part.handle`."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("requests are handled by tasks")
        watch = _Watch(task)
        self._due[watch] = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._look, loop)
        exchange.give_time = partial(self._give_time, watch)
        try:
            await self._next(exchange, scope, receive, send)
        except asyncio.CancelledError:
            if exchange.status != 0:
                return  # the answer has begun: it is cut short, and the connection closed
            # The server ends what is left when it must stop, and nobody else ends a request.
            if not watch.is_over or watch.task.cancelling() > watch.cancelling + 1:
                raise StoppingError from None
            raise NotAnsweredError if exchange.received else NotReceivedError from None
        finally:
            self._due.pop(watch, None)
            if watch.is_over:
                watch.task.uncancel()

    def _give_time(self, watch: _Watch) -> None:
        if self._due.pop(watch, None) is not None:  # to the end: it is due last now
            self._due[watch] = asyncio.get_running_loop().time() + self._seconds

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """End what is due, and come again when the next one is."""
        now = loop.time()
        self._timer = None
        while self._due:
            watch, due = next(iter(self._due.items()))
            if due > now:
                self._timer = loop.call_at(due, self._look, loop)
                return
            del self._due[watch]
            watch.is_over = True
            watch.task.cancel()


class _Watch:
    """A task that has a limit; compare `asyncio.Timeout`, of which each needs a timer."""

    __slots__ = ("cancelling", "is_over", "task")

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self.task = task
        self.cancelling = task.cancelling()
        self.is_over = False
