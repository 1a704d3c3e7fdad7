"""Standard output, which may be closed when the process starts, and lost while it runs.

A service does not stop for that: it goes on without logs. A command whose answer is lost fails.
"""

from __future__ import annotations

import os
import sys


def ensure_streams() -> None:
    """Let the three standard streams exist.

    Where one of them is closed, the next file or socket would get its number, and whoever writes to
    that number would write into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")  # whatever the locale: no log line is an error


def settle_stdout() -> None:
    """Write what is left, or drop it if that cannot be: it must not fail the end of the process."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
