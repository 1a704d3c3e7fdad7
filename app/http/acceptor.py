"""New connections: taken from the system at once, and opened in turn for all addresses.

The system keeps new connections in one queue, in the order of their arrival, and drops what finds
it full: the client tries again a second later. A client that opens, uses and leaves connections as
fast as it can would make all others wait for that queue, probes included. So it is emptied in each
round of the event loop, which is cheap, and the connections of an address wait for those of the
same address alone.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import math
import select
import socket
from collections.abc import Callable

from ..limits import (
    ACCEPT_PAUSE_SECONDS,
    ACCEPTED_AT_ONCE,
    LOOKED_AT_AT_ONCE,
    OPENED_AT_ONCE,
    OPENED_OF_WAITING,
    TAKEN_AT_THE_END,
    TOLD_AGAIN_SECONDS,
    WAITING_CONNECTIONS,
)
from ..models.fair import FairQueue

# What a client can bring about by leaving at the wrong moment; the next connection may be good.
_GONE = (errno.ECONNABORTED, errno.EPROTO, errno.EPERM)
# Peers that have sent all they will, or reset the connection. Not every system has the first.
_LEFT = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR

log = logging.getLogger(__name__)


class Acceptor:
    """Take connections from a listening socket; it has what uvicorn asks of a server.

    Parameters
    ----------
    listening : socket.socket
        The socket, which is closed with the acceptor.
    make_protocol : callable
        Returns what speaks with one client.
    make_room : callable
        Closes connections that nobody uses, when the system has no more file descriptors.
    """

    def __init__(
        self,
        listening: socket.socket,
        make_protocol: Callable[[], asyncio.Protocol],
        make_room: Callable[[], None],
    ) -> None:
        listening.setblocking(False)
        self._listening = listening
        self._make_protocol = make_protocol
        self._make_room = make_room
        self._told = -math.inf
        self._loop = asyncio.get_running_loop()
        self._waiting: FairQueue[socket.socket] = FairQueue()
        self._opening: set[asyncio.Task[None]] = set()
        self._loop.add_reader(listening, self._accept)

    @property
    def sockets(self) -> list[socket.socket]:
        """The listening socket, while it is open."""
        return [] if self._listening.fileno() < 0 else [self._listening]

    def close(self) -> None:
        """Take no more connections; those that have arrived are opened."""
        if self._listening.fileno() >= 0:
            for _ in range(TAKEN_AT_THE_END // ACCEPTED_AT_ONCE):
                self._accept()
            self._loop.remove_reader(self._listening)
            self._listening.close()

    async def wait_closed(self) -> None:
        """Return when the connections that were taken have been opened."""
        while self._opening or self._waiting.peek() is not None:
            await asyncio.sleep(0)

    # -- from the system -------------------------------------------------------------------

    def _accept(self) -> None:
        """Take what has arrived."""
        was_empty = self._waiting.peek() is None
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                connection, address = self._listening.accept()
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno in _GONE:
                    continue
                self._pause(error)
                break
            if self._waiting.count(address[0]) < WAITING_CONNECTIONS:
                self._waiting.put(address[0], connection)
            else:
                connection.close()
        if was_empty and self._waiting.peek() is not None:
            self._open_some()

    def _pause(self, error: OSError) -> None:
        """Let the system be for a while: it is out of file descriptors, or of memory."""
        self._make_room()
        if self._loop.time() - self._told > TOLD_AGAIN_SECONDS:
            self._told = self._loop.time()
            log.warning("cannot accept connections: %s", error)
        self._loop.remove_reader(self._listening)
        self._loop.call_later(ACCEPT_PAUSE_SECONDS, self._go_on)

    def _go_on(self) -> None:
        if self._listening.fileno() >= 0:
            self._loop.add_reader(self._listening, self._accept)

    # -- to the protocol -------------------------------------------------------------------

    def _open_some(self) -> None:
        """Open some of the connections that wait, and the others in the next rounds."""
        opened = 0
        most = max(OPENED_AT_ONCE, len(self._waiting) // OPENED_OF_WAITING)
        for _ in range(LOOKED_AT_AT_ONCE):
            connection = self._waiting.pop()
            if connection is None:
                return
            is_crowded = len(self._waiting) > OPENED_AT_ONCE
            if is_crowded and _has_left(connection):
                connection.close()
                continue
            task = self._loop.create_task(self._open(connection))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)
            opened += 1
            if opened >= most:
                break
        if self._waiting.peek() is not None:
            self._loop.call_soon(self._open_some)

    async def _open(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._make_protocol, connection)
        except OSError:  # it was reset meanwhile
            connection.close()


def _has_left(connection: socket.socket) -> bool:
    """Tell whether the peer has closed its side before anything was read."""
    poll = select.poll()
    poll.register(connection, _LEFT)
    return len(poll.poll(0)) > 0
