"""Requests over a SIGTERM, with another instance taking over: ``python -m reliability.drain``.

A small TCP balancer stands before the instances, as a Kubernetes Service would: it asks each for
``/healthz/ready`` and gives new connections to the ready ones in turn; open connections stay where
they are. Requests arrive at a fixed rate, nothing is tried twice. On the way every instance but the
last is told to stop, once its successor is ready; one request is still being sent then.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

from reliability.client import Client, at_rate, quantile
from reliability.report import Report, command_line
from reliability.service import Service, running
from tests.support.ports import HOST
from tests.support.processes import answers
from tests.support.raw_http import RawConnection, post
from tests.support.waiting import wait_until

_PROBE_SECONDS = 0.2
_DRAIN_SECONDS = 2.0
_GRACE_SECONDS = 10
_LOAD_SECONDS = 600.0


class Balancer:
    """A round-robin over the instances that say they are ready."""

    def __init__(self) -> None:
        self.instances: list[Service] = []
        self._ready: set[int] = set()
        self._turn = count()
        self._connections: set[asyncio.Task[Any]] = set()

    async def start(self) -> int:
        """Listen; return the port."""
        self._server = await asyncio.start_server(self._connect, HOST, 0)
        self._probing = asyncio.create_task(self._probe())
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Stop listening, and close what is open."""
        self._server.close()
        tasks = [self._probing, *self._connections]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def settle(self, ready: int) -> None:
        """Wait until so many instances are ready."""
        await asyncio.to_thread(wait_until, lambda: len(self._ready) == ready)

    async def _probe(self) -> None:
        while True:
            for instance in list(self.instances):
                if await asyncio.to_thread(answers, instance.url("/healthz/ready")):
                    self._ready.add(instance.port)
                else:
                    self._ready.discard(instance.port)
            await asyncio.sleep(_PROBE_SECONDS)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        writers = [writer]
        try:
            ports = sorted(self._ready)
            port = ports[next(self._turn) % len(ports)]
            to_reader, to_writer = await asyncio.open_connection(HOST, port)
            writers.append(to_writer)
            await asyncio.gather(_pipe(reader, to_writer), _pipe(to_reader, writer))
        except (OSError, asyncio.CancelledError):
            pass  # the client sees a closed connection, and counts it
        finally:
            for each in writers:
                await _close(each)
            self._connections.discard(task)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


class _Load:
    """Requests at a fixed rate, and what became of them."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.failed: list[str] = []
        self.seconds: list[float] = []

    async def has_seen(self, count: int) -> None:
        """Wait until so many requests are answered, or have failed."""
        await asyncio.to_thread(wait_until, lambda: self.seen >= count, seconds=_LOAD_SECONDS)

    @property
    def seen(self) -> int:
        """How many requests have ended."""
        return len(self.seconds) + len(self.failed)

    async def ask(self, number: int) -> None:
        user = {"visitorid": 6000 + number % 50}
        side = {"period": "Night"} if number % 2 else {}
        try:
            answer = await self._client.ask(post("/recommend/users", {"users": [user | side]}))
        except (OSError, TimeoutError) as error:
            self.failed.append(repr(error))
            return
        if answer.status != 200 or len(answer.json()["recommendations"]) != 10:
            self.failed.append(f"status {answer.status}: {answer.body[:80]!r}")
            return
        self.seconds.append(answer.seconds)


_SLOW = post("/recommend/users", {"users": [{"visitorid": 6000}], "k": 5})


def _finish(slow: RawConnection, instance: Service) -> int:
    """Send the rest of a request when the instance takes no more; return the status."""

    def is_closed() -> bool:
        try:
            RawConnection(instance.port).socket.close()
        except ConnectionError:
            return True
        return False

    with slow:
        wait_until(is_closed, "it still takes connections", interval=0.1)
        slow.send(_SLOW[-5:])
        return slow.answer().status


def run(requests: int = 10_000, rate: float = 200.0, instances: int = 3) -> Report:
    """Roll over a few instances under load.

    Parameters
    ----------
    requests : int
        How many, over all instances.
    rate : float
        Requests per second.
    instances : int
        One after the other; all but the last are told to stop.
    """
    return asyncio.run(_run(requests, rate, instances))


async def _run(requests: int, rate: float, instances: int) -> Report:
    balancer = Balancer()
    port = await balancer.start()
    client = Client(port)
    load = _Load(client)
    share = requests // instances
    exits: list[tuple[int, float]] = []
    slow: list[int] = []
    with ExitStack() as stack:

        async def start() -> Service:
            made = running(drain_seconds=_DRAIN_SECONDS, grace_seconds=_GRACE_SECONDS)
            instance = await asyncio.to_thread(stack.enter_context, made)
            balancer.instances.append(instance)
            return instance

        old = await start()
        await balancer.settle(1)
        asking = asyncio.create_task(at_rate(rate, requests / rate, load.ask))
        for _ in range(instances - 1):
            await load.has_seen(min(load.seen + share // 2, requests))
            new = await start()
            await balancer.settle(2)
            slow_request = RawConnection(old.port)
            slow_request.send(_SLOW[:-5])
            await load.has_seen(min(load.seen + share // 4, requests))
            old.process.send_signal(signal.SIGTERM)
            stopped = time.perf_counter()
            finishing = asyncio.create_task(asyncio.to_thread(_finish, slow_request, old))
            status = await asyncio.to_thread(old.process.wait, 60)
            exits.append((status, time.perf_counter() - stopped))
            slow.append(await finishing)
            old = new
        started = await asking
        logs = [instance.log for instance in balancer.instances]
        with contextlib.suppress(TimeoutError):  # lines are written some at a time
            wait_until(lambda: _logged(logs) >= started + len(slow), seconds=2.0)
        requests_seen = _logged(logs)
        await client.close()
        await balancer.stop()
    report = Report("drain")
    report.figures = {
        "requests": started,
        "requests per second": rate,
        "instances told to stop": len(exits),
        "failed": len(load.failed),
        "examples": load.failed[:3],
        "connections opened": client.opened,
        "p99 ms": quantile(load.seconds, 0.99) * 1e3,
        "slowest ms": max(load.seconds, default=0.0) * 1e3,
        "exit statuses": [status for status, _ in exits],
        "seconds from SIGTERM to exit": [round(seconds, 2) for _, seconds in exits],
        "status of the request in flight": slow,
        "requests in the logs": requests_seen,
    }
    bound = _DRAIN_SECONDS + _GRACE_SECONDS
    report.promise("no request fails", not load.failed and started == len(load.seconds))
    report.promise("every instance exits with 0", all(status == 0 for status, _ in exits))
    report.promise("and within the grace period", all(seconds < bound for _, seconds in exits))
    report.promise("a request in flight is answered", slow == [200] * len(exits))
    report.promise("each request was answered once", requests_seen == started + len(slow))
    return report


def _logged(logs: list[Path]) -> int:
    """Count the requests in logs; the last line of one may be half written."""
    return sum(log.read_text().count('"event":"request"') for log in logs)


if __name__ == "__main__":
    command_line(run, __doc__)
