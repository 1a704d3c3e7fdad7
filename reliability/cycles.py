"""Start and stop in one process: ``python -m reliability.cycles``.

Each time the whole application is made, served, asked and stopped; file descriptors and threads
must not grow.
"""

from __future__ import annotations

import argparse
import gc
import threading
import time
from pathlib import Path

import httpx
import uvicorn

from app.http.server import Server, server_options
from app.main import create_app
from app.settings import Settings
from reliability.report import Report

_WARM = 2
_ALLOWED = 2


def cycle() -> None:
    """Start, ask, stop."""
    settings = Settings(port=0, access_log=False, models_poll_seconds=0.05)
    app = create_app(settings)
    options = {**server_options(settings), "log_level": "warning"}
    server = Server(uvicorn.Config(app, **options), app.lifecycle, 0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the server ended")
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        users = [{"visitorid": number} for number in range(20)]  # in a worker thread
        for body in ({"users": users[:1]}, {"users": users}):
            client.post("/recommend/users", json=body).raise_for_status()
    server.should_exit = True
    thread.join(30)


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


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50)
    run(parser.parse_args().count).conclude()


if __name__ == "__main__":
    main()
