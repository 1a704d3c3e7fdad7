"""Longer steps on the event loop: one per round of the loop, in turn for all callers.

Requests that arrive together would otherwise be handled one after the other in the same round, and
everybody else would wait for all of them. Between two rounds the loop looks at its sockets, so a
probe waits for one step at most.
"""

from __future__ import annotations

import asyncio

from .fair import FairQueue


class Turns:
    """Whose turn it is."""

    def __init__(self) -> None:
        self._is_taken = False
        self._waiting: FairQueue[asyncio.Future[None]] = FairQueue()

    async def take(self, caller: str) -> None:
        """Wait for a turn: the caller may then work until it next awaits something.

        Parameters
        ----------
        caller : str
            Who asks; callers who wait are served one after the other.
        """
        loop = asyncio.get_running_loop()
        if not self._is_taken:
            self._is_taken = True
            loop.call_soon(self._next, loop)
            return
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.put(caller, future)
        await future

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give the turn of the next round to the next caller that waits."""
        while (future := self._waiting.pop()) is not None:
            if not future.done():
                future.set_result(None)  # the waiting task goes on in the next round
                loop.call_soon(self._next, loop)
                return
        self._is_taken = False
