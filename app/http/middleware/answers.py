"""Turn whatever goes wrong into an answer, in the form that the route declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ...errors import InvalidBodyError, OverloadedError
from ...observability.metrics import Metrics
from ..exchange import Exchange, exchange_of
from ..problems import problem_of
from .part import Part

_UNREADABLE: ErrorDetails = {
    "type": "json_invalid",
    "loc": (),
    "msg": "Invalid JSON: it is not UTF-8, or arrays or objects are nested too deeply",
    "input": None,
}


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
    paths = {_bare(path): path for path in allowed if "{" not in path}

    def explained(error: HTTPException, scope: Scope) -> Exception:
        match error.status_code:
            case HTTPStatus.METHOD_NOT_ALLOWED:
                # The framework names the methods of one route only, and in an order of chance.
                methods = ", ".join(sorted(allowed[getattr(scope.get("route"), "path", "")]))
                return HTTPException(405, f"The path takes {methods} only", {"allow": methods})
            case HTTPStatus.NOT_FOUND:
                meant = paths.get(_bare(scope["path"]))
                hint = "" if meant is None else f"; did you mean {meant}?"
                return HTTPException(404, f"There is no such path{hint}")
            case HTTPStatus.BAD_REQUEST:  # it could not read the body of a request
                return InvalidBodyError([_UNREADABLE])
            case _:
                return error

    async def handle(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException):
            error = explained(error, request.scope)
        exchange = exchange_of(request.scope)
        if exchange is None:
            return problem_of(error, request.url.path)
        return exchange.declaration.render(error, request.scope)

    for kind in (RequestValidationError, HTTPException):
        app.add_exception_handler(kind, handle)


def _bare(path: str) -> str:
    """Return what a path and its misspellings have in common."""
    return path.rstrip("/").lower()


def _methods_by_path(routes: Iterable[BaseRoute]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for route in routes:
        if isinstance(route, Route):
            found.setdefault(route.path, set()).update(route.methods or ())
    return found
