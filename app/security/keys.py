"""API keys, known by their SHA-256 digests.

Keys come from settings or from mounted files, which are read again when they change, so that keys
are rotated without a restart: two are live at once, and the old one is withdrawn when nobody uses
it any more.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from pathlib import Path

from ..errors import ConfigurationError
from ..settings import split_list
from .entries import DIGEST_FORM, KEY_PREFIX, EntryError, digest_of, parse_entry
from .key_files import KeyFile


def new_key() -> tuple[str, str]:
    """Make a key; return it and its digest, as settings want it."""
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    return key, described_digest(key)


def described_digest(key: str) -> str:
    """Return the digest of a key, as settings want it."""
    return "sha256:" + digest_of(key).decode()


class KeySource:
    """Digests from a setting, and from files that may change.

    Parameters
    ----------
    given : str
        Digests, separated by commas.
    files : str
        Paths of key files, separated by commas.
    scopes : sequence of str
        What each of these keys allows.
    variables : tuple of str
        The environment variables of `given` and of `files`, for messages.

    Raises
    ------
    ConfigurationError
        If an entry cannot be used, or a file cannot be read.
    """

    def __init__(
        self, given: str, files: str, scopes: Sequence[str], variables: tuple[str, str]
    ) -> None:
        given_variable, files_variable = variables
        self._given = [
            _setting_digest(part, f"{given_variable}, entry {number}")
            for number, part in enumerate(split_list(given), 1)
        ]
        self._files = [KeyFile(Path(name), files_variable) for name in split_list(files)]
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
            for known in file.digests:
                found |= hmac.compare_digest(known, digest)
        return self._scopes if found else frozenset()


def _setting_digest(text: str, where: str) -> bytes:
    """Return the digest that is given in a setting, where keys themselves have no place."""
    try:
        entry = parse_entry(text)
    except EntryError:
        entry = None
    if entry is None or entry.is_key:
        raise ConfigurationError(f"{where}: a key is given by its digest, {DIGEST_FORM}")
    return entry.digest
