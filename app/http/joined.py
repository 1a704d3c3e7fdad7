"""The head of an answer and the beginning of its body leave in one piece.

The server writes them one after the other. Each is a call of the system that hands a packet to the
network, and wakes the client; with small answers, that is a good part of the time that a request
takes. ASGI wants it so in any case: a server does not begin to send before it has some of the body
(ASGI, HTTP & WebSocket, "Response Start").
"""

from __future__ import annotations

import asyncio

_INTERIM = b"HTTP/1.1 1"


class JoinedWrites:
    """A connection's transport, as the server sees it.

    Parameters
    ----------
    transport : asyncio.Transport
        The connection.
    """

    __slots__ = (
        "_has_head",
        "_head",
        "_write",
        "abort",
        "get_extra_info",
        "get_write_buffer_size",
        "is_closing",
        "pause_reading",
        "resume_reading",
        "transport",
    )

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.abort = transport.abort
        self.get_extra_info = transport.get_extra_info
        self.get_write_buffer_size = transport.get_write_buffer_size
        self.is_closing = transport.is_closing
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        self._write = transport.write
        self._head: bytes | None = None
        self._has_head = False  # whether that of the present answer has been given

    def write(self, data: bytes) -> None:
        """Write what comes next: an interim answer, the head of an answer, or some of its body."""
        if self._head is not None:
            data, self._head = b"".join((self._head, data)), None
        elif not self._has_head and not data.startswith(_INTERIM):
            self._head, self._has_head = data, True
            return
        self._write(data)

    def end(self) -> None:
        """Write what is held back; what comes then belongs to the next answer."""
        head, self._head, self._has_head = self._head, None, False
        if head is not None:
            self._write(head)

    def close(self) -> None:
        """Write what is held back, and close the connection."""
        self.end()
        self.transport.close()
