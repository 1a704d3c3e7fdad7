"""Read a request's body, up to the limit."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope


async def read_body(scope: Scope, receive: Receive) -> bytes | bytearray:
    """Return the whole body.

    The framework's own limit answers some requests in plain text; this one raises, so that every
    answer has the same shape. The limit is ``app.state.max_body_bytes``.

    Raises
    ------
    HTTPException
        Status 413, before reading where the length is declared, else as soon as it is exceeded.
    ClientDisconnect
        If the client goes away before it has sent everything.
    """
    limit: int = scope["app"].state.max_body_bytes
    declared = header(scope, b"content-length")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        if len(body) + len(chunk) > limit:
            raise _too_large(limit)
        more = message.get("more_body", False)
        if not body and not more:
            return chunk
        body += chunk  # not a list of them: a million small ones are worth as much memory
        if not more:
            return body


class LimitedRoute(APIRoute):
    """A route of the framework's own kind, with the same limit on its body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what handles a request."""
        handle = super().get_route_handler()

        async def handle_limited(request: Request) -> Response:
            body = bytes(await read_body(request.scope, request.receive))

            async def receive() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            return await handle(Request(request.scope, receive))

        return handle_limited


def header(scope: Scope, wanted: bytes) -> bytes:
    """Return a header's value, empty if it is not there; `wanted` in lower case."""
    for name, value in scope["headers"]:
        if name == wanted:
            found: bytes = value
            return found
    return b""


def _too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"The body is larger than {limit} bytes", {"connection": "close"})
