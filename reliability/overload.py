"""Twice the capacity, and large batches beside small requests: ``python -m reliability.overload``.

The capacity is what as many connections as the service takes at once get out of it. Then requests
arrive at a fixed rate above it, whether earlier ones are answered or not. Client and service share
the machine's cores, so times are upper bounds.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from reliability.client import Client, at_rate, quantile
from reliability.report import Report, command_line, large_models
from reliability.service import Service, running
from tests.support.raw_http import Answer, post

_IN_FLIGHT = 64
_PROBES_A_SECOND = 10
_SIDE = {"period": "Night", "month": 8, "weekday": 2}
_SMALL = post("/recommend/users", {"users": [{"visitorid": 6000, **_SIDE}]})


def _request(number: int) -> bytes:
    users = [{"visitorid": 6000 + 4 * number % 400 + place, **_SIDE} for place in range(4)]
    return post("/recommend/users", {"users": users, "k": 100, "model": "ranking"})


_REQUESTS = [_request(number) for number in range(100)]


class _Load:
    """What became of requests."""

    def __init__(self, port: int) -> None:
        self.client = Client(port)
        self.accepted: list[float] = []
        self.refused: list[float] = []
        self.wrong: list[str] = []

    async def ask(self, number: int) -> None:
        try:
            self._sort(await self.client.ask(_REQUESTS[number % len(_REQUESTS)]))
        except (OSError, TimeoutError) as error:
            self.wrong.append(repr(error))

    def _sort(self, answer: Answer) -> None:
        if answer.status == 200:
            self.accepted.append(answer.seconds)
        elif answer.status == 503 and answer.headers.get("retry-after"):
            self.refused.append(answer.seconds)
        else:
            self.wrong.append(f"{answer.status} {answer.body[:100]!r}")


async def _closed(port: int, connections: int, seconds: float) -> _Load:
    """Let connections ask without a pause."""
    load = _Load(port)
    end = time.perf_counter() + seconds

    async def one(first: int) -> None:
        number = first
        while time.perf_counter() < end:
            await load.ask(number)
            number += connections

    await asyncio.gather(*(one(number) for number in range(connections)))
    await load.client.close()
    return load


class _Probes:
    """Ask for /healthz/live all the time, each time on a new connection, as Kubernetes does.

    It does so in a process of its own: the one that overloads the service has no time for it.
    """

    def __init__(self, port: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROBE, str(port), str(1 / _PROBES_A_SECOND)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def stop(self) -> list[tuple[int, float]]:
        """Return the status of each, 0 for none, and how long it took."""
        output, _ = self._process.communicate()
        return [(status, seconds) for status, seconds in json.loads(output)]


_PROBE = """
import http.client, json, select, sys, time
port, pause = int(sys.argv[1]), float(sys.argv[2])
found = []
while not select.select([sys.stdin], [], [], pause)[0]:
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/healthz/live")
        status = connection.getresponse().status
    except OSError:
        status = 0
    connection.close()
    found.append((status, time.perf_counter() - began))
