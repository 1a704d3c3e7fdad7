"""Longer steps on the event loop: a few per round of the loop, in turn for all callers.

Requests that arrive together would otherwise be handled one after the other in the same round, and
everybody else would wait for all of them. Between two rounds the loop looks at its sockets. After a
long step some rounds go by without another one, so that a probe waits for one of them at most.
"""

from __future__ import annotations

import asyncio
from time import perf_counter, thread_time

from ..limits import LONG_ROUND_SECONDS, RESTING_ROUNDS
from .fair import FairQueue


class Turns:
    """Whose turn it is.

    Parameters
    ----------
    seconds : float
        As long as this has not passed since the first step of a round, another one may follow in
        the same round.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end: float | None = None  # of the present round; None while nobody has taken a turn
        self._began = 0.0  # processor time of this thread when it began
        self._round_end: float | None = None  # until which short steps may begin in this round
        self._resting = 0  # rounds in which nobody may begin
        self._waiting: FairQueue[asyncio.Future[None]] = FairQueue()

    async def take(self, caller: str) -> None:
        """Wait for a turn: the caller may then work until it next awaits something.

        Parameters
        ----------
        caller : str
            Who asks; callers who wait are served one after the other.
        """
        loop = asyncio.get_running_loop()
        if self._end is None:
            self._begin(loop)
            return
        if self._resting == 0 and perf_counter() < self._end and self._waiting.peek() is None:
            return
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.put(caller, future)
        await future

    def may_pass(self) -> bool:
        """Tell whether a short step may begin without a turn.

        Even short steps add up where many requests arrive at once: those that come late in a long
        round take a turn.
        """
        now = perf_counter()
        if self._round_end is None:
            self._round_end = now + LONG_ROUND_SECONDS
            asyncio.get_running_loop().call_soon(self._end_round)
        return now < self._round_end

    def _end_round(self) -> None:
        self._round_end = None

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give the next round to the next caller that waits."""
        if self._resting > 0:
            self._resting -= 1
        elif thread_time() - self._began > LONG_ROUND_SECONDS:
            self._resting = RESTING_ROUNDS
        if self._resting > 0:
            loop.call_soon(self._next, loop)
            return
        while (future := self._waiting.pop()) is not None:
            if not future.done():
                future.set_result(None)  # the waiting task goes on in the next round
                self._begin(loop)
                return
        self._end = None

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._end = perf_counter() + self._seconds
        self._began = thread_time()
        loop.call_soon(self._next, loop)
