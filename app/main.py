"""The application: settings and models in, FastAPI out. Composition, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import chain

from anyio import to_thread
from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware

from .examples import Examples
from .http.browsers import Hosts
from .http.declaration import Declarations
from .http.head import answer_head
from .http.lifecycle import Lifecycle
from .http.middleware.access import Access
from .http.middleware.answers import Answers, answer_framework_errors
from .http.middleware.arrival import Arrival
from .http.middleware.cors import Cors
from .http.middleware.deadline import Deadline
from .http.middleware.delivery import Delivery
from .http.middleware.direct import Direct
from .http.middleware.places import Places
from .http.middleware.record import Record
from .http.middleware.turn import Turn
from .http.openapi import Application
from .limits import TURN_SECONDS
from .models.engine import Engine
from .models.hotswap import HotSwap
from .models.loading import load_models
from .models.price import Ceilings
from .models.recheck import Rechecks
from .models.report import ModelReport
from .models.turns import Turns
from .observability.access_log import AccessLog
from .observability.metrics import Metrics
from .observability.tracing import Tracing
from .routers.admin import build_admin_router
from .routers.azure import build_azure_router
from .routers.docs import build_docs_router
from .routers.info import build_info_router
from .routers.metrics import build_metrics_router
from .routers.predict import build_predict_router
from .routers.recommend import build_recommend_router
from .routers.similar import build_similar_router
from .schemas import build_schemas
from .security.authenticator import Authenticator
from .security.exposure import check_exposure
from .settings import Settings, load_settings


def create_app(settings: Settings | None = None) -> Application:
    """Load the models and build the application around them.

    Parameters
    ----------
    settings : Settings, optional
        Read from the environment if absent.

    Raises
    ------
    ConfigurationError
        If a setting cannot be honoured.
    ModelError
        If a model cannot be read.
    """
    settings = settings or load_settings()
    authenticator = Authenticator(settings)
    check_exposure(settings, authenticator)
    metrics = Metrics()
    lifecycle = Lifecycle()
    models = load_models(settings)
    report = ModelReport(models, metrics)
    swaps = HotSwap(models, settings, report.attempt)
    rechecks = Rechecks(models, settings.models_dir)
    ceilings = Ceilings(settings.max_answers, settings.max_answer_bytes)
    turns = Turns(TURN_SECONDS)
    engine = Engine(models, metrics, ceilings, turns)
    tracing = Tracing(settings)
    access_log = AccessLog(as_json=settings.logs_json) if settings.access_log else None
    examples = Examples(models, hides_users=authenticator.is_configured)
    routers = _routers(settings, engine, metrics, lifecycle, swaps, examples)
    routes = list(chain.from_iterable(router.routes for router in routers))
    hosts = Hosts(settings, is_keyed=authenticator.is_configured)
    closing = [rechecks.close, engine.close, tracing.close, models.close]
    if access_log is not None:
        closing.append(access_log.flush)
    app = Application(
        lifecycle=lifecycle,
        declared=routes,
        lifespan=_lifespan([swaps.watch, rechecks.watch], closing),
        telemetry=tracing.config,
        entrance=[
            Middleware(Record, Declarations(routes), metrics, access_log, lifecycle),
            Middleware(Cors, settings.origins),
            Middleware(Answers, metrics),
            Middleware(Deadline, settings.request_timeout_seconds),
            Middleware(Access, authenticator, hosts, metrics),
            Middleware(Arrival, settings.max_body_bytes, turns),
            Middleware(Places, settings.max_in_flight, lifecycle),
            Middleware(Turn, turns),
            Middleware(Delivery),
            # A span learns its route from the framework's router.
            *([] if tracing.is_on else [Middleware(Direct, routes)]),
        ],
    )
    answer_framework_errors(app, routes)
    for router in routers:
        app.include_router(router)
    metrics.watch(lifecycle)
    report.start()
    return app


def _routers(
    settings: Settings,
    engine: Engine,
    metrics: Metrics,
    lifecycle: Lifecycle,
    swaps: HotSwap,
    examples: Examples,
) -> list[APIRouter]:
    """Return the routers that the settings call for."""
    schemas = build_schemas(engine.models, settings, examples)
    routers = [
        build_recommend_router(engine, schemas),
        build_similar_router(engine, schemas),
        build_predict_router(engine, schemas),
        build_azure_router(engine, settings, schemas, examples),
        build_info_router(engine.models, lifecycle, is_watching=settings.models_poll_seconds > 0),
        build_admin_router(swaps, engine.models),
    ]
    if settings.metrics != "off":
        routers.append(build_metrics_router(metrics, settings.metrics))
    if settings.docs != "off":
        routers.append(build_docs_router(settings.docs))
    for router in routers:
        answer_head(router)
    return routers


def _lifespan(
    watches: Sequence[Callable[[], Coroutine[None, None, None]]],
    closing: Sequence[Callable[[], None]],
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return a lifespan that watches the models, and closes everything else at the end."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watching = [asyncio.create_task(watch()) for watch in watches]
        yield
        for task in watching:
            task.cancel()
        for close in closing:  # each may block
            await to_thread.run_sync(close)

    return lifespan
