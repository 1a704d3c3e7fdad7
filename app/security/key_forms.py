"""How keys and digests are written in files and settings.

A digest may be kept anywhere, in git for one, so its text must never work as a key, in whatever
form it is written. That is why a key has a form of its own: ``rk_...`` as ``turi-recommender key``
makes it, or any text behind ``key:``. Everything else is a digest or is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import NamedTuple

from ..errors import ConfigurationError

KEY_PREFIX = "rk_"
SHORTEST_KEY = 24
_QUOTES = "\"'`"
_OWN_KEY = re.compile(r"rk_[A-Za-z0-9_-]+")
_LABELLED_KEY = re.compile(r"key\s*[:=]\s*(\S.*)", re.IGNORECASE)
_LABEL = re.compile(
    r"(?:digest\s*[:=]\s*)?(?:sha-?2?-?256\s*(?:\([^)]*\))?\s*[:=-]\s*)?", re.IGNORECASE
)
_HEX = re.compile(r"[0-9a-fA-F]{64}")
_SUM = re.compile(r"([0-9a-fA-F]{64})\s+\*?\S.*")  # as sha256sum prints it
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{40,200}={0,2}")
_DIGEST_BYTES = 32
_MOST_LAYERS = 3  # of base64 around a digest


class Entry(NamedTuple):
    """What one entry of a file or setting says.

    Attributes
    ----------
    digest : bytes
        64 hexadecimal digits, in lower case.
    is_key : bool
        Whether it was the key itself that was written.
    """

    digest: bytes
    is_key: bool


def read_entry(text: str, where: str, *, takes_keys: bool) -> Entry:
    """Read a digest, or a key.

    Parameters
    ----------
    text : str
        One line of a file, or one part of a setting.
    where : str
        Where it stands, for the error; the text itself is never shown.
    takes_keys : bool
        Whether a key may stand there.

    Raises
    ------
    ConfigurationError
        If it is neither.
    """
    text = text.strip().strip(_QUOTES).strip()
    digest = read_digest(text)
    if digest is not None:
        return Entry(digest, is_key=False)
    key = _read_key(text)
    if key is None:
        meant = "a digest is written sha256:<64 hexadecimal digits>"
        if takes_keys:
            meant += ", a key rk_... or key:<the key>"
        raise ConfigurationError(f"{where}: neither a digest nor a key: {meant}")
    if not takes_keys:
        raise ConfigurationError(f"{where}: takes digests, written sha256:<64 hexadecimal digits>")
    if len(key) < SHORTEST_KEY:
        raise ConfigurationError(f"{where}: a key must have {SHORTEST_KEY} characters or more")
    return Entry(hashlib.sha256(key.encode()).hexdigest().encode(), is_key=True)


def read_digest(text: str) -> bytes | None:
    """Return the digest that a text is meant as, in lower-case hexadecimal; None if it is none."""
    for _ in range(_MOST_LAYERS):
        text = text.strip().strip(_QUOTES).strip()
        bare = text[len(_label(text)) :].strip().strip(_QUOTES)
        found = _HEX.fullmatch(bare) or _SUM.fullmatch(bare)
        if found is not None:
            return found[0][:64].lower().encode()
        raw = _from_base64(bare)
        if raw is None:
            return None
        if len(raw) == _DIGEST_BYTES:
            return raw.hex().encode()
        try:
            text = raw.decode("ascii")
        except UnicodeDecodeError:
            return None
    return None


def _label(text: str) -> str:
    found = _LABEL.match(text)
    return "" if found is None else found[0]


def _read_key(text: str) -> str | None:
    """Return the key that a text is, or holds behind ``key:``; never one that is a digest."""
    labelled = _LABELLED_KEY.fullmatch(text)
    key = text if labelled is None else labelled[1].strip().strip(_QUOTES)
    if labelled is None and _OWN_KEY.fullmatch(key) is None:
        return None
    if read_digest(key) is not None or _HEX.search(key) is not None:
        return None
    return key


def _from_base64(text: str) -> bytes | None:
    if _BASE64.fullmatch(text) is None or text.startswith(KEY_PREFIX):
        return None
    padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
    try:
        return base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        return None
