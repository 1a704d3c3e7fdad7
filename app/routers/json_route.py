"""A route whose body goes from bytes to validated values in one step.

FastAPI parses a body with Python's json module into objects and validates these. Here pydantic-core
reads the bytes itself: faster, and with one place that decides what invalid JSON, an encoding, NaN,
a huge number or deep nesting is. The endpoint's signature still makes the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from app.problems import InvalidBodyError
from app.routers.body import read_body

Endpoint = Callable[[Any], Awaitable[Response]]


class JsonRoute(APIRoute):
    """A route for endpoints that take ``body``, a pydantic model, and return a Response."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler that FastAPI calls for a request."""
        endpoint = cast(Endpoint, self.endpoint)
        model: type[BaseModel] = self.endpoint.__annotations__["body"]
        validate = model.__pydantic_validator__.validate_json

        async def handle(request: Request) -> Response:
            if not is_json(request.headers.get("content-type", "")):
                raise HTTPException(
                    415, "The body must be JSON, with Content-Type: application/json"
                )
            body = await read_body(request)
            try:
                value = validate(body)
            except ValidationError as error:
                details = error.errors(
                    include_url=False, include_context=False, include_input=False
                )
                raise InvalidBodyError(details) from None
            return await endpoint(value)

        return handle


def is_json(content_type: str) -> bool:
    """Tell whether a Content-Type means JSON."""
    if content_type == "application/json":
        return True
    media = content_type.partition(";")[0].strip().lower()
    return media == "application/json" or (
        media.startswith("application/") and media.endswith("+json")
    )
