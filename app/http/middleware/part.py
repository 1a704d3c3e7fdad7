"""What the parts behind `record` have in common: each hands the exchange to the next."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from ..exchange import Exchange

Handler = Callable[[Exchange, Scope, Receive, Send], Awaitable[None]]


class Part(ABC):
    """A part of the entrance that handles requests, and lets pass whatever `record` lets pass.

    Parameters
    ----------
    app : ASGI application
        What comes next.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._next = handler_of(app)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Let a connection pass that is no request (ASGI)."""
        return self._app(scope, receive, send)

    @abstractmethod
    def handle(
        self, exchange: Exchange, scope: Scope, receive: Receive, send: Send
    ) -> Awaitable[None]:
        """Handle a request.

        A part that has nothing to do after the next one returns what that one returns: each
        coroutine between the server and the route costs every request half a microsecond.

        Parameters
        ----------
        exchange : Exchange
            What is known of it.
        scope, receive, send
            As in ASGI.
        """


def handler_of(app: ASGIApp) -> Handler:
    """Return how a request goes on: straight to the next part, or to the framework."""
    if isinstance(app, Part):
        return app.handle

    def leave(exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        _ = exchange  # which the framework's handlers of errors find in the scope
        return app(scope, receive, send)

    return leave
