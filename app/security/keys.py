"""API keys, known by their SHA-256 digests.

Keys come from settings or from mounted files. Files are read again when they change, so keys can be
rotated without a restart: two of them are valid at the same time, and the old one is withdrawn when
nobody uses it any more.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import stat
import time
from collections.abc import Sequence
from pathlib import Path

from ..errors import ConfigurationError
from .key_forms import KEY_PREFIX, Entry, read_entry

log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0  # how often the time of a key file is checked
_MISSING_LOOKS = 2  # a file that is written anew may be missing for a moment
_MAX_FILE_BYTES = 1 << 20

Stamp = tuple[int, int, int]


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
        self._given = [
            read_entry(part, "a digest in the settings", takes_keys=False).digest
            for part in _split(given)
        ]
        self._files = [_KeyFile(Path(name)) for name in _split(files)]
        self._scopes = frozenset(scopes)

    @property
    def is_configured(self) -> bool:
        """Whether there is any digest or file."""
        return len(self._given) > 0 or len(self._files) > 0

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
    """A mounted file with one key or digest per line; read again when it changes.

    What the file says is what is valid: a file that is emptied or deleted withdraws its keys. One
    that cannot be read, or holds something that is neither key nor digest, is a mistake, and keeps
    its last keys until it is mended.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: Stamp | None = None
        self._digests: list[bytes] = []
        self._looked = time.monotonic()
        self._missing = 0
        try:
            self._read()
        except OSError as error:
            raise ConfigurationError(f"key file {path}: {error.strerror}") from error

    def digests(self) -> list[bytes]:
        now = time.monotonic()
        if now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            self._look()
        return self._digests

    def _look(self) -> None:
        try:
            self._read()
            self._missing = 0
        except FileNotFoundError as error:
            if not self._path.parent.is_dir():  # a mount is gone, which says nothing of its files
                log.error("key file %s: %s; its last keys stay valid", self._path, error)
                return
            self._missing += 1
            if self._missing == _MISSING_LOOKS:
                log.error("key file %s: deleted; its keys are withdrawn", self._path)
                self._digests, self._stamp = [], None
        except (OSError, ConfigurationError) as error:
            log.error("key file %s: %s; its last keys stay valid", self._path, error)

    def _read(self) -> None:
        content, stamp = _read_regular(self._path, self._stamp)
        if content is None:
            return
        entries = _entries(_text_of(content, self._path), self._path)
        self._digests = [entry.digest for entry in entries]
        if self._stamp is not None or self._missing > 0:
            keys = sum(entry.is_key for entry in entries)
            counts = (keys, len(entries) - keys)
            log.info("key file %s: read again, %d keys and %d digests", self._path, *counts)
        self._stamp = stamp


def _read_regular(path: Path, known: Stamp | None) -> tuple[bytes | None, Stamp]:
    """Return a regular file's content, None if it has not changed, and its stamp.

    It is opened without waiting: a pipe in its place would hold up everybody.

    Raises
    ------
    OSError
        If it cannot be read.
    ConfigurationError
        If it is not a regular file, or too large.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ConfigurationError(f"{path}: not a regular file")
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp == known:
            return None, stamp
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(_MAX_FILE_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(content) > _MAX_FILE_BYTES:
        raise ConfigurationError(f"{path}: larger than {_MAX_FILE_BYTES} bytes")
    return content, stamp


def _text_of(content: bytes, path: Path) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ConfigurationError(f"{path}: not UTF-8 but UTF-16: save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: not UTF-8") from None
    if "\0" in text:
        raise ConfigurationError(f"{path}: not text")
    return text


def _entries(text: str, path: Path) -> list[Entry]:
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        for part in _split(line):
            found.append(read_entry(part, f"{path}, line {number}", takes_keys=True))
    return found


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
