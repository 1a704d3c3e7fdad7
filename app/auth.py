"""Who may ask: API keys and JSON Web Tokens.

Keys are known by their SHA-256 digests. They come from settings or from mounted files, which are
read again when they change, so that keys are rotated without a restart: two are live at once, and
the old one is withdrawn when nobody uses it any more. Tokens are checked against the issuer's keys
(JWKS), which are fetched when needed and kept through an outage.

Source: RFC 6750 (bearer tokens), RFC 8725 (best practice for tokens): algorithms are fixed, and
`exp`, `aud` and `iss` are required.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import math
import re
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from app.settings import ConfigurationError, Settings

log = logging.getLogger(__name__)

RECOMMEND, ADMIN = "recommend", "admin"
KEY_PREFIX = "rk_"
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_SHORTEST_KEY = 24
_LOOK_SECONDS = 1.0  # how often a key file's time is looked at
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384"]
_JWKS_SECONDS = 3600.0
_COOL_DOWN_SECONDS = 30.0  # between fetches that an unknown key or a failure asks for
_JWKS_TIMEOUT = 5.0
_MAX_JWKS_BYTES = 1 << 20
_LEEWAY_SECONDS = 30


class NotAuthenticatedError(Exception):
    """No key or token, or none that is valid."""


class NotAllowedError(Exception):
    """A valid key or token without the scope that is called for."""


def new_key() -> tuple[str, str]:
    """Make a key; return it and its digest, as settings want it."""
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    return key, "sha256:" + hashlib.sha256(key.encode()).hexdigest()


class Authenticator:
    """Decide what a request may do.

    Parameters
    ----------
    settings : Settings
        Keys, key files and the token issuer.

    Raises
    ------
    ConfigurationError
        If a key is neither a digest nor long enough, or a file cannot be read.
    """

    def __init__(self, settings: Settings) -> None:
        self._keys = [
            _KeySource(settings.api_keys, settings.api_key_files, (RECOMMEND,)),
            _KeySource(settings.admin_keys, settings.admin_key_files, (RECOMMEND, ADMIN)),
        ]
        self._tokens = TokenChecker(settings) if settings.jwt_issuer else None

    @property
    def is_configured(self) -> bool:
        """Whether there is any key or issuer."""
        return self._tokens is not None or any(source.is_configured for source in self._keys)

    def scopes(self, credential: str) -> frozenset[str]:
        """Return what a key or token allows. May block on the issuer's keys.

        Raises
        ------
        NotAuthenticatedError
            If it is not valid.
        """
        digest = hashlib.sha256(credential.encode(errors="surrogateescape")).hexdigest().encode()
        found: frozenset[str] = frozenset()
        for source in self._keys:  # all of them, whatever was found: the time taken tells nothing
            found |= source.scopes(digest)
        if found:
            return found
        if self._tokens is not None and credential.count(".") == 2:
            return self._tokens.scopes(credential)
        raise NotAuthenticatedError("The key is not valid")

    def may_block(self, credential: str) -> bool:
        """Tell whether `scopes` may wait for the network."""
        return self._tokens is not None and credential.count(".") == 2


class _KeySource:
    """Digests from settings and from files that may change."""

    def __init__(self, given: str, files: str, scopes: Sequence[str]) -> None:
        self._given = [_digest(part, "a setting") for part in _split(given)]
        self._files = [_KeyFile(Path(name)) for name in _split(files)]
        self._scopes = frozenset(scopes)

    @property
    def is_configured(self) -> bool:
        return bool(self._given or self._files)

    def scopes(self, digest: bytes) -> frozenset[str]:
        found = False
        for known in self._given:
            found |= hmac.compare_digest(known, digest)
        for file in self._files:
            for known in file.digests():
                found |= hmac.compare_digest(known, digest)
        return self._scopes if found else frozenset()


class _KeyFile:
    """A mounted file with a key or digest a line; read again when it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._digests: list[bytes] = []
        self._looked = 0.0
        try:
            self._read()
        except OSError as error:
            raise ConfigurationError(f"key file {path}: {error.strerror}") from error

    def digests(self) -> list[bytes]:
        now = time.monotonic()
        if now - self._looked >= _LOOK_SECONDS:
            try:
                self._read()
            except (OSError, ConfigurationError) as error:
                log.error("key file %s: %s; its last keys stay valid", self._path, error)
            self._looked = now
        return self._digests

    def _read(self) -> None:
        status = self._path.stat()
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp != self._stamp:
            try:
                text = self._path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                raise ConfigurationError(f"{self._path}: not UTF-8") from None
            lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
            keys = [key for line in lines for key in _split(line)]
            self._digests = [_digest(key, str(self._path)) for key in keys]
            if self._stamp is not None:
                log.info("key file %s: read again, %d keys", self._path, len(self._digests))
            self._stamp = stamp


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _digest(text: str, where: str) -> bytes:
    """Return the digest that a text is, or that of the key that it is."""
    found = _DIGEST.fullmatch(text)
    if found:
        return found[1].encode()
    if where == "a setting":
        raise ConfigurationError("API keys are given as sha256:<64 hexadecimal digits>")
    if text.lower().startswith("sha256:"):
        raise ConfigurationError(f"{where}: not a digest: sha256:<64 hexadecimal digits>")
    if len(text) < _SHORTEST_KEY:
        raise ConfigurationError(f"{where}: a key must have {_SHORTEST_KEY} characters or more")
    return hashlib.sha256(text.encode()).hexdigest().encode()


class TokenChecker:
    """Check tokens of one issuer.

    Parameters
    ----------
    settings : Settings
        Issuer, audience and where its keys are.
    fetch : callable, optional
        Takes an address and returns the JWKS document; over HTTP by default.
    clock : callable, optional
        Seconds that never go back.
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
            If it is not valid, or the issuer's keys cannot be had.
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
        return _scopes_of(claims)

    def _key(self, name: str) -> Any:
        """Return a key of the issuer; ask for its keys if need be, at most every half minute."""
        is_stale = self._clock() - self._fetched > _JWKS_SECONDS
        # While one thread asks, only those whose key is not known wait for it.
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


def _scopes_of(claims: dict[str, Any]) -> frozenset[str]:
    """Return our scopes among the claims: `scp` or `scope` (text), `roles` (list)."""
    named: set[str] = set()
    for claim in ("scp", "scope"):
        if isinstance(claims.get(claim), str):
            named |= set(claims[claim].split())
    if isinstance(claims.get("roles"), list):
        named |= {role for role in claims["roles"] if isinstance(role, str)}
    return frozenset(named & {RECOMMEND, ADMIN})
