"""Everything at once for a while, and nothing grows: ``python -m reliability.soak``.

Requests of all kinds, wrong ones and unknown users among them, while versions are swapped. Memory,
file descriptors and threads are noted all the time; those of the last third are held against those
of the second. The same is done to a service that leaks 4 KiB a request and now and then a file: if
that went unnoticed, the proof would prove nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

from reliability import variants
from reliability.client import Client, get, post
from reliability.report import Report
from reliability.service import RANKING, SIMILARITY, Service, running
from turi_recommender.versions.register import register

_CONNECTIONS = 6
_SAMPLES_A_SECOND = 5
_SWAPS = 12  # in the whole time
_MOST_BYTES = 4 << 20
_MOST_SHARE = 0.05
_FILES = _THREADS = 2


def _requests() -> list[Any]:
    """Return functions from a number to a request, one for each kind."""
    side = {"period": "Night", "month": 8, "weekday": 2}

    def users(number: int, count: int, **more: Any) -> list[dict[str, Any]]:
        return [{"visitorid": (number * 31 + place) % 40_000, **more} for place in range(count)]

    return [
        lambda n: post("/recommend/users", {"users": users(n, 1)}),
        lambda n: post("/recommend/users", {"users": users(n, 1, **side)}),
        lambda n: post("/recommend/users", {"users": [{"visitorid": 10**12 + n}]}),  # unknown
        lambda n: post("/recommend/users", {"users": [{"visitorid": n, "period": f"new {n}"}]}),
        lambda n: post("/recommend/users", {"users": users(n, 50, **side), "k": 20}),
        lambda n: post("/recommend/users", {"users": users(n, 2), "exclude_items": [n, n + 1]}),
        lambda n: post("/similar/items", {"items": [{"itemid": n}, {"itemid": 152913}]}),
        lambda n: post("/score", [{"visitorid": n, "period": "Night"}, {"visitorid": n + 1}]),
        lambda n: post("/recommend/users", {"users": [{"visitorid": str(n)}]}),  # 422
        lambda n: get(f"/nope/{n}"),  # 404
        lambda n: get(f"/api/v1/service/{n}/score?visitorid={n}"),
        lambda n: get("/models" if n % 2 else "/metrics"),
    ]


class _Soak:
    """A service under everything."""

    def __init__(self, service: Service, registry: Path, seconds: float, halved: Path) -> None:
        self._service = service
        self._registry = registry
        self._seconds = seconds
        self._halved = halved
        self._end = time.monotonic() + seconds
        self._numbers = itertools.count()
        self.statuses: Counter[int] = Counter()
        self.samples: list[tuple[int, int, int]] = []
        self.wrong: list[str] = []

    async def run(self) -> None:
        """Do it all until the time is over."""
        tasks = [self._ask() for _ in range(_CONNECTIONS)]
        await asyncio.gather(self._measure(), self._swap(), *tasks)

    async def _ask(self) -> None:
        client = Client(self._service.port)
        kinds = _requests()
        while time.monotonic() < self._end:
            number = next(self._numbers)
            try:
                answer = await client.ask(kinds[number % len(kinds)](number))
            except (OSError, TimeoutError) as error:
                self.wrong.append(repr(error))
                continue
            self.statuses[answer.status] += 1
            if answer.status >= 500:
                self.wrong.append(f"{answer.status} {answer.body[:100]!r}")
        await client.close()

    async def _measure(self) -> None:
        while time.monotonic() < self._end:
            service = self._service
            self.samples.append((service.resident(), service.descriptors(), service.threads()))
            await asyncio.sleep(1 / _SAMPLES_A_SECOND)

    async def _swap(self) -> None:
        pause = self._seconds / _SWAPS
        for number in range(_SWAPS - 1):
            await asyncio.sleep(pause * 0.9)
            source = self._halved if number % 2 == 0 else SIMILARITY
            new = await asyncio.to_thread(register, source, self._registry, "similarity_model")
            old = self._registry / "similarity_model" / str(int(new.name) - 2)
            shutil.rmtree(old, ignore_errors=True)


def soak(seconds: float, module: str = "app") -> tuple[dict[str, Any], dict[str, bool]]:
    """Soak a service; return the figures, and which promises held."""
    with tempfile.TemporaryDirectory() as folder:
        registry = Path(folder) / "registry"
        halved = variants.halved(SIMILARITY, Path(folder) / SIMILARITY.name)
        shutil.copytree(SIMILARITY.parent, registry / "similarity_model" / "1")
        shutil.copytree(RANKING.parent, registry / "ranking_factorization_model" / "1")
        with running(registry, module=module, models_poll_seconds=0.1) as service:
            done = _Soak(service, registry, seconds, halved)
            asyncio.run(done.run())
            name = 'recommender_model_swaps_total{name="similarity_model",outcome="loaded"}'
            swaps = service.metric(name)
            trace = "Traceback" in service.log.read_text()
    third = len(done.samples) // 3
    middle, last = done.samples[third : 2 * third], done.samples[2 * third :]
    before, after = (
        [median(sample[place] for sample in part) for place in range(3)] for part in (middle, last)
    )
    growth = after[0] - before[0]
    figures = {
        "seconds": seconds,
        "requests": sum(done.statuses.values()),
        "statuses": {str(status): done.statuses[status] for status in sorted(done.statuses)},
        "wrong": done.wrong[:3],
        "swaps": swaps,
        "memory, second third MiB": before[0] / 2**20,
        "memory, last third MiB": after[0] / 2**20,
        "growth MiB": growth / 2**20,
        "more file descriptors": after[1] - before[1],
        "more threads": after[2] - before[2],
    }
    promises = {
        "no answer of 500 and above, no lost connection": not done.wrong and not trace,
        "versions were swapped": swaps >= _SWAPS // 2,
        "memory stays flat": growth <= max(_MOST_BYTES, _MOST_SHARE * before[0]),
        "file descriptors stay flat": after[1] - before[1] <= _FILES,
        "threads stay flat": after[2] - before[2] <= _THREADS,
    }
    return figures, promises


def run(seconds: float = 60.0, control_seconds: float = 20.0) -> Report:
    """Soak the service, then one that leaks."""
    report = Report("soak")
    report.figures, report.promises = soak(seconds)
    figures, promises = soak(control_seconds, "reliability.leaky")
    report.figures["control"] = figures
    noticed = not promises["memory stays flat"] and not promises["file descriptors stay flat"]
    report.promise("a leak is noticed (the control)", noticed)
    return report


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    run(parser.parse_args().minutes * 60).conclude()


if __name__ == "__main__":
    main()
