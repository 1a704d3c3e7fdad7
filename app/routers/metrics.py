"""`GET /metrics`: the page that Prometheus reads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from ..http.declaration import RECOMMEND, by_switch, declare
from ..observability.metrics import Metrics

# Whoever watches the service must see it while it is overloaded.
_ALWAYS_ANSWERED = replace(RECOMMEND, takes_place=False)


def build_metrics_router(metrics: Metrics, switch: str) -> APIRouter:
    """Build the router.

    Parameters
    ----------
    metrics : Metrics
        What the page shows.
    switch : {"open", "auth"}
        Whether it needs a key.
    """
    router = APIRouter(include_in_schema=False)
    shared = Shared(metrics.page)

    @router.get("/metrics")
    @declare(by_switch(switch, _ALWAYS_ANSWERED))
    async def read_metrics() -> Response:
        return Response(shared.page(), media_type=CONTENT_TYPE_LATEST)

    return router


class Shared:
    """The page, made once for all who ask in the same turn of the event loop.

    It takes some milliseconds, and requests for it are never refused: many of them at once would
    keep others waiting.

    Parameters
    ----------
    make : callable
        Returns the page as it is at the moment.
    """

    def __init__(self, make: Callable[[], bytes]) -> None:
        self._make = make
        self._page: bytes | None = None

    def page(self) -> bytes:
        """Return the page."""
        if self._page is None:
            self._page = self._make()
            asyncio.get_running_loop().call_soon(self._forget)
        return self._page

    def _forget(self) -> None:
        self._page = None
