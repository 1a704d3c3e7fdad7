"""Bodies that nobody wants: endless, in the smallest pieces, on paths that read none."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from itertools import cycle

from reliability.attacks.common import JSON_HEADER
from reliability.report import Report
from reliability.search.prober import Prober
from reliability.service import Service
from tests.support.raw_http import RawConnection, get

CONNECTIONS = 8
STALL_SECONDS = 0.25
_PATHS = ("/healthz/live", "/healthz/ready", "/", "/models", "/docs", "/nope", "/recommend/users",
          "/score", "/admin/models/x/activate")  # fmt: skip
_METHODS = ("GET", "POST", "HEAD", "OPTIONS")
_SENT_AT_ONCE = 1 << 18
# What is sent again and again behind the headers.
_BODIES = {
    "chunks of one byte": b"1\r\n \r\n",
    "chunks with extensions": b"1;a\r\n \r\n",
    "chunks of 100 bytes": b"64\r\n%b\r\n" % (b" " * 100),
    "trailers": b"0\r\n" + b"a:\r\n" * 1000,
    "requests": b"0\r\n\r\n" + get("/healthz/live") * 1000,
}


def bodies(service: Service, report: Report, seconds: float, name: str) -> None:
    """Send such bodies on several connections, while another client probes.

    Parameters
    ----------
    service : Service
        Under attack.
    report : Report
        Takes the figures and the promises.
    seconds : float
        How long each kind of body is sent.
    name : str
        How the service is configured, for the report.
    """
    waits: dict[str, float] = {}
    failed: list[str] = []
    with Prober(service.port) as prober:
        for kind, part in _BODIES.items():
            prober.take()
            _send_for(service.port, part, seconds)
            probes = prober.take()
            waits[kind] = round(probes.stall * 1e3, 1)
            failed += probes.failed
    report.figures[f"unwanted bodies, {name}: slowest probe meanwhile, ms"] = waits
    report.promise(
        f"unwanted bodies, {name}: /healthz/live answers within {STALL_SECONDS * 1e3:g} ms",
        max(waits.values()) < STALL_SECONDS * 1e3 and not failed,
    )


def _send_for(port: int, part: bytes, seconds: float) -> None:
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=_send, args=(port, part, until, number))
        for number in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _send(port: int, part: bytes, until: float, number: int) -> None:
    """Send bodies on one connection at a time; whenever it is cut off, make another."""
    many = part * (_SENT_AT_ONCE // len(part))
    paths = cycle(_PATHS[number:] + _PATHS[:number])
    for path, method in zip(paths, cycle(_METHODS), strict=False):
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n".encode() + JSON_HEADER
        with suppress(OSError), RawConnection(port, 5.0) as plain:
            plain.send(head + b"Transfer-Encoding: chunked\r\n\r\n")
            while time.monotonic() < until and plain.send(many):
                pass
        if time.monotonic() >= until:
            return
