"""Let requests go on a few at a time, so that the event loop looks at its sockets in between.

What a request does on the event loop, such as reading JSON and checking values, takes from a
fraction of a millisecond to some milliseconds. When many arrive at the same moment, the loop would
do all of that before it sees anything else, and a probe would have to wait for all of them. After a
request that took long, nothing begins for some turns of the loop: that many it takes to accept a
connection, read a probe and answer it, so that a probe waits for one such request and not for four.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from time import perf_counter, thread_time

from starlette.types import ASGIApp, Receive, Scope, Send

from ...limits import LONG_TURN_SECONDS, RESTING_TURNS, TURN_REQUESTS, TURN_SECONDS
from ..exchange import Exchange
from .part import Part

_Waiting = asyncio.Future[None]


class Turns(Part):
    """The part that spreads work over several turns of the event loop.

    A request that finds the present turn used up waits for a later one; the callers who wait are
    served in turn, one request each.

    Parameters
    ----------
    app : ASGI application
        What comes next.
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app)
        self._end: float | None = None  # of the present turn; None while nobody needs to know
        self._began = 0.0  # processor time of this thread when the present turn began
        self._resting = 0  # turns for which nothing begins
        self._late = 0  # requests that wait
        self._first: deque[_Waiting] = deque()  # they were woken before, and too late
        self._others: OrderedDict[str, deque[_Waiting]] = OrderedDict()

    async def handle(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        """See `Part.handle`."""
        if self._late > 0 or not self._has_time():
            await self._wait(exchange.caller)
        await self._app(scope, receive, send)

    def _has_time(self) -> bool:
        """Tell whether the present turn is not used up; the first to ask begins it."""
        now = perf_counter()
        if self._end is None:
            self._end = now + TURN_SECONDS
            self._began = thread_time()
            asyncio.get_running_loop().call_soon(self._next_turn)
        return now < self._end

    async def _wait(self, caller: str) -> None:
        loop = asyncio.get_running_loop()
        self._late += 1
        try:
            future = loop.create_future()
            self._others.setdefault(caller, deque()).append(future)
            await future
            while not self._has_time():
                future = loop.create_future()
                self._first.append(future)
                await future
        finally:
            self._late -= 1

    def _next_turn(self) -> None:
        """Begin a turn if anybody waits for it, and wake some of them."""
        loop = asyncio.get_running_loop()
        if self._resting > 0:
            self._resting -= 1
        elif thread_time() - self._began > LONG_TURN_SECONDS:
            self._resting = RESTING_TURNS
        if self._resting > 0:
            self._end = 0.0
            loop.call_soon(self._next_turn)
            return
        if self._late == 0:
            self._end = None
            self._first.clear()  # nothing but requests that were given up
            self._others.clear()
            return
        self._end = perf_counter() + TURN_SECONDS
        self._began = thread_time()
        # Comes before those who are woken here: they run in the next turn, which it begins.
        loop.call_soon(self._next_turn)
        self._wake()

    def _wake(self) -> None:
        for _ in range(TURN_REQUESTS):
            future = self._pop()
            if future is None:
                return
            if not future.done():
                future.set_result(None)

    def _pop(self) -> _Waiting | None:
        """Return who is next."""
        if self._first:
            return self._first.popleft()
        if not self._others:
            return None
        caller, futures = self._others.popitem(last=False)
        future = futures.popleft()
        if futures:
            self._others[caller] = futures  # behind the others
        return future
