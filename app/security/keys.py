"""API keys, known by their SHA-256 digests.

Keys come from settings or from mounted files. Files are read again when they change, so keys can be
rotated without a restart: two of them are valid at the same time, and the old one is withdrawn when
nobody uses it any more.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
import time
from collections.abc import Sequence
from pathlib import Path

from ..errors import ConfigurationError

log = logging.getLogger(__name__)

KEY_PREFIX = "rk_"
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_SHORTEST_KEY = 24
_LOOK_SECONDS = 1.0  # how often the time of a key file is checked


def new_key() -> tuple[str, str]:
    """Make a key; return it and its digest, as settings want it."""
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    return key, "sha256:" + hashlib.sha256(key.encode()).hexdigest()


class KeySource:
    """Digests from settings and from files that may change.

    Parameters
    ----------
    given : str
        Digests, separated by commas.
    files : str
        Paths of key files, separated by commas.
    scopes : sequence of str
        What each of these keys allows.

    Raises
    ------
    ConfigurationError
        If a digest is not one, or a file cannot be read.
    """

    def __init__(self, given: str, files: str, scopes: Sequence[str]) -> None:
        self._given = [_digest(part, "a setting") for part in _split(given)]
        self._files = [_KeyFile(Path(name)) for name in _split(files)]
        self._scopes = frozenset(scopes)

    @property
    def is_configured(self) -> bool:
        """Whether there is any digest or file."""
        return bool(self._given or self._files)

    def scopes(self, digest: bytes) -> frozenset[str]:
        """Return what the key with this digest (64 hexadecimal digits) allows."""
        found = False
        for known in self._given:
            found |= hmac.compare_digest(known, digest)
        for file in self._files:
            for known in file.digests():
                found |= hmac.compare_digest(known, digest)
        return self._scopes if found else frozenset()


class _KeyFile:
    """A mounted file with one key or digest per line; read again when it changes."""

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
    """Return the digest: the text itself, or the digest of the key that the text is."""
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
