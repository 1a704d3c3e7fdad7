"""Turn whatever goes wrong into an answer, in the form that the route declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ...errors import OverloadedError
from ...observability.metrics import Metrics
from ..exchange import Exchange, exchange_of
from ..problems import problem_of
from .part import Part


class Answers(Part):
    """The part that no error passes while it can still be answered.

    Parameters
    ----------
    app : ASGI application
        What comes next.
    metrics : Metrics
        Where refusals are counted.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        super().__init__(app)
        self._metrics = metrics

    async def handle(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        """See `Part.handle`."""
        try:
            await self._next(exchange, scope, receive, send)
        except Exception as error:
            if exchange.status != 0:  # the answer has begun: only the connection can end
                raise
            if isinstance(error, OverloadedError):
                self._metrics.refused.labels("overload").inc()
            await exchange.declaration.render(error, scope)(scope, receive, send)


def answer_framework_errors(app: FastAPI, routes: Iterable[BaseRoute]) -> None:
    """Give errors that the framework would answer itself the form that their route declares.

    Parameters
    ----------
    app : FastAPI
        The framework's application.
    routes : iterable of routes
        All of its routes.
    """
    allowed = _methods_by_path(routes)

    async def handle(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            # The framework names the methods of one route only, and in an order of chance.
            path = getattr(request.scope.get("route"), "path", "")
            error = HTTPException(405, error.detail, {"allow": ", ".join(sorted(allowed[path]))})
        exchange = exchange_of(request.scope)
        if exchange is None:
            return problem_of(error, request.url.path)
        return exchange.declaration.render(error, request.scope)

    for kind in (RequestValidationError, HTTPException):
        app.add_exception_handler(kind, handle)


def _methods_by_path(routes: Iterable[BaseRoute]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for route in routes:
        if isinstance(route, Route):
            found.setdefault(route.path, set()).update(route.methods or ())
    return found
