"""Check a request's key or token against the scope that its route declares.

Without keys, whoever reaches the service may ask; a browser must still not be made to.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

from ...errors import NotAllowedError, NotAuthenticatedError, PersonNotAuthenticatedError
from ...observability.metrics import Metrics
from ...security.authenticator import Authenticator
from ...security.scopes import ADMIN
from ..body import header
from ..browsers import Hosts, check_not_forged
from ..declaration import Declaration
from ..exchange import Exchange
from .part import Part

_BEARER = b"bearer "
_BASIC = b"basic "


class Access(Part):
    """The part that checks who asks.

    Parameters
    ----------
    app : ASGI application
        What comes next.
    authenticator : Authenticator
        Knows keys and tokens.
    hosts : Hosts
        Names by which requests may address the service.
    metrics : Metrics
        Where refusals are counted.
    """

    def __init__(
        self, app: ASGIApp, authenticator: Authenticator, hosts: Hosts, metrics: Metrics
    ) -> None:
        super().__init__(app)
        self._authenticator = authenticator
        self._is_open = not authenticator.is_configured
        self._hosts = hosts
        self._metrics = metrics

    def handle(
        self, exchange: Exchange, scope: Scope, receive: Receive, send: Send
    ) -> Awaitable[None]:
        """See `Part.handle`."""
        client = scope.get("client")
        exchange.caller = client[0] if client else ""
        self._hosts.check(scope)
        needed = exchange.declaration.scope
        if needed is not None and not self._is_open:
            return self._handle_checked(needed, exchange, scope, receive, send)
        if needed == ADMIN:
            check_not_forged(scope)
        return self._next(exchange, scope, receive, send)

    async def _handle_checked(
        self, needed: str, exchange: Exchange, scope: Scope, receive: Receive, send: Send
    ) -> None:
        exchange.caller = await self._check_for(exchange.declaration, scope, needed)
        await self._next(exchange, scope, receive, send)

    async def _check_for(self, declaration: Declaration, scope: Scope, needed: str) -> str:
        """Return who asks, a program or a person."""
        if not declaration.for_people:
            return await self._check(_credential(scope), needed)
        try:
            return await self._check(_password(scope) or _credential(scope), needed)
        except NotAuthenticatedError as error:
            raise PersonNotAuthenticatedError(str(error)) from None

    async def _check(self, credential: str | None, needed: str) -> str:
        """Return who asks."""
        try:
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


def _password(scope: Scope) -> str | None:
    """Return the password that a person gave (RFC 7617); the user's name does not matter.

    A browser sends it along whatever page asks, so it must not count where something is changed.
    """
    given = header(scope, b"authorization")
    if given[: len(_BASIC)].lower() != _BASIC or scope["method"] not in {"GET", "HEAD"}:
        return None
    try:
        _, _, password = b64decode(given[len(_BASIC) :], validate=True).decode().partition(":")
    except ValueError:
        return None
    return password or None


def _credential(scope: Scope) -> str | None:
    """Return the key or token of a request."""
    given = header(scope, b"authorization")
    if given[: len(_BEARER)].lower() == _BEARER:
        return given[len(_BEARER) :].strip().decode("latin-1")
    return header(scope, b"x-api-key").strip().decode("latin-1") or None
