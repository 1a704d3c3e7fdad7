"""From the command to the first ready answer, and memory: ``python -m benchmarks.start``.

The disk cache is warm. Memory is resident (RSS) and proportional (PSS: what is shared with other
processes counts as their share), with both models loaded and after 3,000 requests.
"""

from __future__ import annotations

import argparse
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import httpx

from benchmarks.large_models import large_models
from benchmarks.results import save
from benchmarks.servers import Server, resident_megabytes, service

REQUESTS = 1000


def warm(server: Server) -> None:
    """Send every kind of request, each time for another user or item."""
    context = {"period": "Night", "month": 8, "weekday": 2}
    with httpx.Client(base_url=server.url("")) as client:
        for number in range(REQUESTS):
            for path, body in (
                ("/recommend/users", {"users": [{"visitorid": number * 1399, **context}]}),
                ("/recommend/users", {"users": [{"visitorid": number * 397}]}),
                ("/similar/items", {"items": [{"itemid": number * 113}]}),
            ):
                client.post(path, json=body).raise_for_status()


def proportional_megabytes(pid: int) -> float:
    """Return the proportional set size of a process."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no Pss")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    args = parser.parse_args()
    models = large_models()
    ready, loaded, warmed = [], [], []
    for run in range(args.runs + 1):
        started = time.perf_counter()
        with service(models) as server:
            took = time.perf_counter() - started
            if run == 0:
                continue  # warms the disk cache
            ready.append(took)
            loaded.append(resident_megabytes(server.pid))
            warm(server)
            warmed.append(resident_megabytes(server.pid))
    with ExitStack() as stack:
        pair = [stack.enter_context(service(models)) for _ in range(2)]
        for server in pair:
            warm(server)
        shared = [proportional_megabytes(server.pid) for server in pair]
    print(f"start to ready     {median(ready):6.2f} s  ({min(ready):.2f} - {max(ready):.2f})")
    print(f"resident, loaded   {median(loaded):6.0f} MB")
    print(f"resident, warm     {median(warmed):6.0f} MB")
    print(f"PSS of two         {shared[0]:6.0f} and {shared[1]:.0f} MB")
    save("start", {"ready": ready, "loaded": loaded, "warm": warmed, "proportional": shared})


if __name__ == "__main__":
    main()
