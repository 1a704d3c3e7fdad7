"""Check a request's key or token against the scope that its route declares."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from ...errors import NotAllowedError, NotAuthenticatedError
from ...observability.metrics import Metrics
from ...security.authenticator import Authenticator
from ..body import header
from ..exchange import Exchange
from .part import Part

_BEARER = b"bearer "


class Access(Part):
    """The part that checks who asks.

    Parameters
    ----------
    app : ASGI application
        What comes next.
    authenticator : Authenticator
        Knows keys and tokens.
    metrics : Metrics
        Where refusals are counted.
    """

    def __init__(self, app: ASGIApp, authenticator: Authenticator, metrics: Metrics) -> None:
        super().__init__(app)
        self._authenticator = authenticator
        self._is_open = not authenticator.is_configured
        self._metrics = metrics

    async def handle(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        """See `Part.handle`."""
        client = scope.get("client")
        exchange.caller = client[0] if client else ""
        if exchange.declaration.scope is not None and not self._is_open:
            exchange.caller = await self._check(scope, exchange.declaration.scope)
        await self._app(scope, receive, send)

    async def _check(self, scope: Scope, needed: str) -> str:
        """Return who asks."""
        try:
            credential = _credential(scope)
            if credential is None:
                message = "A key is needed: Authorization: Bearer, or X-API-Key"
                raise NotAuthenticatedError(message)
            caller = await self._authenticator.identify_async(credential)
            if needed not in caller.scopes:
                raise NotAllowedError(f"The key does not have the scope {needed!r}")
            return caller.name
        except NotAuthenticatedError:
            self._metrics.refused.labels("unauthenticated").inc()
            raise
        except NotAllowedError:
            self._metrics.refused.labels("not allowed").inc()
            raise


def _credential(scope: Scope) -> str | None:
    """Return the key or token of a request."""
    given = header(scope, b"authorization")
    if given[: len(_BEARER)].lower() == _BEARER:
        return given[len(_BEARER) :].strip().decode("latin-1")
    return header(scope, b"x-api-key").decode("latin-1") or None
