"""The application: settings and models in, FastAPI out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from ipaddress import ip_address
from itertools import chain

from anyio import to_thread
from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app import __version__
from app.auth import Authenticator
from app.front import Front, State
from app.hotswap import HotSwap
from app.observe import AccessLog, Metrics
from app.problems import Problem, add_problem_handlers
from app.routers.admin import build_admin_router
from app.routers.docs import build_docs_router, docs_assets
from app.routers.info import build_info_router, build_metrics_router
from app.routers.json_route import DirectRoutes
from app.routers.recommend import build_recommend_router
from app.routers.score import build_score_router
from app.schemas import build_schemas
from app.service import RecommendationService, load_service
from app.settings import ConfigurationError, Settings, load_settings
from app.tracing import Tracing

TITLE = "Turi Create recommender"
_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key or a token"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}

log = logging.getLogger(__name__)


class Application(FastAPI):
    """FastAPI, behind what answers before it.

    While requests are traced it is FastAPI that comes first, with its spans, and all the rest is
    its middleware.
    """

    entrance: ASGIApp
    shared: State

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a connection (ASGI)."""
        scope["app"] = self
        await self.entrance(scope, receive, send)

    async def framework(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a connection by FastAPI's own routing."""
        await super().__call__(scope, receive, send)


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
    service = load_service(settings)
    metrics = Metrics()
    shared = State()
    swaps = HotSwap(service, settings, lambda *attempt: _report(metrics, service, *attempt))
    access_log = AccessLog(as_json=settings.logs_json) if settings.access_log else None
    tracing = Tracing(settings)
    closing = [tracing.close, service.close, *([access_log.flush] if access_log else [])]
    app = Application(
        title=TITLE,
        version=__version__,
        description="Recommendations from models that Turi Create trained.",
        docs_url=None,  # our own pages, from our own assets
        redoc_url=None,
        openapi_url=None if settings.docs == "off" else "/openapi.json",
        redirect_slashes=False,
        lifespan=_lifespan(swaps, closing),
        telemetry=tracing.config,
    )
    app.shared = shared
    app.state.max_body_bytes = settings.max_body_bytes
    add_problem_handlers(app)
    routers = _routers(service, settings, metrics, shared, swaps)
    for router in routers:
        app.include_router(router)
    if settings.docs != "off":
        app.mount("/docs/assets", docs_assets())
    front = partial(
        Front,
        settings=settings,
        authenticator=authenticator,
        metrics=metrics,
        state=shared,
        access_log=access_log,
    )
    if tracing.is_on:
        app.add_middleware(front)
        app.entrance = app.framework
    else:
        app.entrance = front(DirectRoutes(app.framework, chain(*(each.routes for each in routers))))
    _describe(app)
    _log_models(service)
    _show_models(metrics, service)
    return app


def _routers(
    service: RecommendationService,
    settings: Settings,
    metrics: Metrics,
    shared: State,
    swaps: HotSwap,
) -> list[APIRouter]:
    """Return the routers that the settings call for."""
    schemas = build_schemas(service, settings)
    routers = [
        build_recommend_router(service, schemas, metrics, settings.max_answers),
        build_score_router(service, settings, metrics),
        build_info_router(service, lambda: shared.draining),
        build_admin_router(swaps),
    ]
    if settings.metrics != "off":
        routers.append(build_metrics_router(metrics))
    if settings.docs != "off":
        routers.append(build_docs_router(TITLE))
    return routers


def _lifespan(
    swaps: HotSwap, closing: Sequence[Callable[[], None]]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return a lifespan: look for new versions, and in the end call what closes the rest."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(swaps.watch())
        yield
        watching.cancel()
        for close in closing:  # each may block
            await to_thread.run_sync(close)

    return lifespan


def _report(metrics: Metrics, service: RecommendationService, name: str, outcome: str) -> None:
    metrics.swaps.labels(name, outcome).inc()
    _show_models(metrics, service)


def _show_models(metrics: Metrics, service: RecommendationService) -> None:
    metrics.model.clear()
    for slot in service.slots.values():
        if slot.entry is not None:
            metrics.model.labels(slot.role, slot.entry.name, slot.entry.version or "").set(1)


def check_exposure(settings: Settings, authenticator: Authenticator) -> None:
    """Refuse to listen to others without keys, unless that is wanted in so many words.

    Raises
    ------
    ConfigurationError
        If the address is not loopback, nothing is configured, and `AUTH` is not ``none``.
    """
    if authenticator.is_configured:
        return
    if settings.auth == "none":
        log.warning("auth: none - whoever reaches %s may ask and administrate", settings.host)
        return
    if not _is_loopback(settings.host):
        raise ConfigurationError(
            f"to listen on {settings.host} takes keys (RECOMMENDER_API_KEYS, _API_KEY_FILES), a "
            "token issuer (RECOMMENDER_JWT_ISSUER), or RECOMMENDER_AUTH=none"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _describe(app: FastAPI) -> None:
    """Add to the OpenAPI document what routes refer to: the problem schema, and keys."""
    generate = app.openapi

    def openapi() -> dict[str, object]:
        if app.openapi_schema is None:
            document = generate()
            schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            parts = document["components"]["schemas"]
            parts.update(schema.pop("$defs", {}))
            parts["Problem"] = schema
            document["components"]["securitySchemes"] = _SECURITY
            document["security"] = [{name: []} for name in _SECURITY]
        return generate()

    app.openapi = openapi  # type: ignore[method-assign]


def _log_models(service: RecommendationService) -> None:
    for slot in service.slots.values():
        if slot.entry is None:
            log.warning("%s: none (%s)", slot.role, slot.reason)
        else:
            entry = slot.entry
            version = f" version {entry.version}" if entry.version else ""
            log.info(
                "%s: %s%s, %s, %s", slot.role, entry.name, version, entry.model.kind, entry.path
            )
