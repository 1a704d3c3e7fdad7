"""Slow senders, slow readers, and connections that say nothing."""

from __future__ import annotations

import resource
import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from reliability.attacks.common import MEBIBYTE, USER, peak_of
from reliability.client import quantile
from reliability.report import Report
from reliability.service import Service
from tests.support.raw_http import RawConnection, post
from tests.support.waiting import wait_until

_HEADER_SECONDS = 15.0  # the service's own


def slow(service: Service, report: Report, *, headers_too: bool) -> None:
    """Send headers and bodies slowly, read answers slowly; others must not notice.

    Parameters
    ----------
    service : Service
        Under attack.
    report : Report
        Takes the figures and the promises.
    headers_too : bool
        Whether to wait for the end of connections that send headers slowly.
    """
    service.ask(post("/recommend/users", USER))
    with ExitStack() as stack:
        bodies = [stack.enter_context(RawConnection(service.port, 60.0)) for _ in range(30)]
        for plain in bodies:
            plain.send(post("/recommend/users", USER)[:-10])
        silent = [stack.enter_context(RawConnection(service.port, 60.0)) for _ in range(30)]
        for plain in silent:
            plain.send(b"GET /models HTTP/1.1\r\nHos")
        latencies = []
        for _ in range(100):
            began = time.perf_counter()
            assert service.ask(post("/recommend/users", USER)).status == 200
            latencies.append(time.perf_counter() - began)
        replies = [plain.answer() for plain in bodies]
        waited = [plain.seconds_until_closed() for plain in bodies]
        if headers_too:
            began = time.monotonic()
            for plain in silent:
                plain.seconds_until_closed()
            figure = time.monotonic() - began
            report.figures["slow headers: cut off after s, at most"] = figure
            report.promise("slow headers are cut off", figure < _HEADER_SECONDS + 5)
    report.figures["30 slow bodies and 30 slow headers: p50 of others, ms"] = (
        quantile(latencies, 0.5) * 1e3
    )
    report.promise("a slow body is 408", [reply.status for reply in replies] == [408] * 30)
    report.promise("and its connection is closed", max(waited) < 5)


def slow_readers(service: Service, report: Report, count: int, seconds: float) -> None:
    """Ask for large answers and do not read them.

    Parameters
    ----------
    service : Service
        Under attack.
    report : Report
        Takes the figures and the promises.
    count : int
        How many connections.
    seconds : float
        How long to wait for the service to cut them off.
    """
    large = {"users": [{"visitorid": number} for number in range(1000)], "k": 100}
    request = post("/recommend/users", large)
    service.ask(request)
    before = service.resident()
    with ExitStack() as stack:
        readers = []
        for _ in range(count):
            plain = stack.enter_context(RawConnection(service.port, 60.0))
            plain.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            plain.send(request)
            readers.append(plain)
        held = most = 0

        def were_cut_off() -> bool:
            nonlocal held, most
            held = _unread(service)
            most = max(most, held)
            return held == 0 < most

        with suppress(TimeoutError):
            wait_until(were_cut_off, seconds=seconds, interval=0.1)
        report.figures["answers not read"] = most
        report.figures["answers not read: still held"] = held
        after = service.resident() - before
        report.figures["answers not read: MiB kept"] = round(max(after, 0) / MEBIBYTE, 1)
    report.promise("who does not read the answer is cut off", held == 0 < most)


def _unread(service: Service) -> int:
    """Count the service's connections with bytes that the other side has not taken."""
    port = f":{service.port:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    fields = [line.split() for line in lines]
    established = [each for each in fields if each[1].endswith(port) and each[3] == "01"]
    return sum(not each[4].startswith("00000000:") for each in established)


def many_connections(service: Service, report: Report, count: int) -> None:
    """Open very many connections that say nothing; others must not notice.

    Parameters
    ----------
    service : Service
        Under attack.
    report : Report
        Takes the figures and the promises.
    count : int
        How many, if the limit on open files lets them be.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        count = min(count, hard - 200)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 200), hard))
    try:
        with ExitStack() as stack, peak_of(service, report.figures, "idle connections: MiB"):
            for _ in range(count):
                stack.enter_context(RawConnection(service.port))
            statuses = {service.ask(post("/recommend/users", USER)).status for _ in range(20)}
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    report.figures["idle connections"] = count
    report.promise("idle connections leave room for others", statuses == {200})
