"""One trial: attack a running service in some way, and see what that does to it and to others."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reliability.search.attack import attack
from reliability.search.bodies import requests_of
from reliability.search.catalogue import Catalogue
from reliability.search.prober import Prober, Probes
from reliability.search.shapes import Shape
from reliability.service import Service

_REST_SECONDS = 0.1
_IDLE = 0.3  # of one core
_MOST_REST_SECONDS = 30.0


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


def try_out(
    service: Service, prober: Prober, shape: Shape, catalogue: Catalogue, seconds: float
) -> Trial:
    """Attack a service.

    Parameters
    ----------
    service : Service
        At rest, and again so when this returns, unless it takes too long.
    prober : Prober
        The other client.
    shape : Shape
        How to ask.
    catalogue : Catalogue
        What to ask for.
    seconds : float
        How long.
    """
    requests = requests_of(shape, catalogue, seed=1)
    service.reset_peak()
    before = service.resident()
    prober.take()
    statuses = asyncio.run(attack(service.port, shape, requests, seconds))
    rest = _wait_for_rest(service)
    probes = prober.take()
    peak = service.peak()
    return Trial(shape, probes, peak, peak - before, statuses, rest, max(map(len, requests)))


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
