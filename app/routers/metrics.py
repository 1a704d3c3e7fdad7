"""`GET /metrics`: the page that Prometheus reads."""

from __future__ import annotations

from dataclasses import replace

from anyio import to_thread
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from ..http.declaration import RECOMMEND, by_switch, declare
from ..limits import METRICS_PAUSE_SECONDS
from ..models.rounds import Rounds
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

    async def write() -> bytes:
        return await to_thread.run_sync(metrics.page)

    pages = Rounds(write, METRICS_PAUSE_SECONDS)

    @router.get("/metrics")
    @declare(by_switch(switch, _ALWAYS_ANSWERED))
    async def read_metrics() -> Response:
        return Response(await pages.ask(), media_type=CONTENT_TYPE_LATEST)

    return router
