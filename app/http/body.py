"""Headers and bodies of requests, as the entrance leaves them to the routes."""

from __future__ import annotations

from starlette.types import Receive, Scope

from ..errors import ClientGoneError

_HEADERS = "recommender.headers"  # the same as ASGI's list, by name


async def read_body(receive: Receive) -> bytes:
    """Return the body, which the entrance has read whole (`middleware/arrival.py`).

    Raises
    ------
    ClientGoneError
        If the client has gone.
    """
    message = await receive()
    if message["type"] != "http.request":
        raise ClientGoneError
    body: bytes = message.get("body", b"")
    return body


def header(scope: Scope, wanted: bytes) -> bytes:
    """Return a header's value, empty if it is not there.

    Parameters
    ----------
    scope : ASGI scope
    wanted : bytes
        The name of the header, in lower case.
    """
    headers: dict[bytes, bytes] | None = scope.get(_HEADERS)
    if headers is None:
        headers = scope[_HEADERS] = dict(reversed(scope["headers"]))  # of equal names, the first
    return headers.get(wanted, b"")


def is_json(content_type: bytes) -> bool:
    """Tell whether a Content-Type means JSON."""
    if content_type == b"application/json":
        return True
    media = content_type.partition(b";")[0].strip().lower()
    return media == b"application/json" or (
        media.startswith(b"application/") and media.endswith(b"+json")
    )
