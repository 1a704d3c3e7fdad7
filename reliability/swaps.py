"""Hot swaps under load: ``python -m reliability.swaps``.

Versions are registered with ``python -m app register`` while connections ask without a pause. Two
models take turns whose answers differ, so an answer shows which one gave it: each must be, row by
row, what the version that it names answers. Between them stand versions that must never serve.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from reliability import variants
from reliability.client import Client, quantile
from reliability.report import ROOT, Report, command_line
from reliability.service import RANKING, SIMILARITY, Service, running
from tests.support.processes import APP
from tests.support.raw_http import post
from tests.support.waiting import wait_until
from turi_recommender import load_model

_POLL_SECONDS = 0.05
_SWAP_SECONDS = 60.0
_USERS = (6000, 567987987988)  # one that is known, one that is not
_NAMES = {"similarity": "similarity_model", "ranking": "ranking_factorization_model"}
_SOURCES = {"similarity": SIMILARITY, "ranking": RANKING}
_SIDE = {"period": "Night", "month": 8, "weekday": 2}


class _Load:
    """Connections that ask, and what they saw.

    Parameters
    ----------
    port : int
        Of the service.
    expected : dict
        Rows by role, number of the variant, and user.
    """

    def __init__(self, port: int, expected: dict[tuple[str, int, int], Any]) -> None:
        self._port = port
        self._expected = expected
        self.variant_of: dict[tuple[str, str], int] = {}
        self.done = False
        self.failed: list[str] = []
        self.seconds: list[float] = []
        self.versions: Counter[str] = Counter()

    async def run(self, number: int) -> None:
        client = Client(self._port)
        role = ("similarity", "ranking")[number % 2]
        user = _USERS[number // 2 % 2]
        side = _SIDE if role == "ranking" else {}
        request = post("/recommend/users", {"users": [{"visitorid": user, **side}], "model": role})
        while not self.done:
            try:
                answer = await client.ask(request)
            except (OSError, TimeoutError) as error:
                self.failed.append(f"{role}: {error!r}")
                continue
            self.seconds.append(answer.seconds)
            if answer.status == 200:
                self._check(role, user, answer.json())
            else:
                self.failed.append(f"{role}: status {answer.status} {answer.body!r}")
            await asyncio.sleep(0.001)
        await client.close()

    def _check(self, role: str, user: int, answer: Any) -> None:
        version = answer["model"]["version"]
        self.versions[f"{role} {version}"] += 1
        variant = self.variant_of.get((role, version))
        rows = [(row["itemid"], row["score"], row["rank"]) for row in answer["recommendations"]]
        if variant is None or rows != self._expected[role, variant, user]:
            self.failed.append(f"{role}: version {version} answered {rows[:2]}")


def run(swaps: int = 100, bad_every: int = 5, connections: int = 8) -> Report:
    """Swap under load.

    Parameters
    ----------
    swaps : int
        Good versions to register.
    bad_every : int
        How many of them between two bad ones.
    connections : int
        Clients that ask all the time.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        models = {(role, 0): _SOURCES[role] for role in _NAMES} | {
            (role, 1): variants.halved(_SOURCES[role], root / "halved" / _SOURCES[role].name)
            for role in _NAMES
        }
        registry = root / "registry"
        shutil.copytree(SIMILARITY.parent, registry / "similarity_model" / "1")
        shutil.copytree(RANKING.parent, registry / "ranking_factorization_model" / "1")
        with running(registry, models_poll_seconds=_POLL_SECONDS) as service:
            return asyncio.run(_run(service, registry, models, swaps, bad_every, connections))


