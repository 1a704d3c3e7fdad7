"""Load the pair of large models and ask them: ``python -m benchmarks.load_and_ask``.

Prints the time to load both with a warm disk cache, resident memory, and the time of one request,
without HTTP. Each run is a fresh process; figures are the median of five.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.large_models import RANKING, ROOT, SIMILARITY, large_models

RUNS = 5
REQUESTS = 300


def resident_megabytes() -> float:
    """Return the resident memory of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS")


def milliseconds(ask: Callable[[int], object]) -> float:
    """Return the median time of a request."""
    times = []
    for number in range(REQUESTS):
        started = time.perf_counter()
        ask(number)
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


def run_once(models: Path) -> dict[str, float]:
    """Measure in this process."""
    started = time.perf_counter()
    from turi_recommender import load_model  # noqa: PLC0415 - its import is part of what is measured

    imported = time.perf_counter()
    ranking = load_model(models / RANKING)
    similarity = load_model(models / SIMILARITY)
    loaded = time.perf_counter()
    memory = resident_megabytes()
    context = {"period": "Night", "month": 8, "weekday": 2}
    return {
        "import, s": imported - started,
        "load both models, s": loaded - imported,
        "resident after loading, MB": memory,
        "ranking request, ms": milliseconds(
            lambda n: ranking.recommend([{"visitorid": 4001 * n, **context}])
        ),
        "similarity request, ms": milliseconds(lambda n: similarity.recommend([1009 * n])),
        "similar items request, ms": milliseconds(lambda n: similarity.similar_items([307 * n])),
        "resident after the requests, MB": resident_megabytes(),
    }


def main() -> None:
    """Run the command line."""
    models = large_models()
    if "--once" in sys.argv:
        print(json.dumps(run_once(models)))
        return
    command = [sys.executable, "-m", "benchmarks.load_and_ask", "--once"]
    runs = []
    for _ in range(RUNS + 1):
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        runs.append(json.loads(done.stdout))
    for name in runs[0]:
        values = [run[name] for run in runs[1:]]  # the first run warms the disk cache
        print(
            f"{name:34} {statistics.median(values):8.3f}  ({min(values):.3f} - {max(values):.3f})"
        )


if __name__ == "__main__":
    main()
