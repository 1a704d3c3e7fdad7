"""Everything at once for a while, and nothing grows: ``python -m reliability.soak``.

Requests of all kinds, wrong ones and unknown users among them, while versions are swapped. Memory,
file descriptors and threads are noted at regular intervals; those of the last third are held
against those of the second. The same is done to a service that leaks 4 KiB per request and now and
then a file: if that went unnoticed, the proof would prove nothing. Intervals are counted in
requests, so a slow machine takes longer and finds the same.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

from reliability import variants
from reliability.client import Client
from reliability.report import Report, command_line
from reliability.service import RANKING, SIMILARITY, Service, running
from tests.support.raw_http import get, post
from tests.support.waiting import wait_until
from turi_recommender.versions.register import register

_CONNECTIONS = 6
_SAMPLES = 300
_SWAPS = 12
_SWAP_SECONDS = 60.0
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
    """A service under everything.

    Parameters
    ----------
    service : Service
        It follows the registry.
    registry : Path
        Where versions are registered.
    halved : Path
        The similarity model with other numbers, which takes turns with the sample.
    requests : int
        How many to send.
    """

    def __init__(self, service: Service, registry: Path, halved: Path, requests: int) -> None:
        self._service = service
        self._registry = registry
        self._sources = itertools.cycle((halved, SIMILARITY))
        self._numbers = iter(range(1, requests + 1))
        self._sample_every = max(1, requests // _SAMPLES)
        self._swap_every = requests // _SWAPS
        self._swapping = asyncio.Lock()
        self.statuses: Counter[int] = Counter()
        self.samples: list[tuple[int, int, int]] = []
        self.wrong: list[str] = []

    async def run(self) -> None:
        """Send all requests; measure and swap on the way."""
        await asyncio.gather(*(self._ask() for _ in range(_CONNECTIONS)))

    async def _ask(self) -> None:
        client = Client(self._service.port)
        kinds = _requests()
        for number in self._numbers:
            try:
                answer = await client.ask(kinds[number % len(kinds)](number))
            except (OSError, TimeoutError) as error:
                self.wrong.append(repr(error))
                continue
            self.statuses[answer.status] += 1
            if answer.status >= 500:
                self.wrong.append(f"{answer.status} {answer.body[:100]!r}")
            if number % self._sample_every == 0:
                service = self._service
                self.samples.append((service.resident(), service.descriptors(), service.threads()))
            if number % self._swap_every == 0:
                await self._swap()
        await client.close()

    async def _swap(self) -> None:
        """Register a version, and return when it serves; the other connections go on."""
        async with self._swapping:
            source = next(self._sources)
            new = await asyncio.to_thread(register, source, self._registry, "similarity_model")
            await asyncio.to_thread(
                wait_until,
                lambda: self._service.models()["similarity"]["version"] == new.name,
                f"version {new.name} does not serve",
                seconds=_SWAP_SECONDS,
                interval=0.05,
            )
            old = self._registry / "similarity_model" / str(int(new.name) - 2)
            shutil.rmtree(old, ignore_errors=True)


def soak(requests: int, module: str = "app") -> tuple[dict[str, Any], dict[str, bool]]:
    """Soak a service.

    Parameters
    ----------
    requests : int
        How many to send.
    module : str
        What to run with ``python -m``.

    Returns
    -------
    figures : dict
        What was measured.
    promises : dict of str to bool
        What was promised, and whether it held.
    """
    with tempfile.TemporaryDirectory() as folder:
        registry = Path(folder) / "registry"
        halved = variants.halved(SIMILARITY, Path(folder) / SIMILARITY.name)
        shutil.copytree(SIMILARITY.parent, registry / "similarity_model" / "1")
        shutil.copytree(RANKING.parent, registry / "ranking_factorization_model" / "1")
        with running(registry, module=module, models_poll_seconds=0.1) as service:
            done = _Soak(service, registry, halved, requests)
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


def run(requests: int = 60_000, control_requests: int = 20_000) -> Report:
    """Soak the service, then one that leaks.

    Parameters
    ----------
    requests : int
        How many to send to the service.
    control_requests : int
        How many to send to the one that leaks; below 6,000 it leaks too little to be told from
        noise.
    """
    report = Report("soak")
    report.figures, report.promises = soak(requests)
    figures, promises = soak(control_requests, "reliability.leaky")
    report.figures["control"] = figures
    noticed = not promises["memory stays flat"] and not promises["file descriptors stay flat"]
    report.promise("a leak is noticed (the control)", noticed)
    return report


if __name__ == "__main__":
    command_line(run, __doc__)