async def _run(
    service: Service,
    registry: Path,
    models: dict[tuple[str, int], Path],
    swaps: int,
    bad_every: int,
    connections: int,
) -> Report:
    load = _Load(service.port, _expected(models))
    load.variant_of = {(role, "1"): 0 for role in _NAMES}
    tasks = [asyncio.create_task(load.run(number)) for number in range(connections)]
    waits: list[float] = []
    bad: dict[str, set[str]] = {role: set() for role in _NAMES}
    before = service.resident()
    current = dict.fromkeys(_NAMES, "1")
    try:
        for number in range(1, swaps + 1):
            role = ("similarity", "ranking")[number % 2]
            if number % bad_every == 0:
                kind = _BAD[number // bad_every % len(_BAD)]
                version = await asyncio.to_thread(_put_bad, registry, role, kind)
                await _until(service, role, partial(_has_refused, version))
                bad[role].add(version)
            variant = (number + 1) // 2 % 2
            version = str(_highest(registry, role) + 1)
            load.variant_of[role, version] = variant
            started = time.perf_counter()
            await _register(models[role, variant], registry, role)
            await _until(service, role, partial(_serves, version))
            waits.append(time.perf_counter() - started)
            current[role] = version
    finally:
        load.done = True
        await asyncio.gather(*tasks)
    return _report(service, load, waits, bad, current, before)


def _report(
    service: Service,
    load: _Load,
    waits: list[float],
    bad: dict[str, set[str]],
    current: dict[str, str],
    before: int,
) -> Report:
    report = Report("swaps")
    slots = service.models()
    log = service.log.read_text()
    refused = {role: set(slots[role]["refused_versions"]) for role in _NAMES}
    served_bad = [seen for seen in load.versions if seen.split()[1] in bad[seen.split()[0]]]
    counted = sum(
        service.metric(f'recommender_model_swaps_total{{name="{name}",outcome="refused"}}')
        for name in _NAMES.values()
    )
    total_bad = sum(map(len, bad.values()))
    report.figures = {
        "swaps": len(waits),
        "versions refused": total_bad,
        "refusals": counted,
        "requests": len(load.seconds),
        "failed or wrong": len(load.failed),
        "examples": load.failed[:3],
        "p50 ms": quantile(load.seconds, 0.5) * 1e3,
        "p99 ms": quantile(load.seconds, 0.99) * 1e3,
        "slowest ms": max(load.seconds, default=0.0) * 1e3,
        "register until served, median s": quantile(waits, 0.5),
        "memory before MiB": before / 2**20,
        "memory after MiB": service.resident() / 2**20,
    }
    report.promise("no request fails, and each answer is its version's", not load.failed)
    report.promise("requests were made", len(load.seconds) > 10 * len(waits))
    report.promise("a bad version never serves", not served_bad)
    report.promise(
        "the last good version serves",
        all(slots[role]["version"] == version for role, version in current.items()),
    )
    report.promise("GET /models names each bad version", refused == bad)
    report.promise(
        "the log names each bad version",
        all(
            f"model {_NAMES[role]} version {version} refused" in log
            for role, versions in bad.items()
            for version in versions
        ),
    )
    # One that is looked at while it is still being copied is refused, and again when it is there.
    report.promise("the metric counts each bad version", counted >= total_bad > 0)
    return report


def _expected(models: dict[tuple[str, int], Path]) -> dict[tuple[str, int, int], Any]:
    expected = {}
    for (role, variant), path in models.items():
        model = load_model(path)
        for user in _USERS:
            row = {"visitorid": user, **(_SIDE if role == "ranking" else {})}
            rows = [tuple(each)[1:] for each in model.recommend([row], k=10).rows()]
            expected[role, variant, user] = rows
        if variant and expected[role, 0, _USERS[0]] == expected[role, 1, _USERS[0]]:
            raise RuntimeError("the two variants answer alike: nothing would be proved")
    return expected


async def _register(source: Path, registry: Path, role: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(*APP, "register", str(source), "--name", _NAMES[role]),
        *("--models-dir", str(registry)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(output.decode())


def _put_bad(registry: Path, role: str, kind: str) -> str:
    """Put a bad version into the registry by hand: `register` would not take it."""
    version = str(_highest(registry, role) + 1)
    source = _SOURCES[role]
    target = registry / _NAMES[role] / version / source.name
    target.parent.mkdir()
    if kind == "half-copied":  # a copy that is at it, and dies
        target.mkdir()
        (target / "dir_archive.ini").write_bytes((source / "dir_archive.ini").read_bytes())
        data = (source / "objects.bin").read_bytes()
        with (target / "objects.bin").open("wb") as file:
            for low in range(0, len(data) // 2, len(data) // 8):
                file.write(data[low : low + len(data) // 8])
                file.flush()
                time.sleep(_POLL_SECONDS)
    elif kind == "columns changed":
        variants.renamed_column(source, target, "visitorid", "customer1")
    else:
        make: dict[str, Callable[[Path, Path], Path]] = {
            "truncated": variants.truncated,
            "foreign": variants.foreign,
        }
        make[kind](source, target)
    return version


_BAD = ("truncated", "foreign", "columns changed", "half-copied")


def _highest(registry: Path, role: str) -> int:
    names = [entry.name for entry in (registry / _NAMES[role]).iterdir()]
    return max(int(name) for name in names if name.isdecimal())


def _serves(version: str, slot: Any) -> bool:
    return bool(slot["version"] == version)


def _has_refused(version: str, slot: Any) -> bool:
    return version in slot["refused_versions"]


async def _until(service: Service, role: str, holds: Callable[[Any], bool]) -> None:
    await asyncio.to_thread(
        wait_until,
        lambda: holds(service.models()[role]),
        lambda: f"it did not come to that: {service.models()[role]}",
        seconds=_SWAP_SECONDS,
        interval=0.02,
    )


if __name__ == "__main__":
    command_line(run, __doc__)
