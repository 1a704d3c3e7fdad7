"""Work on files, in a thread that neither the event loop nor the end of the process waits for.

A disk can go away in the middle of a read, which then never returns. A thread of a pool would keep
the process from ending, and hold its place in the pool.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


async def run_aside(work: Callable[..., Result], *args: object, seconds: float) -> Result:
    """Call something in a thread of its own, and return what it returned.

    Parameters
    ----------
    work : callable
        What is called; what it raises is raised here.
    *args : object
        Its arguments.
    seconds : float
        How long it is waited for. The thread itself cannot be stopped.

    Raises
    ------
    TimeoutError
        If it takes longer.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, error: BaseException | None) -> None:
        if done.done():  # nobody waits any more
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = work(*args)
        except BaseException as raised:
            error = raised
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:  # the loop has ended meanwhile
            return

    threading.Thread(target=run, name="models", daemon=True).start()
    return await asyncio.wait_for(done, seconds)
