"""uvicorn's HTTP/1.1 protocol, with limits on what a client can make it hold, and for how long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ..limits import (
    FRAMED_BYTES,
    FRAMING_BYTES,
    HEADER_SECONDS,
    LEAST_READ,
    MANY_LINES,
    MAX_HEADERS,
    MAX_PATH_BYTES,
    PARSED_AT_ONCE,
    PARSED_AT_ONCE_OF_LINES,
)
from .framing import LARGE_HEADERS, LARGE_TRAILERS, LONG_PATH, NOT_HTTP, SMALL_CHUNKS, Refusal, flaw
from .joined import JoinedWrites
from .upgrade import UpgradeFilter

# A chunk of one byte is framed by five and some zeros. What is framed by more has chunk extensions
# or trailers.
_SMALL_CHUNK_FRAMING = 16


def _at_once(data: bytes, *, is_body: bool) -> int:
    """Return how much of some bytes is parsed in one step.

    Parameters
    ----------
    data : bytes
        What has arrived.
    is_body : bool
        Whether it begins within the body of a request: then most of it is copied only.
    """
    if len(data) <= PARSED_AT_ONCE_OF_LINES:
        return PARSED_AT_ONCE
    if data.count(b"\n", 0, PARSED_AT_ONCE) > MANY_LINES:
        return PARSED_AT_ONCE_OF_LINES
    return len(data) if is_body and data.count(b"\n") <= MANY_LINES else PARSED_AT_ONCE


class _Reading(FlowControl):
    """Flow control that reads on only if there is nothing left to parse.

    Whoever waits for the end of a request reads on, to notice that the client has gone. What it
    sends behind that request instead would fill the memory.

    Parameters
    ----------
    transport : asyncio.Transport
        The connection.
    is_free : callable
        Tells whether everything that has arrived is parsed, and asks for an answer by now.
    """

    def __init__(self, transport: asyncio.Transport, is_free: Callable[[], bool]) -> None:
        super().__init__(transport)
        self._is_free = is_free

    def resume_reading(self) -> None:
        if self.read_paused and self._is_free():
            super().resume_reading()


def make_protocol(max_header_bytes: int, stall_seconds: float) -> type[HttpToolsProtocol]:
    """Return the class of connections.

    The parser itself has no limits. A client that sends an endless header, before the body or as a
    trailer after it, would fill the memory. A client that sends one byte per minute, or does not
    read its answer, would hold its connection for ever. And a client that goes on with a body when
    the request has been answered would keep the parser busy for nobody: an answer to a request that
    has not arrived whole is the last on its connection.

    Parameters
    ----------
    max_header_bytes : int
        Limit on the request line and headers.
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
        _later = b""  # has arrived, and is not parsed yet
        _messages = 0
        _lines = 0  # of the headers
        _is_due = False  # whether what has arrived is parsed in the next round
        _has_begun = False  # a request
        _may_stay_open = True  # this connection, once the last request has arrived
        _body_bytes = 0
        _framing_bytes = 0
        _unread_bytes = 0
        _stall: asyncio.TimerHandle | None = None

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self._upgrades = UpgradeFilter()

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._writes = JoinedWrites(transport)
            self.transport = cast("asyncio.Transport", self._writes)
            self.flow = _Reading(transport, self._is_free)
            # A proxy may open it before it needs it: until the first byte it is an idle connection.
            idle = max(HEADER_SECONDS, self.timeout_keep_alive)
            self._deadline = self.loop.call_later(idle, self._too_slow)
            self._is_unused = True

        @property
        def is_idle(self) -> bool:
            """Whether no request is on its way here, and none is being answered."""
            is_free = self._is_free() and not self._has_begun and self._header_bytes == 0
            cycle: RequestResponseCycle | None = self.cycle
            is_answered = cycle is None or cycle.response_complete
            return is_free and is_answered and not self.transport.is_closing()

        def connection_lost(self, exc: Exception | None) -> None:
            self._cancel_deadline()
            self._cancel_stall()
            self._later = b""
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            size = _at_once(data, is_body=not self._in_headers)
            if self._later == b"" and not self.pipeline and size >= len(data):
                self._parse(data)
            else:
                self._later += data
                self._parse_later()

        def _parse_later(self) -> None:
            """Parse what has arrived, up to a request that came behind another one.

            What takes long is parsed in several rounds of the event loop.
            """
            size = PARSED_AT_ONCE
            while self._later != b"" and not self.pipeline and size >= PARSED_AT_ONCE:
                if self._refused or self.transport.is_closing():
                    self._later = b""
                    return
                size = _at_once(self._later, is_body=not self._in_headers)
                data, self._later = self._later[:size], self._later[size:]
                self._parse(data)
            if self._later != b"":
                self.flow.pause_reading()
                if not self.pipeline:
                    self._go_on_later()

        def _go_on_later(self) -> None:
            if not self._is_due:
                self._is_due = True
                self.loop.call_soon(self._parse_due)

        def _parse_due(self) -> None:
            self._is_due = False
            self._parse_later()
            if self._later == b"" and not self.transport.is_closing():
                self.flow.resume_reading()

        def on_response_complete(self) -> None:
            self._writes.end()
            super().on_response_complete()
            if self._later != b"":
                self._go_on_later()
            elif not self.transport.is_closing():
                self.flow.resume_reading()  # there may have been a request behind this one

        def _is_free(self) -> bool:
            return self._later == b"" and not self.pipeline

        def _parse(self, data: bytes) -> None:
            if self._refused:
                return
            message = self._messages
            if self._in_headers:
                self._parse_headers(data)
            else:
                self._parse_body(data)
            if self._messages != message and self._has_begun:
                self._upgrades.miss(data)

        def _parse_headers(self, data: bytes) -> None:
            if self._is_unused:
                self._is_unused = False
                self._cancel_deadline()
            self._header_bytes += len(data)
            # Checked again when the headers have ended: a body may have come with them.
            if self._header_bytes > max_header_bytes + len(data):
                self._refuse(LARGE_HEADERS)
                return
            message = self._messages
            super().data_received(self._upgrades.take(data))
            if self._header_bytes > max_header_bytes:  # it is 0 if the headers have ended
                self._refuse(LARGE_HEADERS)
            is_whole = self._messages != message and not self._has_begun
            if self._in_headers and not is_whole and self._deadline is None:
                self._deadline = self.loop.call_later(HEADER_SECONDS, self._too_slow)

        def _parse_body(self, data: bytes) -> None:
            message, before = self._messages, self._body_bytes
            super().data_received(data)
            if self._messages != message:
                return
            self._framing_bytes += len(data) - (self._body_bytes - before)
            if self._framing_bytes > FRAMING_BYTES + self._body_bytes // FRAMED_BYTES:
                is_chunks = self._framing_bytes <= _SMALL_CHUNK_FRAMING * self._body_bytes
                self._refuse(SMALL_CHUNKS if is_chunks else LARGE_TRAILERS)

        def on_message_begin(self) -> None:
            self._has_begun = True
            super().on_message_begin()

        def on_header(self, name: bytes, value: bytes) -> None:
            if not self._in_headers:
                return  # a trailer, which nobody needs
            self._parsed_bytes += len(name) + len(value) + 4
            self._lines += 1
            if self._lines > MAX_HEADERS:
                self._parsed_bytes = max_header_bytes + 1  # too many are too large
            if self._parsed_bytes <= max_header_bytes and name.lower() != b"cookie":  # nobody asks
                super().on_header(name, value.rstrip(b" \t"))  # the parser leaves these blanks

        def on_headers_complete(self) -> None:
            self._in_headers = False
            self._cancel_deadline()
            size, self._header_bytes, self._parsed_bytes = self._parsed_bytes, 0, 0
            self._lines = 0
            if size + len(self.url) > max_header_bytes:
                self._refuse(LARGE_HEADERS)
                return
            if len(self.url) > MAX_PATH_BYTES and len(self.url.partition(b"?")[0]) > MAX_PATH_BYTES:
                self._refuse(LONG_PATH)
                return
            version = self.parser.get_http_version()
            found = flaw(version, self.headers)
            if found is not None:
                self._refuse(found)
                return
            if version == "1.0":  # it has no interim answers (RFC 9110, section 10.1.1)
                self.expect_100_continue = False
            super().on_headers_complete()
            # Until the request has arrived whole, its answer is the last on this connection.
            self._may_stay_open = self.cycle.keep_alive
            self.cycle.keep_alive = False

        def on_body(self, body: bytes) -> None:
            self._body_bytes += len(body)
            if not self._refused:
                super().on_body(body)

        def on_message_complete(self) -> None:
            self._in_headers = True
            self._has_begun = False
            self._body_bytes = self._framing_bytes = 0
            self._messages += 1
            if self._refused:
                return
            if not self.cycle.response_started:
                self.cycle.keep_alive = self._may_stay_open
            super().on_message_complete()

        def shutdown(self) -> None:
            self._may_stay_open = False
            super().shutdown()

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

        def send_400_response(self, msg: str) -> None:
            _ = msg
            self._refuse(NOT_HTTP)

        def _refuse(self, why: Refusal) -> None:
            """Answer what cannot be taken, as the last thing on this connection."""
            if self._refused:
                return
            self._refused = True
            cycle: RequestResponseCycle | None = self.cycle
            if cycle is not None and not cycle.response_complete:
                if cycle.response_started or self.pipeline or not cycle.more_body:
                    cycle.keep_alive = False  # earlier requests are answered, and nothing else
                    return
                cycle.disconnected = True  # nobody answers it a second time
                cycle.message_event.set()
            if not self.transport.is_closing():
                self.transport.write(why.answer())
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
