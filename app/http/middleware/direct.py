"""Hand requests to the JSON routes by their path, past the framework's router."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable

from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from ..exchange import Exchange
from ..json_route import JsonRoute
from .part import Part


class Direct(Part):
    """The innermost part. What it does not know goes to the framework.

    Parameters
    ----------
    app : ASGI application
        The framework.
    routes : iterable of routes
        The routes of the application; those that are not JSON routes are ignored.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        super().__init__(app)
        self._routes = {route.path: route.serve for route in routes if isinstance(route, JsonRoute)}

    def handle(
        self, exchange: Exchange, scope: Scope, receive: Receive, send: Send
    ) -> Awaitable[None]:
        """See `Part.handle`."""
        serve = self._routes.get(scope["path"]) if scope["method"] == "POST" else None
        if serve is None:
            return self._next(exchange, scope, receive, send)
        return serve(scope, receive, send)
