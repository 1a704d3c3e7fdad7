"""Routes that carry the load: from bytes to validated values to bytes, and little else.

FastAPI parses a body with Python's json module into objects, validates these, and calls the
endpoint through its dependency machinery. Here pydantic-core reads the bytes itself: faster, and
with one place that decides what invalid JSON, an encoding, NaN, a huge number or deep nesting is.
The endpoint's signature still makes the OpenAPI document, and FastAPI's router still decides what
is not found or not allowed; it is only not asked where the answer is plain.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, cast

from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from app.problems import InvalidBodyError, problem_of
from app.routers.body import header, read_body

Endpoint = Callable[[Any], Awaitable[bytes]]

_JSON = (b"content-type", b"application/json")


class JsonRoute(APIRoute):
    """A route for endpoints that take ``body``, a pydantic model, and return JSON as bytes."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        model: type[BaseModel] = endpoint.__annotations__["body"]
        self._validate = model.__pydantic_validator__.validate_json
        self._answer = cast(Endpoint, endpoint)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that the framework's router brings (ASGI); 405 if it is no POST."""
        if scope["method"] == "POST":
            await self.serve(scope, receive, send)
        else:
            await super().handle(scope, receive, send)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request (ASGI)."""
        scope["route"] = self
        try:
            content = await self._respond(scope, receive)
        except Exception as error:
            await problem_of(error, scope["path"])(scope, receive, send)
            return
        headers = [_JSON, (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _respond(self, scope: Scope, receive: Receive) -> bytes:
        if not is_json(header(scope, b"content-type")):
            raise HTTPException(415, "The body must be JSON, with Content-Type: application/json")
        body = await read_body(scope, receive)
        try:
            value = self._validate(body)
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=False, include_input=False)
            raise InvalidBodyError(details) from None
        return await self._answer(value)


class DirectRoutes:
    """Middleware that calls a `JsonRoute` by its path, past the framework's router.

    Parameters
    ----------
    app : ASGI application
        Everything else.
    routes : iterable of routes
        Those of the application.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        self._routes = {route.path: route.serve for route in routes if isinstance(route, JsonRoute)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a connection (ASGI)."""
        if scope["type"] == "http" and scope["method"] == "POST":
            serve = self._routes.get(scope["path"])
            if serve is not None:
                await serve(scope, receive, send)
                return
        await self._app(scope, receive, send)


def is_json(content_type: bytes) -> bool:
    """Tell whether a Content-Type means JSON."""
    if content_type == b"application/json":
        return True
    media = content_type.partition(b";")[0].strip().lower()
    return media == b"application/json" or (
        media.startswith(b"application/") and media.endswith(b"+json")
    )
