"""What a page of a stranger must not make a browser do, where no key protects the service.

A page may send a form to any address, and with it ask for a change. And a page whose name suddenly
resolves to this machine may read everything (DNS rebinding): the browser takes us for its origin.
"""

from __future__ import annotations

from ipaddress import ip_address

from starlette.exceptions import HTTPException
from starlette.types import Scope

from ..security.exposure import is_loopback
from ..settings import Settings
from .body import header, is_json

# A browser asks, by a preflight request, before it sends one of these to another origin.
_UNFORGEABLE = (b"x-requested-with", b"x-api-key", b"authorization")
_FORGEABLE = (
    "Send Content-Type: application/json, the header X-Requested-With, or a key: an HTML form "
    "cannot send any of these"
)


class Hosts:
    """The names by which requests may address the service.

    Parameters
    ----------
    settings : Settings
        `ALLOWED_HOSTS`, and the address to listen on.
    is_keyed : bool
        Whether keys or an issuer are configured.
    """

    def __init__(self, settings: Settings, *, is_keyed: bool) -> None:
        named = settings.hosts
        self._names = set(named)
        self._takes_any = "*" in named
        self._takes_loopback = False
        if not named:
            self._takes_loopback = not is_keyed and is_loopback(settings.host)
            self._takes_any = not self._takes_loopback
            self._names = {settings.host.lower()}
        self._last = b""  # the last one that will do: nearly all requests have the same

    def check(self, scope: Scope) -> None:
        """Check the Host header. A request without one was not sent by a browser.

        Raises
        ------
        HTTPException
            Status 421 if it names another host.
        """
        given = header(scope, b"host")
        if self._takes_any or given in (b"", self._last):
            return
        name = _without_port(given.decode("latin-1").strip().lower())
        if name in self._names or (self._takes_loopback and _names_loopback(name)):
            self._last = given
            return
        raise HTTPException(421, "The Host is not one of RECOMMENDER_ALLOWED_HOSTS")


def check_not_forged(scope: Scope) -> None:
    """Check that a request for a change is none that any page can make a browser send.

    Raises
    ------
    HTTPException
        Status 415 if it is not JSON and has no header that needs leave.
    """
    if scope["method"] != "POST" or is_json(header(scope, b"content-type")):
        return
    if any(header(scope, name) != b"" for name in _UNFORGEABLE):
        return
    raise HTTPException(415, _FORGEABLE)


def _without_port(host: str) -> str:
    if host.startswith("["):
        address, bracket, _ = host[1:].partition("]")
        return address if bracket else host
    return host.partition(":")[0].rstrip(".")


def _names_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
