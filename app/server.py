"""The HTTP server: uvicorn, with a drain before it stops and limits on what it buffers."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.front import State
from app.settings import Settings

_HEADER_SECONDS = 15.0  # to send the request line and headers
_LISTENERS = 16  # copies of each listening socket
_FRAMING = 16  # bytes that may frame each byte of a chunked body
_LEAST_READ = 64 * 1024  # of an answer, in the time that a request may take
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: application/problem+json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b"
)
_TOO_LARGE_BODY = (
    b'{"type":"about:blank","title":"Request Header Fields Too Large","status":431,'
    b'"detail":"The request line and headers are too large."}'
)


def make_protocol(max_header_bytes: int, stall_seconds: float) -> type[HttpToolsProtocol]:
    """Return uvicorn's protocol with limits on what a client can make it hold, and for how long.

    The parser itself has none: a client that sends one header without end fills the memory, before
    the body or as a trailer behind it; one that sends a byte a minute, or does not read its answer,
    holds its connection for ever.

    Parameters
    ----------
    max_header_bytes : int
        Of the request line and headers; also of what frames a chunked body, trailers included,
        beside an allowance for small chunks.
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
        _messages = 0
        _body_bytes = 0
        _framing_bytes = 0
        _unread_bytes = 0
        _stall: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._deadline = self.loop.call_later(_HEADER_SECONDS, self._too_slow)

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
            if self._deadline is None:
                self._deadline = self.loop.call_later(_HEADER_SECONDS, self._too_slow)
            self._header_bytes += len(data)
            # Checked again when the headers have ended: a body may have come with them.
            if self._header_bytes > max_header_bytes + len(data):
                self._refuse()
                return
            super().data_received(data)
            if self._header_bytes > max_header_bytes:  # none are left where the headers have ended
                self._refuse()

        def _more_body_received(self, data: bytes) -> None:
            message, before = self._messages, self._body_bytes
            super().data_received(data)
            if self._messages != message:
                return
            self._framing_bytes += len(data) - (self._body_bytes - before)
            if self._framing_bytes > max_header_bytes + _FRAMING * self._body_bytes:
                self._refuse()

        def on_header(self, name: bytes, value: bytes) -> None:
            if not self._in_headers:
                return  # a trailer: nobody wants it
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
            if read < _LEAST_READ:
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


class Server(uvicorn.Server):
    """uvicorn's server that goes on answering for a while after SIGTERM, and then exits with 0.

    Parameters
    ----------
    config : uvicorn.Config
        As uvicorn wants it.
    state : State
        Told that the service drains.
    drain_seconds : float
        How long, so that balancers notice that `/healthz/ready` says 503.
    """

    def __init__(self, config: uvicorn.Config, state: State, drain_seconds: float) -> None:
        super().__init__(config)
        self._state = state
        self._drain_seconds = drain_seconds
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: Any = None) -> None:
        """Run until it is told to stop."""
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, several times on each socket.

        libuv takes one new connection from a listening socket each time its loop comes round, and
        under load that is some hundred times a second: new connections, a probe's among them,
        would wait for seconds while the open ones are answered. Of copies it takes one each.
        """
        await super().startup(sockets)
        if not self.started:
            return
        loop = asyncio.get_running_loop()
        for listening in [each for server in self.servers for each in server.sockets]:
            for _ in range(_LISTENERS - 1):
                copy = socket.socket(fileno=os.dup(listening.fileno()))
                self.servers.append(await loop.create_server(self._connect, sock=copy))

    def _connect(self) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = make(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain on the first SIGTERM, stop at once on another signal."""
        _ = frame
        if sig == signal.SIGTERM and not self._state.draining and self._loop is not None:
            self._state.draining = True
            self._loop.call_soon_threadsafe(self._loop.call_later, self._drain_seconds, self._stop)
        elif self.should_exit:
            self.force_exit = True
        else:
            self._state.draining = True
            self._stop()

    def _stop(self) -> None:
        self.should_exit = True


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
        "access_log": False,
        "log_config": None,
    }
