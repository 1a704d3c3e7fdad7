"""The application: settings and models in, FastAPI out."""

from __future__ import annotations

import logging

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app import __version__
from app.problems import Problem, add_problem_handlers
from app.routers.docs import build_docs_router, docs_assets
from app.routers.info import build_info_router
from app.routers.json_route import DirectRoutes
from app.routers.recommend import build_recommend_router
from app.routers.score import build_score_router
from app.schemas import build_schemas
from app.service import RecommendationService, load_service
from app.settings import Settings, load_settings

TITLE = "Turi Create recommender"

log = logging.getLogger(__name__)


class Application(FastAPI):
    """FastAPI, behind what answers before it."""

    entrance: ASGIApp

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
    service = load_service(settings)
    schemas = build_schemas(service, settings)
    app = Application(
        title=TITLE,
        version=__version__,
        description="Recommendations from models that Turi Create trained.",
        docs_url=None,  # our own pages, from our own assets
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.max_body_bytes = settings.max_body_bytes
    add_problem_handlers(app)
    recommend = build_recommend_router(service, schemas)
    app.include_router(recommend)
    app.include_router(build_score_router(service, settings))
    app.include_router(build_info_router(service))
    app.include_router(build_docs_router(TITLE))
    app.mount("/docs/assets", docs_assets())
    app.entrance = DirectRoutes(app.framework, recommend.routes)
    _describe_problems(app)
    _log_models(service)
    return app


def _describe_problems(app: FastAPI) -> None:
    """Add the problem schema to the OpenAPI document; the routes refer to it by name."""
    generate = app.openapi

    def openapi() -> dict[str, object]:
        if app.openapi_schema is None:
            document = generate()
            schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            parts = document["components"]["schemas"]
            parts.update(schema.pop("$defs", {}))
            parts["Problem"] = schema
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
