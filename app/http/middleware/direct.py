"""Hand requests to the JSON routes by their path, past the framework's router."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from ..json_route import JsonRoute


class Direct:
    """The innermost part. What it does not know goes to the framework.

    Parameters
    ----------
    app : ASGI application
        The framework.
    routes : iterable of routes
        The routes of the application; those that are not JSON routes are ignored.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        self._routes = {route.path: route.serve for route in routes if isinstance(route, JsonRoute)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a connection (ASGI)."""
        if scope["type"] == "http" and scope["method"] == "POST":
            serve = self._routes.get(scope["path"])
            if serve is not None:
                await serve(scope, receive, send)
                return
        await self._app(scope, receive, send)
