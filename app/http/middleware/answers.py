"""Turn whatever goes wrong into an answer, in the form that the route declares."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from ..exchange import exchange_of
from ..problems import problem_of


class Answers:
    """The part that no error passes while it can still be answered.

    Parameters
    ----------
    app : ASGI application
        What comes next.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a connection (ASGI)."""
        exchange = exchange_of(scope)
        if exchange is None:
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            if exchange.status != 0:  # the answer has begun: only the connection can end
                raise
            await exchange.declaration.render(error, scope["path"])(scope, receive, send)


def answer_framework_errors(app: FastAPI) -> None:
    """Give errors that the framework would answer itself the form that their route declares."""

    async def handle(request: Request, error: Exception) -> Response:
        exchange = exchange_of(request.scope)
        render = problem_of if exchange is None else exchange.declaration.render
        return render(error, request.url.path)

    for kind in (RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, handle)
