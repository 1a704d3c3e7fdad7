"""One entry of a key file or of a setting: the digest of a key, or a key in a form of its own.

Digests may be kept where many can read them, so the text of a digest must never work as a key. That
is why nothing is taken for a key merely because it is not a digest: a key begins with ``rk_``, as
`new_key` makes it, or stands behind ``key:``. What is neither that nor a digest is refused.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

KEY_PREFIX = "rk_"
SHORTEST_KEY = 24

DIGEST_FORM = "sha256:<64 hexadecimal digits>"
_KEY = re.compile(r"rk_[A-Za-z0-9_-]{43}")
_LABEL = re.compile(r"(key|digest):(.*)", re.IGNORECASE | re.DOTALL)
# `sha256sum` prints the digits and, after white space and perhaps a star, the name of a file.
_DIGITS = re.compile(r"([0-9a-f]{64})(?:\s+\*?(?P<name>\S+))?", re.IGNORECASE)
_INTEGRITY = re.compile(r"sha256-([A-Za-z0-9+/_-]{43})=?")  # as in HTML: base64 of the digest
_PREFIX = re.compile(r"^sha256:", re.IGNORECASE)
_VISIBLE = re.compile(r"[!-~]+")

# What tells a digest in the place of a key. Twice as many hexadecimal digits in a row as a UUID
# has, less a few that were lost; base64 of 32 bytes, perhaps with a character lost.
_MANY_DIGITS = re.compile(r"[0-9a-f]{40}")
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{42,}")
_LENGTHS_OF_BASE64 = range(42, 46)
_DEEPEST = 5  # base64 of base64 of ...


class EntryError(ValueError):
    """An entry that cannot be used. Its text is never in the message: it may be a key."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Whom an entry lets in.

    Attributes
    ----------
    digest : bytes
        SHA-256 of the key, as 64 hexadecimal digits in lower case.
    is_key : bool
        Whether the entry is the key itself.
    """

    digest: bytes
    is_key: bool


def parse_line(line: str) -> list[Entry]:
    """Return the entries of a line: none, one, or digests and keys separated by commas.

    ``#`` begins a remark, at the start of the line or after white space.

    Raises
    ------
    EntryError
        If any of them is neither a digest nor a key.
    """
    text = _bare(re.sub(r"(^|\s)#.*", "", line))
    label, _ = _split_label(text)
    parts = [text] if label == "key" else text.split(",")  # a key may have a comma in it
    return [parse_entry(part) for part in parts if part.strip()]


def parse_entry(text: str) -> Entry:
    """Return what an entry is.

    Raises
    ------
    EntryError
        If it is neither a digest nor a key.
    """
    label, value = _split_label(_bare(text))
    if label == "key":
        return Entry(digest_of(_checked(value)), is_key=True)
    digest = _digest(value)
    if digest is not None:
        return Entry(digest, is_key=False)
    if label == "" and value.startswith(KEY_PREFIX):
        return Entry(digest_of(_checked(value)), is_key=True)
    if label == "digest":
        raise EntryError(f"not a digest: {DIGEST_FORM}")
    raise EntryError(
        f"not a digest ({DIGEST_FORM}) and not a key (rk_ and 43 characters, or key: and the key); "
        "`turi-recommender key --from-stdin` prints the digest of a key"
    )


def digest_of(key: str) -> bytes:
    """Return the digest of a key or of what a caller sends as one, as 64 hexadecimal digits."""
    return hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest().encode()


def _bare(text: str) -> str:
    """Return a text without the white space and the pairs of quotes around it."""
    text = text.strip()
    while len(text) > 1 and text[0] == text[-1] and text[0] in "\"'`":
        text = text[1:-1].strip()
    return text


def _split_label(text: str) -> tuple[str, str]:
    found = _LABEL.fullmatch(text)
    return (found[1].lower(), _bare(found[2])) if found else ("", text)


def _digest(text: str) -> bytes | None:
    integrity = _INTEGRITY.fullmatch(text)
    if integrity is not None:
        return base64.urlsafe_b64decode(_for_urls(integrity[1]) + "=").hex().encode()
    found = _DIGITS.fullmatch(
        _bare(_PREFIX.sub("", text, count=1)) if _PREFIX.match(text) else text
    )
    if found is None or _is_entry_itself(found["name"] or ""):
        return None
    return found[1].lower().encode()


def _is_entry_itself(name: str) -> bool:
    """Tell whether what stands in the place of a file's name is a second digest or key."""
    return KEY_PREFIX in name or _MANY_DIGITS.search(name.lower()) is not None


def check_characters(key: str) -> None:
    """Refuse what can be no key, of whatever form.

    Raises
    ------
    EntryError
        If it is too short, or cannot be sent in a header as it is.
    """
    if len(key) < SHORTEST_KEY:
        raise EntryError(f"a key must have {SHORTEST_KEY} characters or more")
    if not _VISIBLE.fullmatch(key):
        raise EntryError("a key must have visible ASCII characters only")


def _checked(key: str) -> str:
    """Return a key if it can be one."""
    if key.startswith(KEY_PREFIX):
        if not _KEY.fullmatch(key):
            raise EntryError("not a whole key: rk_ and 43 characters")
        return key
    check_characters(key)
    if _looks_like_digest(key):
        raise EntryError(
            f"this looks like a digest, not like a key; for a key, give its digest: {DIGEST_FORM}"
        )
    return key


def _looks_like_digest(text: str, depth: int = 0) -> bool:
    """Tell whether a text is a digest in some form: digits, base64, base64 of either ..."""
    squeezed = re.sub(r"[^0-9a-z]", "", text.lower())
    if "sha256" in squeezed or _MANY_DIGITS.search(squeezed):
        return True
    runs = _BASE64_RUN.findall(re.sub(r"\s", "", text))
    if any(len(run) in _LENGTHS_OF_BASE64 for run in runs):
        return True
    return depth < _DEEPEST and any(_looks_like_digest(_decode(run), depth + 1) for run in runs)


def _decode(run: str) -> str:
    whole = run[: len(run) - (len(run) % 4 == 1)]  # a lone last character is what is left of four
    return base64.urlsafe_b64decode(_for_urls(whole) + -len(whole) % 4 * "=").decode("latin-1")


def _for_urls(text: str) -> str:
    return text.translate(str.maketrans("+/", "-_"))
