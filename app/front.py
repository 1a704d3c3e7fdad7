"""What stands before every route: ids, limits, keys, time-outs, and the record of it all (ASGI)."""

from __future__ import annotations

import asyncio
import re
import time
from secrets import token_hex
from typing import Any

from anyio import to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.auth import ADMIN, RECOMMEND, Authenticator, NotAllowedError, NotAuthenticatedError
from app.observe import AccessLog, Metrics, begin_notes
from app.problems import OverloadedError, TimedOutError, problem_of
from app.routers.body import header
from app.settings import Settings
from app.tracing import trace_id

PROBES = frozenset({"/healthz/live", "/healthz/ready", "/"})
_DOCS = ("/docs", "/redoc", "/openapi.json", "/swagger.json")
_ID = re.compile(rb"[\x21-\x7e]{1,100}")
_FLUSH_SECONDS = 0.05
_BEARER = b"bearer "


class State:
    """What the whole application shares while it runs.

    Attributes
    ----------
    draining : bool
        Whether the service is about to stop.
    in_flight : int
        Requests being answered.
    """

    def __init__(self) -> None:
        self.draining = False
        self.in_flight = 0


class Front:
    """The entrance of the application.

    Parameters
    ----------
    app : ASGI application
        What answers.
    settings : Settings
        Limits and who may do what.
    authenticator : Authenticator
        Knows keys and tokens.
    metrics : Metrics
        Are counted here.
    state : State
        Shared with who stops the service.
    access_log : AccessLog or None
        Where requests are recorded.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        authenticator: Authenticator,
        metrics: Metrics,
        state: State,
        access_log: AccessLog | None,
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._needs_key = authenticator.is_configured
        self._metrics = metrics
        self._state = state
        self._access_log = access_log
        self._limit = settings.max_in_flight
        self._timeout = settings.request_timeout_seconds
        self._switches = {"docs": settings.docs, "metrics": settings.metrics}
        self._counters: dict[tuple[str, str, int], Any] = {}
        metrics.in_flight.set_function(lambda: state.in_flight)
        metrics.draining.set_function(lambda: state.draining)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a connection (ASGI)."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        await _Exchange(self, scope, receive, send).run()

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check that a request may be answered now and to this caller, and answer it."""
        path: str = scope["path"]
        needed = self._needed_scope(path)
        if path != "/metrics" and self._state.in_flight > self._limit:
            self._metrics.refused.labels("overload").inc()
            raise OverloadedError
        if needed is not None and self._needs_key:
            await self._check(scope, needed)
        await self._app(scope, receive, send)

    def _needed_scope(self, path: str) -> str | None:
        """Return the scope that a path calls for; None if it is open to everyone."""
        if path.startswith("/admin/"):
            return ADMIN
        kind = None
        if path.startswith(_DOCS):
            kind = self._switches["docs"]
        elif path == "/metrics":
            kind = self._switches["metrics"]
        return None if kind == "open" else RECOMMEND

    async def _check(self, scope: Scope, needed: str) -> None:
        credential = _credential(scope)
        try:
            if credential is None:
                raise NotAuthenticatedError("A key is needed: Authorization: Bearer, or X-API-Key")
            if self._authenticator.may_block(credential):
                scopes = await to_thread.run_sync(self._authenticator.scopes, credential)
            else:
                scopes = self._authenticator.scopes(credential)
            if needed not in scopes:
                raise NotAllowedError(f"The key does not have the scope {needed!r}")
        except NotAuthenticatedError:
            self._metrics.refused.labels("unauthenticated").inc()
            raise
        except NotAllowedError:
            self._metrics.refused.labels("not allowed").inc()
            raise

    def enter(self) -> None:
        """Count a request in."""
        self._state.in_flight += 1

    def leave(self, exchange: _Exchange) -> None:
        """Count a request out, and record it."""
        self._state.in_flight -= 1
        took = time.perf_counter() - exchange.started
        key = (exchange.route(), exchange.scope["method"], exchange.status)
        counters = self._counters.get(key)
        if counters is None:
            method = key[1] if key[1] in _METHODS else "other"
            counters = (
                self._metrics.requests.labels(key[0], method, str(key[2])),
                self._metrics.seconds.labels(key[0]),
            )
            if len(self._counters) < 1000:
                self._counters[key] = counters
        counters[0].inc()
        counters[1].observe(took)
        if self._access_log is not None:
            first = self._access_log.add(
                {
                    "request_id": exchange.request_id.decode("ascii", "replace"),
                    **exchange.trace(),
                    "method": exchange.scope["method"],
                    "route": key[0],
                    "status": exchange.status,
                    "ms": round(took * 1000, 3),
                    **exchange.notes,
                }
            )
            if first:
                asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self._access_log.flush)

    @property
    def is_draining(self) -> bool:
        """Whether clients should go elsewhere."""
        return self._state.draining

    @property
    def timeout(self) -> float:
        """Seconds that a request may take."""
        return self._timeout


_METHODS = {"GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"}


class _Exchange:
    """One request and its answer."""

    def __init__(self, front: Front, scope: Scope, receive: Receive, send: Send) -> None:
        self.started = time.perf_counter()
        self.scope = scope
        self.status = 0
        self.notes = begin_notes()
        given = header(scope, b"x-request-id")
        self.request_id = given if _ID.fullmatch(given) else token_hex(16).encode()
        self._front = front
        self._receive = receive
        self._send = send
        self._received = False

    async def run(self) -> None:
        self._front.enter()
        try:
            async with asyncio.timeout(self._front.timeout):
                await self._front.answer(self.scope, self.receive, self.send)
        except TimeoutError:
            await self._fail(TimedOutError(received=self._received))
        except (OverloadedError, NotAuthenticatedError, NotAllowedError) as error:
            await self._fail(error)
        finally:
            self._front.leave(self)

    async def _fail(self, error: Exception) -> None:
        if self.status == 0:
            await problem_of(error, self.scope["path"])(self.scope, self.receive, self.send)

    def route(self) -> str:
        """Return the template of the route that answered."""
        route = self.scope.get("route")
        path: str | None = getattr(route, "path", None)
        return "none" if path is None else path

    def trace(self) -> dict[str, str]:
        """Return the id of the trace that the request belongs to, if it says."""
        found = trace_id(header(self.scope, b"traceparent"))
        return {} if found is None else {"trace_id": found}

    async def receive(self) -> Message:
        message = await self._receive()
        if not message.get("more_body", False):
            self._received = True
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message["headers"] = list(message["headers"])
            # The drop-in answers ids itself, as the original's server did.
            if not self.scope["path"].endswith("/score"):
                headers.append((b"x-request-id", self.request_id))
            if self._front.is_draining:
                headers.append((b"connection", b"close"))
        await self._send(message)


def _credential(scope: Scope) -> str | None:
    """Return the key or token of a request."""
    given = header(scope, b"authorization")
    if given[: len(_BEARER)].lower() == _BEARER:
        return given[len(_BEARER) :].strip().decode("latin-1")
    return header(scope, b"x-api-key").decode("latin-1") or None
