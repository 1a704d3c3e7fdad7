"""Give each request an id, and record it: counters, time, and a line of the access log."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...errors import ClientGoneError
from ...limits import ACCESS_LOG_FLUSH_SECONDS, KEPT_COUNTERS
from ...models.current import begin
from ...observability.access_log import AccessLog
from ...observability.metrics import Metrics
from ...observability.tracing import trace_id
from ..body import header
from ..declaration import Declarations
from ..exchange import Exchange
from ..lifecycle import Lifecycle
from .part import handler_of

_NOT_LET_IN = (401, 403)
_NO_ROUTE = "none"  # strangers who try paths say nothing about how the routes do
_METHODS = {"GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"}


class Record:
    """The outermost part. Probes pass it unseen.

    Parameters
    ----------
    app : ASGI application
        What comes next.
    declarations : Declarations
        What the routes declare.
    metrics : Metrics
        Where requests are counted.
    access_log : AccessLog or None
        Where each of them gets a line.
    lifecycle : Lifecycle
        Says whether the service is draining; answers then close their connections.
    """

    def __init__(
        self,
        app: ASGIApp,
        declarations: Declarations,
        metrics: Metrics,
        access_log: AccessLog | None,
        lifecycle: Lifecycle,
    ) -> None:
        self._app = app
        self._next = handler_of(app)
        self._find = declarations.find
        self._metrics = metrics
        self._access_log = access_log
        self._lifecycle = lifecycle
        self._counters: dict[tuple[str, str, int], Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a connection (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        template, declaration = self._find(scope["path"])
        if declaration.is_probe:
            # Nobody reads the body of a probe, and the framework would take long queries apart.
            bare = {**scope, "query_string": b""}
            await self._app(bare, receive, _closing(send) if _has_body(scope) else send)
            return
        identity = declaration.identify(scope)
        exchange = Exchange(declaration, identity.request_id, time.perf_counter())
        exchange.notes.update(identity.noted)
        exchange.attach(scope)
        begin(exchange)

        async def send_and_see(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                headers = message["headers"] = [*message["headers"], *identity.headers]
                # The rest of a body that nobody has read is not wanted.
                is_cut_short = not exchange.received and _has_body(scope)
                if (self._lifecycle.draining or is_cut_short) and not _closes(headers):
                    headers.append((b"connection", b"close"))
            await send(message)

        try:
            await self._next(exchange, scope, receive, send_and_see)
            if exchange.status == 0:  # the framework stops without an answer where nobody waits
                exchange.status = ClientGoneError.status
        finally:
            self._finish(scope, exchange, template)
            exchange.end()

    def _finish(self, scope: Scope, exchange: Exchange, route: str) -> None:
        took = time.perf_counter() - exchange.started
        if exchange.status in _NOT_LET_IN:
            route = _NO_ROUTE
        self._count(route, scope["method"], exchange.status, took)
        if self._access_log is not None:
            is_first = self._access_log.add(
                {
                    "request_id": exchange.request_id.decode("ascii"),
                    **_trace(scope),
                    "method": scope["method"],
                    "route": route,
                    "status": exchange.status,
                    "ms": int(took * 1e6) / 1000,  # round() takes ten times as long
                    **exchange.notes,
                }
            )
            if is_first:
                loop = asyncio.get_running_loop()
                loop.call_later(ACCESS_LOG_FLUSH_SECONDS, self._access_log.flush)

    def _count(self, route: str, method: str, status: int, took: float) -> None:
        key = (route, method, status)
        counters = self._counters.get(key)
        if counters is None:
            known = method if method in _METHODS else "other"
            counters = (
                self._metrics.requests.labels(route, known, str(status)),
                self._metrics.seconds.labels(route),
            )
            if len(self._counters) < KEPT_COUNTERS:
                self._counters[key] = counters
        counters[0].inc()
        counters[1].observe(took)


def _closes(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(name == b"connection" for name, _ in headers)


def _closing(send: Send) -> Send:
    """Return a `send` with which an answer closes its connection."""

    async def send_and_close(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        await send(message)

    return send_and_close


def _has_body(scope: Scope) -> bool:
    length = header(scope, b"content-length")
    return length not in (b"", b"0") or header(scope, b"transfer-encoding") != b""


def _trace(scope: Scope) -> dict[str, str]:
    """Return the id of the trace to which the request says that it belongs, if it does."""
    found = trace_id(header(scope, b"traceparent"))
    return {} if found is None else {"trace_id": found}
