"""Wait for a condition, with a deadline: the one place that sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_SECONDS = 20.0


def wait_until(
    condition: Callable[[], bool],
    message: str | Callable[[], str] = "the condition was never met",
    *,
    seconds: float = PATIENCE_SECONDS,
    interval: float = 0.01,
) -> None:
    """Return as soon as a condition holds.

    Parameters
    ----------
    condition : callable
        Asked again and again; what it raises is passed on.
    message : str or callable
        What the error says; a callable is called only when the time is over.
    seconds : float
        How long to wait, on the monotonic clock.
    interval : float
        Seconds between two questions.

    Raises
    ------
    TimeoutError
        If the condition does not hold in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(message if isinstance(message, str) else message())
        time.sleep(interval)
