"""Start and stop in one process: ``python -m reliability.cycles``.

Each time the whole application is made, served, asked and stopped; file descriptors and threads
must not grow.
"""

from __future__ import annotations

import gc
import threading
from pathlib import Path

from app.settings import Settings
from reliability.report import Report, command_line
from tests.support.serving import serving

_WARM = 2
_ALLOWED = 2


def cycle() -> None:
    """Start, ask, stop."""
    with serving(Settings(access_log=False, models_poll_seconds=0.05)) as client:
        users = [{"visitorid": number} for number in range(20)]  # in a worker thread
        for body in ({"users": users[:1]}, {"users": users}):
            client.post("/recommend/users", json=body).raise_for_status()


def open_files() -> int:
    """Return the number of open file descriptors."""
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


def run(count: int = 50) -> Report:
    """Start and stop so many times."""
    for _ in range(_WARM):
        cycle()
    before = open_files(), threading.active_count()
    for _ in range(count):
        cycle()
    after = open_files(), threading.active_count()
    report = Report("cycles")
    report.figures = {
        "cycles": count,
        "more file descriptors": after[0] - before[0],
        "more threads": after[1] - before[1],
    }
    report.promise(f"at most {_ALLOWED} more file descriptors", after[0] - before[0] <= _ALLOWED)
    report.promise(f"at most {_ALLOWED} more threads", after[1] - before[1] <= _ALLOWED)
    return report


if __name__ == "__main__":
    command_line(run, __doc__)
