"""JSON Web Tokens of the configured issuers.

A token names its issuer, and is checked against the keys of that issuer only: no issuer can make
tokens in the name of another.

Source: RFC 6750 (bearer tokens), RFC 8725 (best practice for tokens): algorithms are fixed, and
`exp`, `aud` and `iss` are required.
"""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

from ..errors import NotAuthenticatedError
from ..settings import Settings, split_list
from .issuers import Clock, Fetch, IssuerKeys, fetch_jwks
from .scopes import Caller, scopes_of

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384"]
_LEEWAY_SECONDS = 30
_MAX_CHARACTERS = 8 * 1024  # Entra ID's tokens stay below 4 KiB, with 200 groups in them
_SUBJECTS = ("sub", "azp", "appid", "client_id")  # the first that is there tells who it is


class TokenChecker:
    """Check tokens of the issuers that the settings name.

    Parameters
    ----------
    settings : Settings
        Issuers, audiences and where the issuers' keys are.
    fetch : callable, optional
        Takes an address and returns the JWKS document; over HTTP by default.
    clock : callable, optional
        Seconds that never go back.
    """

    def __init__(
        self, settings: Settings, fetch: Fetch | None = None, clock: Clock = time.monotonic
    ) -> None:
        self._audiences = split_list(settings.jwt_audience)
        self._issuers: dict[str, IssuerKeys] = {}
        by_address: dict[str, IssuerKeys] = {}
        for issuer, address in settings.issuers.items():
            if address not in by_address:
                by_address[address] = IssuerKeys(address, fetch or fetch_jwks, clock)
            self._issuers[issuer] = by_address[address]

    def scopes(self, token: str) -> frozenset[str]:
        """Return the scopes of a token; raises as `identify`."""
        return self.identify(token).scopes

    def identify(self, token: str) -> Caller:
        """Return whose token it is, and what it allows. May block on the network.

        Raises
        ------
        NotAuthenticatedError
            If it is not valid, or the issuer does not list its key.
        NotVerifiedError
            If another thread is asking for the issuer's keys, and this one is not known.
        """
        import jwt  # noqa: PLC0415 - only where tokens are configured

        if not is_token(token):
            raise NotAuthenticatedError("The token is not valid")
        try:
            claims = self._claims(token)
        except jwt.PyJWTError as error:
            raise NotAuthenticatedError(f"The token is not valid: {error}") from None
        except (TypeError, ValueError, ArithmeticError, RecursionError):
            # Such as a key of another kind than `alg`.
            raise NotAuthenticatedError("The token is not valid") from None
        return Caller(_name(claims), scopes_of(claims))

    def _claims(self, token: str) -> dict[str, Any]:
        """Return the claims of a valid token."""
        import jwt  # noqa: PLC0415

        said = jwt.decode_complete(token, options={"verify_signature": False})
        header, issuer = said["header"], said["payload"].get("iss")
        if header.get("alg") not in _ALGORITHMS:
            raise NotAuthenticatedError("The token's algorithm is not allowed")
        if not isinstance(issuer, str) or issuer not in self._issuers:
            raise NotAuthenticatedError("The token is from another issuer")
        key = self._issuers[issuer].find(str(header.get("kid", "")))
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=[header["alg"]],
            audience=self._audiences,
            issuer=issuer,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "aud", "iss"]},
        )
        return claims


def is_token(credential: str) -> bool:
    """Tell whether a text has the outward form of a token, before anything in it is read."""
    return len(credential) <= _MAX_CHARACTERS and credential.count(".") == 2


def _name(claims: dict[str, Any]) -> str:
    """Return a short name of a token's subject, the same for all of its tokens."""
    subject = next((claims[name] for name in _SUBJECTS if isinstance(claims.get(name), str)), "")
    digest = hashlib.sha256(json.dumps([claims["iss"], subject]).encode()).hexdigest()
    return f"token:{digest[:12]}"
