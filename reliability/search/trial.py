"""One trial: attack a running service in some way, and see what that does to it and to others."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reliability.search.attack import attack
from reliability.search.bodies import requests_of
from reliability.search.catalogue import Catalogue, read_catalogue
from reliability.search.prober import Prober, Probes
from reliability.search.shapes import Shape
from reliability.service import Service, running

_REST_SECONDS = 0.1
_IDLE = 0.3  # of one core
_MOST_REST_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What a shape did.

    Attributes
    ----------
    shape : Shape
        How was asked.
    probes : Probes
        What another client saw meanwhile, until the service had come to rest.
    peak : int
        Highest resident memory, in bytes.
    grown : int
        By how much that is more than before.
    statuses : Counter of str
        What was answered, and how often.
    rest : float
        Seconds after the attack until the service had come to rest.
    largest : int
        Bytes of the largest request.
    """

    shape: Shape
    probes: Probes
    peak: int
    grown: int
    statuses: Counter[str]
    rest: float
    largest: int

    def told(self) -> dict[str, Any]:
        """Return everything as JSON can express it."""
        return {
            "shape": self.shape.told(),
            "stall, ms": round(self.probes.stall * 1e3, 1),
            "slowest probe, ms": round(self.probes.slowest * 1e3, 1),
            "timer late, ms": round(self.probes.late * 1e3, 1),
            "probes": self.probes.number,
            "failed probes": self.probes.failed,
            "peak, MB": round(self.peak / 1e6, 1),
            "grown, MB": round(self.grown / 1e6, 1),
            "answers": dict(self.statuses),
            "at rest after, s": round(self.rest, 1),
            "request, bytes": self.largest,
        }


class Bench:
    """A service to try shapes out on, with another client beside it, until the block ends.

    It is started anew where the next trial would suffer from the last: after models were swapped,
    and where the service does not come to rest.

    Parameters
    ----------
    models : Path
        Directory of models.
    module : str
        What to run with ``python -m``.
    seconds : float
        How long each attack takes.

    Attributes
    ----------
    catalogue : Catalogue
        What can be asked for.
    sound : bool
        Whether no service has ended by itself or logged a trace so far.
    """

    catalogue: Catalogue

    def __init__(self, models: Path, module: str, seconds: float) -> None:
        self._models = models
        self._module = module
        self._seconds = seconds
        self._stack = ExitStack()
        self.sound = True

    def __enter__(self) -> Bench:
        self._start()
        self.catalogue = read_catalogue(
            self._models, json.loads(self._service.get("/openapi.json"))
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _start(self) -> None:
        self._service = self._stack.enter_context(running(self._models, module=self._module))
        self._prober = self._stack.enter_context(Prober(self._service.port))

    def _stop(self) -> None:
        trace = "Traceback" in self._service.log.read_text()
        self.sound = self.sound and self._service.alive and not trace
        self._stack.close()

    def try_out(self, shape: Shape) -> Trial:
        """Attack the service, and wait until it has come to rest."""
        service = self._service
        requests = requests_of(shape, self.catalogue, seed=1)
        service.reset_peak()
        before = service.resident()
        self._prober.take()
        statuses = asyncio.run(attack(service.port, shape, requests, self._seconds))
        rest = _wait_for_rest(service)
        probes = self._prober.take()
        peak = service.peak()
        largest = max(map(len, requests))
        if shape.swaps or rest >= _MOST_REST_SECONDS or not service.alive:
            self._stop()
            self._start()
        return Trial(shape, probes, peak, peak - before, statuses, rest, largest)


def _wait_for_rest(service: Service) -> float:
    """Wait until the service does next to nothing; return how long that took."""
    started = time.perf_counter()
    while (waited := time.perf_counter() - started) < _MOST_REST_SECONDS and service.alive:
        before = _processor_seconds(service.process.pid)
        time.sleep(_REST_SECONDS)
        if _processor_seconds(service.process.pid) - before < _IDLE * _REST_SECONDS:
            break
    return waited


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
