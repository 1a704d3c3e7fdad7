"""End the gate when it is told to, as a node does that is drained, and leave nothing behind."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

STATUS = 128 + signal.SIGTERM  # not 2: the same work may be done elsewhere


@contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the work as Ctrl-C does: what is half done is cleared on the way out.

    Raises
    ------
    SystemExit
        With status 143, when the signal comes.
    """
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # another one would interrupt the clearing
    print("cannot pass: stopped by SIGTERM", file=sys.stderr)
    sys.exit(STATUS)
