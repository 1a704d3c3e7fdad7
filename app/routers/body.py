"""Read a request's body, up to the limit."""

from __future__ import annotations

from fastapi import Request
from starlette.exceptions import HTTPException


async def read_body(request: Request) -> bytes:
    """Return the whole body.

    The framework's own limit answers some requests in plain text; this one raises, so that every
    answer has the same shape. The limit is ``app.state.max_body_bytes``.

    Raises
    ------
    HTTPException
        Status 413, before reading where the length is declared, else as soon as it is exceeded.
    """
    limit: int = request.app.state.max_body_bytes
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"The body is larger than {limit} bytes", {"connection": "close"})
