"""Where scoring runs: at once on the event loop, or in a worker thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import to_thread

# A hop to a thread and back costs more than a few users or items take, so these are answered at
# once. Larger requests must not hold up the others, neither while they are scored nor while the
# answer is written.
ROWS_AT_ONCE = 4
ANSWERS_AT_ONCE = 1000

Answer = TypeVar("Answer")


async def run(rows: int, k: int, work: Callable[[], Answer]) -> Answer:
    """Do the work of a request.

    Parameters
    ----------
    rows : int
        Users or items to answer.
    k : int
        Most answers to each.
    work : callable
        Scores them and writes the answer.
    """
    if is_small(rows, k):
        return work()
    return await to_thread.run_sync(work)


def is_small(rows: int, k: int) -> bool:
    """Tell whether a request is answered at once."""
    return rows <= ROWS_AT_ONCE and rows * k <= ANSWERS_AT_ONCE
