"""The HTTP server: uvicorn, with a drain before it stops."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

import uvicorn

from ..addresses import EVERY_ADDRESS
from ..limits import CLOSED_AT_ONCE, READING_ROUNDS
from ..settings import Settings
from .acceptor import Acceptor
from .lifecycle import Lifecycle
from .protocol import make_protocol

# Seconds before the first and between further probes, and how many go without an answer.
_PROBES = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}

_START_FAILED = 3  # the status with which uvicorn ends when it cannot listen

log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """uvicorn's server that goes on answering for a while after SIGTERM, and then exits with 0.

    Parameters
    ----------
    config : uvicorn.Config
        The configuration of uvicorn.
    lifecycle : Lifecycle
        Is told that the service is draining.
    drain_seconds : float
        How long it goes on answering, so that balancers notice that `/healthz/ready` says 503.
    """

    def __init__(self, config: uvicorn.Config, lifecycle: Lifecycle, drain_seconds: float) -> None:
        super().__init__(config)
        self._lifecycle = lifecycle
        self._drain_seconds = drain_seconds
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: Any = None) -> None:
        """Run until it is told to stop."""
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen.

        Parameters
        ----------
        sockets : list of socket, optional
            Where to listen; made from the configuration if absent.
        """
        if sockets is None and self.config.host == EVERY_ADDRESS:
            sockets = [_listen_in_both_families(self.config.port)]
        await super().startup(sockets)
        if self.started:
            self._accept_from(self.servers)

    def _accept_from(self, servers: Sequence[asyncio.base_events.Server]) -> None:
        """Accept where these servers listen, and close them.

        uvicorn knows how to listen, but lets the event loop accept.
        """
        copies = [
            socket.socket(fileno=os.dup(listening.fileno()))
            for server in servers
            for listening in server.sockets
        ]
        for copy in copies:
            _notice_who_is_gone(copy)
        acceptors: list[Any] = [Acceptor(copy, self._connect, self._make_room) for copy in copies]
        self.servers = acceptors
        for server in servers:
            server.close()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what has arrived, and stop.

        uvicorn closes connections on which no request has been read yet, although it may be there.

        Parameters
        ----------
        sockets : list of socket, optional
            Sockets that are closed, too.
        """
        for server in self.servers:
            server.close()
        for server in self.servers:
            await server.wait_closed()
        for _ in range(READING_ROUNDS):
            await asyncio.sleep(0)
        await super().shutdown(sockets)

    def _make_room(self) -> None:
        """Close some idle connections of the address that has most of them.

        As long as file descriptors last, idle connections may stay; then, one client must not keep
        all others out.
        """
        idle: dict[str, list[Any]] = {}
        connections: set[Any] = set(self.server_state.connections)
        for connection in connections:
            if connection.is_idle:
                address, _ = connection.client or ("", 0)  # none if it has been reset
                idle.setdefault(address, []).append(connection)
        if len(idle) > 0:
            for connection in max(idle.values(), key=len)[:CLOSED_AT_ONCE]:
                connection.transport.close()

    def _connect(self) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = make(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain on the first SIGTERM, and stop at once on another signal.

        Parameters
        ----------
        sig : int
            The signal.
        frame : frame or None
            Where it interrupted the program; not used.
        """
        _ = frame
        if sig == signal.SIGTERM and not self._lifecycle.draining and self._loop is not None:
            self._lifecycle.draining = True
            self._loop.call_soon_threadsafe(self._loop.call_later, self._drain_seconds, self._stop)
        elif self.should_exit:
            self.force_exit = True
        else:
            self._lifecycle.draining = True
            self._stop()

    def _stop(self) -> None:
        self.should_exit = True


def _notice_who_is_gone(listening: socket.socket) -> None:
    """Let the system ask idle peers whether they are there: idle connections may stay for long."""
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # Connections that are accepted inherit these. Not every system has all of them.
    for name, value in _PROBES.items():
        if hasattr(socket, name):
            listening.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _listen_in_both_families(port: int) -> socket.socket:
    """Return a socket that takes connections of IPv6 and of IPv4; exit if there cannot be one.

    The event loop makes sockets of IPv6 that refuse those of IPv4.
    """
    address = (EVERY_ADDRESS, port)
    try:
        listening = socket.create_server(address, family=socket.AF_INET6, dualstack_ipv6=True)
    except OSError as error:
        log.error("cannot listen on port %d of both families: %s", port, error)
        sys.exit(_START_FAILED)
    log.info("listening on port %d of both families", listening.getsockname()[1])
    return listening


def server_options(settings: Settings) -> dict[str, Any]:
    """Return uvicorn's options."""
    return {
        "host": settings.host,
        "port": settings.port,
        "http": make_protocol(settings.max_header_bytes, settings.request_timeout_seconds),
        "ws": "none",
        "timeout_keep_alive": settings.keep_alive_seconds,
        "timeout_graceful_shutdown": settings.grace_seconds,
        "server_header": False,
        # Whoever may name another address as his own could be any number of callers.
        "proxy_headers": False,
        "access_log": False,
        "log_config": None,
    }
