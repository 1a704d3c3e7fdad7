"""The HTTP server: uvicorn, with a drain before it stops and limits on what it buffers."""

from __future__ import annotations

import asyncio
import signal
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.front import State
from app.settings import Settings

_HEADER_SECONDS = 15.0  # to send the request line and headers
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: application/problem+json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b"
)
_TOO_LARGE_BODY = (
    b'{"type":"about:blank","title":"Request Header Fields Too Large","status":431,'
    b'"detail":"The request line and headers are too large."}'
)


def make_protocol(max_header_bytes: int) -> type[HttpToolsProtocol]:
    """Return uvicorn's protocol with limits on the size and the time of headers.

    The parser itself has none: a client that sends one header without end fills the memory, and
    one that sends a byte a minute holds its connection for ever.
    """

    class LimitedProtocol(HttpToolsProtocol):
        """HTTP/1.1 with bounded headers."""

        _header_bytes = 0
        _in_headers = True
        _refused = False
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._deadline = self.loop.call_later(_HEADER_SECONDS, self._too_slow)

        def connection_lost(self, exc: Exception | None) -> None:
            self._cancel_deadline()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self._refused:
                return
            if self._in_headers:
                if self._deadline is None:
                    self._deadline = self.loop.call_later(_HEADER_SECONDS, self._too_slow)
                self._header_bytes += len(data)
                # Checked again when the headers have ended: a body may have come with them.
                if self._header_bytes > max_header_bytes + len(data):
                    self._refuse()
                    return
            super().data_received(data)
            if self._in_headers and self._header_bytes > max_header_bytes:
                self._refuse()

        def on_headers_complete(self) -> None:
            self._in_headers = False
            self._cancel_deadline()
            size = sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size + len(self.url) > max_header_bytes:
                self._refuse()
                return
            super().on_headers_complete()

        def on_body(self, body: bytes) -> None:
            if not self._refused:
                super().on_body(body)

        def on_message_complete(self) -> None:
            self._in_headers = True
            self._header_bytes = 0
            if not self._refused:
                super().on_message_complete()

        def _refuse(self) -> None:
            self._refused = True
            if not self.transport.is_closing():
                self.transport.write(_TOO_LARGE % (len(_TOO_LARGE_BODY), _TOO_LARGE_BODY))
                self.transport.close()

        def _too_slow(self) -> None:
            if self._in_headers and not self.transport.is_closing():
                self.transport.close()

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
        "http": make_protocol(settings.max_header_bytes),
        "ws": "none",
        "timeout_keep_alive": settings.keep_alive_seconds,
        "timeout_graceful_shutdown": settings.grace_seconds,
        "server_header": False,
        "access_log": False,
        "log_config": None,
    }
