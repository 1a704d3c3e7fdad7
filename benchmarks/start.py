"""From the command to the first ready answer, and memory: ``python -m benchmarks.start``.

Each start is compared with a process that only imports FastAPI, uvicorn and NumPy, run in turn with
it: from its command to its end. The pair is measured as it is, and registered, with manifests. The
disk cache is warm, and what Python has compiled is on the disk, as in the image. Memory is resident
(RSS) and proportional (PSS: what is shared with other processes counts as their share), with both
models loaded and after 3,000 requests.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx

from benchmarks.large_models import RANKING, ROOT, SIMILARITY, large_models
from benchmarks.results import save
from benchmarks.servers import Server, resident_megabytes, service
from tests.support.processes import APP

REQUESTS = 1000
IMPORTS = "import fastapi, uvicorn, numpy"
TARGET = 2.5  # times the imports, or a second if that is more


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


def import_seconds() -> float:
    """Return how long a process takes that only imports what every such service needs."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)
    return time.perf_counter() - started


def start(models: Path) -> tuple[float, float]:
    """Return how long the service takes to be ready, and its megabytes then."""
    started = time.perf_counter()
    with service(models) as server:
        return time.perf_counter() - started, resident_megabytes(server.pid)


def register(models: Path, root: Path) -> None:
    """Register the pair in another directory, by the command."""
    for path in (RANKING, SIMILARITY):
        name = path.split("/")[0]
        command = [*APP, "register", str(models / path), "--name", name, "--models-dir", str(root)]
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def measure(models: Path, registered: Path, runs: int) -> dict[str, list[float]]:
    """Measure imports and starts in turn; the first round warms the caches and does not count."""
    found: dict[str, list[float]] = {
        name: [] for name in ("imports", "ready", "loaded", "manifest_ready", "manifest_loaded")
    }
    for run in range(runs + 1):
        figures = (import_seconds(), *start(models), *start(registered))
        if run > 0:
            for values, figure in zip(found.values(), figures, strict=True):
                values.append(figure)
    return found


def memory(models: Path) -> tuple[list[float], list[float]]:
    """Return megabytes of two processes after requests: resident, and proportional."""
    with ExitStack() as stack:
        pair = [stack.enter_context(service(models)) for _ in range(2)]
        for server in pair:
            warm(server)
        resident = [resident_megabytes(server.pid) for server in pair]
        return resident, [proportional_megabytes(server.pid) for server in pair]


def ratios(found: dict[str, list[float]], name: str) -> list[float]:
    """Return each start's time divided by that of the imports in the same round."""
    return [took / base for took, base in zip(found[name], found["imports"], strict=True)]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    args = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    models = large_models()
    with TemporaryDirectory() as folder:
        register(models, Path(folder))
        found = measure(models, Path(folder), args.runs)
    warmed, shared = memory(models)
    base = found["imports"]
    print(f"imports alone      {median(base):6.2f} s  ({min(base):.2f} - {max(base):.2f})")
    for name, what in (("ready", "start to ready"), ("manifest_ready", "  with manifests")):
        times, ratio = found[name], ratios(found, name)
        print(f"{what:16}   {median(times):6.2f} s  ({min(times):.2f} - {max(times):.2f}),", end="")
        print(f" {median(ratio):.2f} times the imports (at most {TARGET}, or 1 s)")
    print(f"resident, loaded   {median(found['loaded']):6.0f} MB")
    print(f"  with manifests   {median(found['manifest_loaded']):6.0f} MB")
    print(f"resident, warm     {median(warmed):6.0f} MB")
    print(f"PSS of two         {shared[0]:6.0f} and {shared[1]:.0f} MB")
    save("start", {**found, "warm": warmed, "proportional": shared})


if __name__ == "__main__":
    main()
