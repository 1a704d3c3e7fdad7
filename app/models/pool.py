"""Where long work runs: in a few threads of its own, in turns that are fair to all callers.

Work for a client that has gone is not begun, and ends after its present piece if it has begun.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

from ..errors import ClientGoneError
from .current import Current, current
from .fair import FairQueue

Answer = TypeVar("Answer")


class Pool:
    """Threads for long work.

    Callers who wait are served in turn, one after the other. So a caller who sends many long
    requests delays those of others by at most one per thread.

    Parameters
    ----------
    threads : int
        How many pieces of work run at the same time.
    """

    def __init__(self, threads: int) -> None:
        self._free = threads
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="dear")
        self._running: set[Stop] = set()
        self._waiting: FairQueue[asyncio.Future[None]] = FairQueue()

    async def run(
        self,
        caller: str,
        work: Callable[[Stop], Answer],
        begin: Callable[[], None] = lambda: None,
    ) -> Answer:
        """Run work in a thread, when it is the caller's turn.

        Parameters
        ----------
        caller : str
            The caller for whom the work is done.
        work : callable
            Takes a `Stop`, which it checks between its pieces, because the caller may have gone.
        begin : callable
            Called on the event loop when it is the turn; what it raises ends it.

        Raises
        ------
        ClientGoneError
            If the client of the present request goes away before the work has ended.
        """
        request = current()
        running = self._run(caller, work, begin)
        return await (running if request is None else _unless_gone(request, running))

    async def _run(
        self, caller: str, work: Callable[[Stop], Answer], begin: Callable[[], None]
    ) -> Answer:
        await self._turn(caller)
        try:
            begin()
        except BaseException:
            self._next()
            raise
        stop = Stop()
        self._running.add(stop)
        context = copy_context()
        running = self._executor.submit(context.run, work, stop)
        # The thread is free when the work has ended, which may be after its caller has gone.
        loop = asyncio.get_running_loop()
        running.add_done_callback(lambda _: _tell(loop, self._end, stop))
        try:
            return await asyncio.wrap_future(running)
        except asyncio.CancelledError:
            stop.is_set = True
            raise

    def close(self) -> None:
        """Take no more work, and end what runs after its present piece."""
        for stop in self._running:
            stop.is_set = True
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _turn(self, caller: str) -> None:
        if self._free > 0:
            self._free -= 1
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.put(caller, future)
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self._next()  # the turn came, and nobody takes it
            raise

    def _end(self, stop: Stop) -> None:
        self._running.discard(stop)
        self._next()

    def _next(self) -> None:
        """Give a free thread to the next caller that waits."""
        while (future := self._waiting.pop()) is not None:
            if not future.done():
                future.set_result(None)
                return
        self._free += 1


class Stop:
    """Whether work should end early, because nobody waits for it any more."""

    __slots__ = ("is_set",)

    def __init__(self) -> None:
        self.is_set = False


async def _unless_gone(request: Current, work: Coroutine[Any, Any, Answer]) -> Answer:
    """Return the answer of work that is cancelled when nobody waits for it any more."""
    working = asyncio.create_task(work)
    going = asyncio.create_task(request.until_gone())
    try:
        await asyncio.wait((working, going), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientGoneError
        return working.result()
    finally:
        going.cancel()
        working.cancel()


def _tell(loop: asyncio.AbstractEventLoop, what: Callable[[Stop], None], stop: Stop) -> None:
    """Call something on the event loop, from a thread."""
    try:
        loop.call_soon_threadsafe(what, stop)
    except RuntimeError:  # the loop has ended meanwhile
        return
