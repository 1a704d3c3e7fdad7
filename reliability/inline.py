"""The service without its pool of threads and without turns, for `reliability.worst` to find.

``python -m reliability.inline`` answers dear queries on the event loop, one after the other, where
nobody else is answered meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app import __main__
from app.models.pool import Pool, Stop
from app.models.turns import Turns


async def _run_here(
    self: Pool,
    caller: str,
    work: Callable[[Stop], Any],
    begin: Callable[[], None] = lambda: None,
) -> Any:
    _ = self, caller
    begin()
    return work(Stop())


async def _go_on(self: Turns, caller: str) -> None:
    _ = self, caller


if __name__ == "__main__":
    Turns.take = _go_on  # type: ignore[method-assign]
    Pool.run = _run_here  # type: ignore[method-assign]
    __main__.main([])
