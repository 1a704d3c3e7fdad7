"""The framework's application, with what the OpenAPI document needs beyond the routes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from turi_recommender import __version__

from .declaration import declaration_of
from .lifecycle import Lifecycle
from .problems import Problem

TITLE = "Turi Create recommender"
_DESCRIPTION = "Recommendations from models that Turi Create trained."
_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key or a token"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


class Application(FastAPI):
    """FastAPI, whose document also has the problem schema and says which routes need a key.

    Parameters
    ----------
    lifecycle : Lifecycle
        Through it, the server tells the application that the service is draining.
    declared : sequence of routes
        The routes that will be added; the document shows what they declare.
    **options
        Arguments of `FastAPI`.
    """

    def __init__(
        self, *, lifecycle: Lifecycle, declared: Sequence[BaseRoute], **options: Any
    ) -> None:
        super().__init__(
            title=TITLE,
            version=__version__,
            description=_DESCRIPTION,
            docs_url=None,  # pages and document have routes of their own (routers/docs.py)
            redoc_url=None,
            openapi_url=None,
            redirect_slashes=False,
            **options,
        )
        self.lifecycle = lifecycle
        self.declared = [route for route in declared if isinstance(route, APIRoute)]

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        is_new = self.openapi_schema is None
        document = super().openapi()
        if is_new:
            parts = document.setdefault("components", {}).setdefault("schemas", {})
            schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            parts.update(schema.pop("$defs", {}))
            parts["Problem"] = schema
            document["components"]["securitySchemes"] = _SECURITY
            document["security"] = [{name: []} for name in _SECURITY]
            for route in self.declared:
                if declaration_of(route).scope is None:
                    for operation in document["paths"].get(route.path, {}).values():
                        operation["security"] = []
        return document
