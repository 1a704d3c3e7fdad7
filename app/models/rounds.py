"""Work that all who ask for it at about the same time can share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Rounds(Generic[Result]):
    """Do some work in rounds, one at a time.

    Whoever asks while a round runs shares the next one with all others who do, so what anybody gets
    is never older than the question, and as many as like to ask cause no more than two rounds.

    Parameters
    ----------
    work : callable
        Does the work.
    pause : float
        Seconds from the beginning of a round until the next one begins, at least.
    """

    def __init__(self, work: Callable[[], Awaitable[Result]], pause: float = 0.0) -> None:
        self._work = work
        self._pause = pause
        self._last: asyncio.Task[Result] | None = None
        self._next: asyncio.Task[Result] | None = None
        self._not_before = 0.0

    async def ask(self) -> Result:
        """Return the result of a round that begins from now on, or raise what it raises."""
        if self._next is None or self._next.done():  # done: cancelled before it began
            self._next = asyncio.create_task(self._round(self._last))
            self._next.add_done_callback(_look_at_error)
        return await asyncio.shield(self._next)  # others wait for it, too

    async def _round(self, before: asyncio.Task[Result] | None) -> Result:
        if before is not None and not before.done():
            await asyncio.wait([before])
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(self._not_before - loop.time(), 0.0))
        self._not_before = loop.time() + self._pause
        running = self._last = self._next
        self._next = None
        try:
            return await self._work()
        finally:
            if self._last is running:
                self._last = None  # the result may be large, and is for those who asked alone


def _look_at_error(task: asyncio.Task[Result]) -> None:
    """Let nobody complain of an error that all who asked have gone away from."""
    if not task.cancelled():
        task.exception()
