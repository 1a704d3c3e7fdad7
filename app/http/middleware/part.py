"""What the parts between `record` and the routes have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

from ..exchange import Exchange, exchange_of


class Part(ABC):
    """A part of the entrance that handles requests, and lets pass whatever `record` lets pass.

    Parameters
    ----------
    app : ASGI application
        What comes next.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle a connection (ASGI)."""
        exchange = exchange_of(scope)
        if exchange is None:
            return self._app(scope, receive, send)
        return self.handle(exchange, scope, receive, send)

    @abstractmethod
    async def handle(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request.

        Parameters
        ----------
        exchange : Exchange
            What is known of it.
        scope, receive, send
            As in ASGI.
        """
