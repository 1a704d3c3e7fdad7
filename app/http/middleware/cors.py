"""Let pages of other origins read answers (the Fetch standard, "CORS protocol").

A browser asks before it sends JSON or a key to another origin, and it asks without the key. So this
is answered before keys are looked at. If the page may not call the service, the answer says that,
and not that a key or another method is needed, which would lead its developer astray. A browser
also reads no error that does not say that it may, so the headers are on refusals, too. Cookies play
no part. Routes for administrators are for no page.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...errors import OriginNotAllowedError
from ...limits import SHOWN_TEXT
from ...security.scopes import ADMIN
from ..body import header
from ..exchange import Exchange
from .part import Part

ANY = "*"
_MISLEADING = (401, 405)  # a key, or another method, would not help
_FOR_NO_PAGE = "Pages of other origins may not call /admin, whatever RECOMMENDER_CORS_ORIGINS says"
_EXPOSED = (
    b"x-request-id, retry-after, x-ms-request-id, x-ms-client-request-id, x-ms-run-fn-exec-ms, "
    b"x-ms-run-function-failed"
)
_PREFLIGHT = [
    (b"access-control-allow-methods", b"GET, HEAD, POST"),
    (
        b"access-control-allow-headers",
        b"authorization, content-type, content-encoding, x-api-key, x-request-id, "
        b"x-requested-with, x-ms-request-id, x-ms-client-request-id, traceparent, tracestate",
    ),
    (b"access-control-max-age", b"600"),
]


class Cors(Part):
    """The part that speaks to browsers.

    Parameters
    ----------
    app : ASGI application
        What comes next.
    origins : collection of str
        Whose pages may read answers: ``scheme://host[:port]``, ``*`` for all, or none.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        super().__init__(app)
        self._takes_any = ANY in origins
        self._origins = {origin.encode() for origin in origins}

    def handle(
        self, exchange: Exchange, scope: Scope, receive: Receive, send: Send
    ) -> Awaitable[None]:
        """See `Part.handle`."""
        is_for_no_page = exchange.declaration.scope == ADMIN
        if scope["method"] == "OPTIONS" and _is_preflight(scope):
            if is_for_no_page:
                return self._refuse(_FOR_NO_PAGE, exchange, scope, receive, send)
        elif is_for_no_page or len(self._origins) == 0:
            return self._next(exchange, scope, receive, send)
        return self._handle_of_page(exchange, scope, receive, send)

    async def _handle_of_page(
        self, exchange: Exchange, scope: Scope, receive: Receive, send: Send
    ) -> None:
        origin = header(scope, b"origin")
        permission = self._permission(origin)

        async def send_with_permission(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *permission]
            await send(message)

        if _is_preflight(scope) and self._allows(origin):
            start = {"type": "http.response.start", "status": 204, "headers": _PREFLIGHT}
            await send_with_permission(start)
            await send({"type": "http.response.body", "body": b""})
        elif _is_preflight(scope):
            shown = origin[:SHOWN_TEXT].decode("latin-1")
            reason = f"The origin {shown} is not in RECOMMENDER_CORS_ORIGINS"
            await self._refuse(reason, exchange, scope, receive, send_with_permission)
        else:
            await self._next(exchange, scope, receive, send_with_permission)

    async def _refuse(
        self, reason: str, exchange: Exchange, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer a preflight as the route does, but for the errors that would mislead."""
        is_misleading = False

        async def send_unless_misleading(message: Message) -> None:
            nonlocal is_misleading
            if message["type"] == "http.response.start":
                is_misleading = message["status"] in _MISLEADING
            if not is_misleading:
                await send(message)

        await self._next(exchange, scope, receive, send_unless_misleading)
        if is_misleading:
            error = OriginNotAllowedError(reason)
            await exchange.declaration.render(error, scope)(scope, receive, send)

    def _allows(self, origin: bytes) -> bool:
        return self._takes_any or origin in self._origins

    def _permission(self, origin: bytes) -> list[tuple[bytes, bytes]]:
        """Return the headers that let a page of this origin read the answer, if it may."""
        exposed = (b"access-control-expose-headers", _EXPOSED)
        if self._takes_any:
            return [(b"access-control-allow-origin", b"*"), exposed]
        if self._allows(origin):
            return [(b"access-control-allow-origin", origin), exposed, (b"vary", b"origin")]
        if len(self._origins) == 0:
            return []
        return [(b"vary", b"origin")]  # a cache must not give this answer to another page


def _is_preflight(scope: Scope) -> bool:
    asks = header(scope, b"access-control-request-method") != b""
    return scope["method"] == "OPTIONS" and asks and header(scope, b"origin") != b""