print(json.dumps(found))
"""


async def _overload(service: Service, seconds: float, times: float, report: Report) -> None:
    await _closed(service.port, 8, min(seconds, 1.0))  # warm
    calm = await _closed(service.port, _IN_FLIGHT, seconds / 3)
    capacity = len(calm.accepted) / (seconds / 3)
    at_capacity = quantile(calm.accepted, 0.99)
    probing = _Probes(service.port)
    load = _Load(service.port)
    started = time.perf_counter()
    offered = await at_rate(times * capacity, seconds, load.ask)
    took = time.perf_counter() - started
    probes = probing.stop()
    await load.client.close()
    over = quantile(load.accepted, 0.99)
    report.figures |= {
        "capacity, requests per second": capacity,
        "p99 at capacity, ms": at_capacity * 1e3,
        "offered, times the capacity": offered / seconds / capacity,
        "for s": took,
        "accepted": len(load.accepted),
        "accepted per second, of the capacity": len(load.accepted) / took / capacity,
        "p99 of accepted, ms": over * 1e3,
        "p99 of accepted, times that at capacity": over / at_capacity,
        "refused (503, Retry-After)": len(load.refused),
        "p99 of refused, ms": quantile(load.refused, 0.99) * 1e3,
        "p50 of refused, ms": quantile(load.refused, 0.5) * 1e3,
        "anything else": load.wrong[:3],
        "probes": len(probes),
        "p99 of probes, ms": quantile([seconds for _, seconds in probes], 0.99) * 1e3,
        "slowest probe, ms": max((seconds for _, seconds in probes), default=0.0) * 1e3,
        "slowest of all, ms": max(load.accepted + load.refused) * 1e3,
    }
    alive = bool(probes) and all(status == 200 for status, _ in probes)
    report.promise("answers are 200, or 503 with Retry-After", not load.wrong and not calm.wrong)
    report.promise("up to the limit nothing is refused", not calm.refused)
    report.promise("beyond it something is", len(load.refused) > 0)
    report.promise("/healthz/live is always 200", alive)


async def _beside_a_batch(service: Service, seconds: float, report: Report) -> None:
    """Ask small requests, first alone and then while large ones are answered all the time."""
    client = Client(service.port)

    async def small() -> list[float]:
        taken = []
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            answer = await client.ask(_SMALL)
            assert answer.status == 200, answer
            taken.append(answer.seconds)
            await asyncio.sleep(0.01)
        return taken

    users = [{"visitorid": 6000 + number, **_SIDE} for number in range(1000)]
    large = post("/recommend/users", {"users": users, "k": 100, "model": "ranking"})
    batches: list[float] = []
    stop = asyncio.Event()

    async def batch() -> None:
        other = Client(service.port)
        while not stop.is_set():
            answer = await other.ask(large)
            assert answer.status == 200, answer
            batches.append(answer.seconds)
        await other.close()

    alone = await small()
    task = asyncio.create_task(batch())
    beside = await small()
    stop.set()
    await task
    await client.close()
    report.figures |= {
        "small request alone, p50 ms": quantile(alone, 0.5) * 1e3,
        "small request alone, p99 ms": quantile(alone, 0.99) * 1e3,
        "a batch of 1000 users, k = 100, ms": median(batches) * 1e3,
        "small request beside it, p50 ms": quantile(beside, 0.5) * 1e3,
        "small request beside it, p99 ms": quantile(beside, 0.99) * 1e3,
    }
    waits = quantile(beside, 0.99) < median(batches) / 2
    report.promise("small requests do not wait for a batch to end", waits)


def run(
    seconds: float = 30.0,
    times: float = 2.0,
    flat: float = 3.0,
    patience: float = 1.0,
    models: Path | None = None,
) -> Report:
    """Overload the service.

    Parameters
    ----------
    seconds : float
        How long.
    times : float
        Of the capacity.
    flat : float
        How many times the p99 at capacity the p99 of what is accepted may be; a queue without end
        would make it hundreds of times that.
    patience : float
        Seconds that a probe may take; by default what Kubernetes waits.
    models : Path, optional
        The sample models if absent.
    """
    report = Report("overload")
    report.figures["models"] = "sample models" if models is None else "of RetailRocket scale"
    with running(models, max_in_flight=_IN_FLIGHT) as service:
        asyncio.run(_overload(service, seconds, times, report))
        asyncio.run(_beside_a_batch(service, max(seconds / 6, 1.0), report))
        report.figures["resident MiB"] = service.resident() / 2**20
        trace = "Traceback" in service.log.read_text()
    ratio = report.figures["p99 of accepted, times that at capacity"]
    report.promise(f"the p99 of what is accepted is at most {flat:g} times that", ratio <= flat)
    slowest = report.figures["slowest probe, ms"]
    report.promise(f"no probe takes {patience:g} s", slowest < patience * 1e3)
    report.promise("the log holds no trace", not trace)
    return report


if __name__ == "__main__":
    command_line(run, __doc__, models=large_models())
