"""Another client, who asks for nothing but ``/healthz/live``: a process of its own.

It asks on a connection that it keeps and on new ones, and looks how late a timer of its own comes:
what the machine takes from it, it may have taken from the service, too.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import time
from typing import Any, NamedTuple

from reliability.client import Connection
from tests.support.ports import HOST
from tests.support.raw_http import get

ADDRESS = "127.0.0.2"  # callers are told apart by their addresses
_PAUSE_SECONDS = 0.005
_TICK_SECONDS = 0.002
_REQUEST = get("/healthz/live")


class Probes(NamedTuple):
    """What became of the probes.

    Attributes
    ----------
    number : int
        How many there were.
    slowest : float
        Seconds until the slowest was answered.
    late : float
        Seconds that the timer was late, at most.
    failed : list of str
        Probes without an answer, or with another than 200.
    """

    number: int
    slowest: float
    late: float
    failed: list[str]

    @property
    def stall(self) -> float:
        """The part of the slowest that is the service's."""
        return max(self.slowest - self.late, 0.0)


class Prober:
    """The process, seen by whoever started it; it ends when the block does.

    Parameters
    ----------
    port : int
        Of the service.
    """

    def __init__(self, port: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "reliability.search.prober", str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Prober:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def take(self) -> Probes:
        """Return what happened since the last call, and begin anew."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return Probes(*json.loads(self._process.stdout.readline()))


class _Probing:
    def __init__(self, port: int) -> None:
        self._port = port
        self._kept: Connection | None = None
        self._locks = {anew: asyncio.Lock() for anew in (False, True)}
        self.clear()

    def clear(self) -> None:
        self.number, self.slowest, self.late = 0, 0.0, 0.0
        self.failed: list[str] = []

    async def watch_time(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(_TICK_SECONDS)
            self.late = max(self.late, time.perf_counter() - began - _TICK_SECONDS)

    async def keep_asking(self, *, anew: bool) -> None:
        while True:
            await self.ask(anew=anew)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def ask(self, *, anew: bool) -> None:
        async with self._locks[anew]:  # what was asked before is answered before
            await self._ask(anew=anew)

    async def _ask(self, *, anew: bool) -> None:
        began = time.perf_counter()
        try:
            connection = None if anew else self._kept
            if connection is None or not connection.is_open:
                connection = await self._connect()
            answer = await connection.ask(_REQUEST)
            if answer.status != 200:
                self.failed.append(str(answer.status))
            if anew:
                connection.close()
            else:
                self._kept = connection
        except (OSError, TimeoutError) as error:
            self.failed.append(repr(error))
        self.number += 1
        self.slowest = max(self.slowest, time.perf_counter() - began)

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(
            Connection, HOST, self._port, local_addr=(ADDRESS, 0)
        )
        return made


async def _probe(port: int) -> None:
    """Probe until standard input ends; tell what happened at each of its lines."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    probing = _Probing(port)
    tasks = [
        asyncio.create_task(probing.watch_time()),
        asyncio.create_task(probing.keep_asking(anew=True)),
        asyncio.create_task(probing.keep_asking(anew=False)),
    ]
    while await lines.readline():
        await asyncio.gather(probing.ask(anew=True), probing.ask(anew=False))
        told: tuple[Any, ...] = (probing.number, probing.slowest, probing.late, probing.failed[:3])
        probing.clear()
        print(json.dumps(told), flush=True)
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    gc.disable()  # a pause of our own is none of the service's
    asyncio.run(_probe(int(sys.argv[1])))
