"""Read a request's body, up to the limit."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope


async def read_body(scope: Scope, receive: Receive) -> bytes:
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
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunk if len(chunks) == 1 else b"".join(chunks)


def header(scope: Scope, wanted: bytes) -> bytes:
    """Return a header's value, empty if it is not there; `wanted` in lower case."""
    for name, value in scope["headers"]:
        if name == wanted:
            found: bytes = value
            return found
    return b""


def _too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"The body is larger than {limit} bytes", {"connection": "close"})
