"""The framework's application, with what the OpenAPI document needs beyond the routes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware import Middleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

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

_INT32_MAX, _INT64_MAX = 2**31 - 1, 2**63 - 1
# What is below them is no schema, or has been seen.
_NO_SCHEMAS = {"default", "enum", "example", "examples", "properties"}


class Application(FastAPI):
    """FastAPI, whose document also has the problem schema and says which routes need a key.

    Parameters
    ----------
    lifecycle : Lifecycle
        Through it, the server tells the application that the service is draining.
    declared : sequence of routes
        The routes that will be added; the document shows what they declare.
    entrance : sequence of Middleware
        The parts that a request passes before anything of the framework, outermost first.
    **options
        Arguments of `FastAPI`.
    """

    def __init__(
        self,
        *,
        lifecycle: Lifecycle,
        declared: Sequence[BaseRoute],
        entrance: Sequence[Middleware],
        **options: Any,
    ) -> None:
        super().__init__(
            title=TITLE,
            version=__version__,
            description=_DESCRIPTION,
            docs_url=None,  # pages and document have routes of their own (routers/docs.py)
            redoc_url=None,
            openapi_url=None,
            redirect_slashes=False,
            servers=[{"url": "."}],  # beside the document, so that a proxy may add a path prefix
            **options,
        )
        self.lifecycle = lifecycle
        self.entrance = entrance
        self.declared = [route for route in declared if isinstance(route, APIRoute)]

    def build_middleware_stack(self) -> ASGIApp:
        """Return the entrance, with the framework's own layers behind it.

        As middleware of the framework, it would stand behind layers that have nothing to do for it,
        but take their time for every request. The outermost of them answers what nobody else has
        caught, as the part `answers` does.
        """
        app = super().build_middleware_stack()
        if isinstance(app, ServerErrorMiddleware):
            app = app.app
        for part, args, options in reversed(self.entrance):
            app = part(app, *args, **options)
        return app

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        is_new = self.openapi_schema is None
        document = super().openapi()
        if is_new:
            parts = document.setdefault("components", {}).setdefault("schemas", {})
            schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            parts.update(schema.pop("$defs", {}))
            parts["Problem"] = schema
            _remove_framework_errors(document)
            _refine(document)
            document["components"]["securitySchemes"] = _SECURITY
            document["security"] = [{name: []} for name in _SECURITY]
            for route in self.declared:
                if declaration_of(route).scope is None:
                    for operation in document["paths"].get(route.path, {}).values():
                        operation["security"] = []
        return document


def _remove_framework_errors(document: dict[str, Any]) -> None:
    """Remove the framework's own answer to bodies that do not validate, which nobody ever gets."""
    parts = document["components"]["schemas"]
    if parts.pop("HTTPValidationError", None) is None:
        return
    parts.pop("ValidationError", None)
    for operations in document["paths"].values():
        for operation in operations.values():
            answer = operation["responses"].get("422", {})
            if "HTTPValidationError" in json.dumps(answer):
                del operation["responses"]["422"]


def _refine(part: Any) -> None:
    """Say what generators of clients need, in a part of the document and all below it.

    Integers tell how many bits they have, and their bounds are integers. A field that may be left
    out has no default: some generators would make it one that must be sent.
    """
    if isinstance(part, list):
        for each in part:
            _refine(each)
    if not isinstance(part, dict):
        return
    if part.get("type") == "integer":
        _refine_integer(part)
    fields = part.get("properties", {})
    required = part.get("required", []) if fields else []
    for name, schema in fields.items():
        if name not in required and "default" in schema:
            _describe_default(schema)
        _refine(schema)
    for name, each in part.items():
        if name not in _NO_SCHEMAS:
            _refine(each)


def _refine_integer(schema: dict[str, Any]) -> None:
    for bound in ("minimum", "maximum"):
        if bound in schema:  # the framework made a float of it, which may be one too many
            schema[bound] = min(int(schema[bound]), _INT64_MAX)
    is_small = schema.get("maximum", _INT64_MAX) <= _INT32_MAX and schema.get("minimum", -1) >= 0
    schema["format"] = "int32" if is_small else "int64"


def _describe_default(schema: dict[str, Any]) -> None:
    default = schema.pop("default")
    if default is not None:
        said = schema.get("description", "").rstrip(".")
        told = f"{json.dumps(default)} if left out"
        schema["description"] = f"{said}; {told}" if said else told
