"""Refuse requests, at once, while too many others are being answered."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from ...errors import OverloadedError
from ...observability.metrics import Metrics
from ..exchange import exchange_of
from ..lifecycle import Lifecycle


class Places:
    """The part that counts requests in and out.

    Parameters
    ----------
    app : ASGI application
        What comes next.
    limit : int
        Requests that are answered at the same time.
    lifecycle : Lifecycle
        Where they are counted.
    metrics : Metrics
        Where refusals are counted.
    """

    def __init__(self, app: ASGIApp, limit: int, lifecycle: Lifecycle, metrics: Metrics) -> None:
        self._app = app
        self._limit = limit
        self._lifecycle = lifecycle
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a connection (ASGI)."""
        exchange = exchange_of(scope)
        if exchange is None:
            await self._app(scope, receive, send)
            return
        self._lifecycle.in_flight += 1
        try:
            if exchange.declaration.takes_place and self._lifecycle.in_flight > self._limit:
                self._metrics.refused.labels("overload").inc()
                raise OverloadedError
            await self._app(scope, receive, send)
        finally:
            self._lifecycle.in_flight -= 1
