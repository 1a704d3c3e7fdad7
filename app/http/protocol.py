"""uvicorn's HTTP/1.1 protocol, with limits on what a client can make it hold, and for how long."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..limits import FRAMING_PER_BYTE, HEADER_SECONDS, LEAST_READ
from .upgrade import UpgradeFilter

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: application/problem+json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b"
)
_TOO_LARGE_BODY = (
    b'{"type":"about:blank","title":"Request Header Fields Too Large","status":431,'
    b'"detail":"The request line and headers are too large."}'
)


def make_protocol(max_header_bytes: int, stall_seconds: float) -> type[HttpToolsProtocol]:
    """Return the class of connections.

    The parser itself has no limits. A client that sends an endless header, before the body or as a
    trailer after it, would fill the memory. A client that sends one byte per minute, or does not
    read its answer, would hold its connection for ever.

    Parameters
    ----------
    max_header_bytes : int
        Limit on the request line and headers, and also on what frames a chunked body, including
        trailers, beside an allowance for small chunks.
    stall_seconds : float
        How long a client may take for each 64 KiB of an answer.
    """

    class LimitedProtocol(HttpToolsProtocol):
        """HTTP/1.1 with bounded headers."""

        _header_bytes = 0  # received
        _parsed_bytes = 0
        _in_headers = True
        _refused = False
        _deadline: asyncio.TimerHandle | None = None
        _is_unused = False
        _messages = 0
        _body_bytes = 0
        _framing_bytes = 0
        _unread_bytes = 0
        _stall: asyncio.TimerHandle | None = None

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self._upgrades = UpgradeFilter()

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            # A proxy may open it before it needs it: until the first byte it is an idle connection.
            idle = max(HEADER_SECONDS, self.timeout_keep_alive)
            self._deadline = self.loop.call_later(idle, self._too_slow)
            self._is_unused = True

        def connection_lost(self, exc: Exception | None) -> None:
            self._cancel_deadline()
            self._cancel_stall()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self._refused:
                return
            if not self._in_headers:
                self._more_body_received(data)
                return
            if self._is_unused:
                self._is_unused = False
                self._cancel_deadline()
            if self._deadline is None:
                self._deadline = self.loop.call_later(HEADER_SECONDS, self._too_slow)
            self._header_bytes += len(data)
            # Checked again when the headers have ended: a body may have come with them.
            if self._header_bytes > max_header_bytes + len(data):
                self._refuse()
                return
            super().data_received(self._upgrades.take(data))
            if self._header_bytes > max_header_bytes:  # it is 0 if the headers have ended
                self._refuse()

        def _more_body_received(self, data: bytes) -> None:
            message, before = self._messages, self._body_bytes
            super().data_received(data)
            if self._messages != message:
                return
            self._framing_bytes += len(data) - (self._body_bytes - before)
            if self._framing_bytes > max_header_bytes + FRAMING_PER_BYTE * self._body_bytes:
                self._refuse()

        def on_header(self, name: bytes, value: bytes) -> None:
            if not self._in_headers:
                return  # a trailer, which nobody needs
            self._parsed_bytes += len(name) + len(value) + 4
            if self._parsed_bytes <= max_header_bytes:
                super().on_header(name, value)

        def on_headers_complete(self) -> None:
            self._in_headers = False
            self._cancel_deadline()
            size, self._header_bytes, self._parsed_bytes = self._parsed_bytes, 0, 0
            if size + len(self.url) > max_header_bytes:
                self._refuse()
                return
            super().on_headers_complete()

        def on_body(self, body: bytes) -> None:
            self._body_bytes += len(body)
            if not self._refused:
                super().on_body(body)

        def on_message_complete(self) -> None:
            self._in_headers = True
            self._body_bytes = self._framing_bytes = 0
            self._messages += 1
            if not self._refused:
                super().on_message_complete()

        def _unsupported_upgrade_warning(self) -> None:
            """Answer an offer in a request that came right behind another one, and no more.

            The parser has lost that request's body, so what follows cannot be told from a request.
            """
            self._refused = True
            self.cycle.keep_alive = False

        def pause_writing(self) -> None:
            super().pause_writing()
            self._expect_reading()

        def resume_writing(self) -> None:
            self._cancel_stall()
            super().resume_writing()

        def _expect_reading(self) -> None:
            self._cancel_stall()
            self._unread_bytes = self.transport.get_write_buffer_size()
            self._stall = self.loop.call_later(stall_seconds, self._check_reading)

        def _check_reading(self) -> None:
            read = self._unread_bytes - self.transport.get_write_buffer_size()
            if read < LEAST_READ:
                self.transport.abort()
            else:
                self._expect_reading()

        def _refuse(self) -> None:
            self._refused = True
            if not self.transport.is_closing():
                self.transport.write(_TOO_LARGE % (len(_TOO_LARGE_BODY), _TOO_LARGE_BODY))
                self.transport.close()

        def _too_slow(self) -> None:
            if self._in_headers and not self.transport.is_closing():
                self.transport.close()

        def _cancel_stall(self) -> None:
            if self._stall is not None:
                self._stall.cancel()
                self._stall = None

        def _cancel_deadline(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

    return LimitedProtocol
