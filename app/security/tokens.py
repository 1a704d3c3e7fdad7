"""JSON Web Tokens of one issuer.

Tokens are checked against the issuer's keys (JWKS), which are fetched when needed and kept through
an outage.

Source: RFC 6750 (bearer tokens), RFC 8725 (best practice for tokens): algorithms are fixed, and
`exp`, `aud` and `iss` are required.
"""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections.abc import Callable
from typing import Any

from ..errors import NotAuthenticatedError
from ..settings import Settings
from .scopes import scopes_of

log = logging.getLogger(__name__)

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384"]
_JWKS_SECONDS = 3600.0
_COOL_DOWN_SECONDS = 30.0  # between fetches that an unknown key or a failure asks for
_JWKS_TIMEOUT = 5.0
_MAX_JWKS_BYTES = 1 << 20
_LEEWAY_SECONDS = 30


class TokenChecker:
    """Check tokens of one issuer.

    Parameters
    ----------
    settings : Settings
        Issuer, audience and where its keys are.
    fetch : callable, optional
        Takes an address and returns the JWKS document; over HTTP by default.
    clock : callable, optional
        Returns seconds that never go back.
    """

    def __init__(
        self,
        settings: Settings,
        fetch: Callable[[str], dict[str, Any]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = settings.jwt_issuer
        self._audience = settings.jwt_audience
        self._address = settings.jwt_jwks_url
        self._fetch = fetch or _fetch_jwks
        self._clock = clock
        self._keys: dict[str, Any] = {}
        self._fetched = -math.inf
        self._tried = -math.inf
        self._lock = threading.Lock()

    def scopes(self, token: str) -> frozenset[str]:
        """Return the scopes of a token.

        Raises
        ------
        NotAuthenticatedError
            If it is not valid, or the issuer's keys cannot be fetched.
        """
        import jwt  # noqa: PLC0415 - only where tokens are configured

        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in _ALGORITHMS:
                raise NotAuthenticatedError("The token's algorithm is not allowed")
            key = self._key(str(header.get("kid", "")))
            claims = jwt.decode(
                token,
                key.key,
                algorithms=[header["alg"]],
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "aud", "iss"]},
            )
        except jwt.PyJWTError as error:
            raise NotAuthenticatedError(f"The token is not valid: {error}") from None
        except (TypeError, ValueError, ArithmeticError):  # such as a key of another kind than `alg`
            raise NotAuthenticatedError("The token is not valid") from None
        return scopes_of(claims)

    def _key(self, name: str) -> Any:
        """Return a key of the issuer; fetch its keys if necessary, at most every half minute."""
        is_stale = self._clock() - self._fetched > _JWKS_SECONDS
        # While one thread fetches keys, only threads whose key is not known wait for it.
        if (is_stale or name not in self._keys) and self._lock.acquire(name not in self._keys):
            try:
                now = self._clock()
                if now - self._tried > _COOL_DOWN_SECONDS:
                    self._tried = now
                    self._refresh(now)
            finally:
                self._lock.release()
        if name in self._keys:
            return self._keys[name]
        raise NotAuthenticatedError("The token is signed with a key that its issuer does not list")

    def _refresh(self, now: float) -> None:
        import jwt  # noqa: PLC0415

        try:
            found = jwt.PyJWKSet.from_dict(self._fetch(self._address))
            keys = {key.key_id: key for key in found.keys if key.key_id}
            if not keys:
                raise ValueError("none of its keys has a name")
        except Exception as error:
            log.error("the issuer's keys cannot be had: %s; the last ones stay valid", error)
            return
        self._keys = keys
        self._fetched = now


def _fetch_jwks(address: str) -> dict[str, Any]:
    import httpx  # noqa: PLC0415

    deadline = time.monotonic() + _JWKS_TIMEOUT
    content = bytearray()
    with httpx.stream("GET", address, timeout=_JWKS_TIMEOUT) as answer:
        answer.raise_for_status()
        for chunk in answer.iter_bytes():
            content += chunk
            if len(content) > _MAX_JWKS_BYTES:
                raise ValueError(f"more than {_MAX_JWKS_BYTES} bytes")
            if time.monotonic() > deadline:
                raise TimeoutError(f"not complete after {_JWKS_TIMEOUT:g} s")
    document: dict[str, Any] = json.loads(content)
    return document
