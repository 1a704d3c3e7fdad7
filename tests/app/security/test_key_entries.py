"""What a line of a key file may be, and what it never is: the text of a digest is no key."""

from __future__ import annotations

import base64
import hashlib
import string
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ConfigurationError, NotAuthenticatedError
from app.security.authenticator import Authenticator
from app.security.entries import EntryError, parse_entry
from app.security.keys import new_key
from app.settings import Settings

KEY, DIGEST = new_key()
DIGITS = DIGEST.removeprefix("sha256:")
RAW = bytes.fromhex(DIGITS)
OLD_KEY = "nQ8vX2bTz5LmY0dRkW7cJ4hGs1fPa9Ue"  # as Azure ML makes them


def b64(content: bytes | str) -> str:
    return base64.b64encode(content if isinstance(content, bytes) else content.encode()).decode()


def start(content: str | bytes) -> Authenticator:
    """Start with a key file of this content."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "keys"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return Authenticator(Settings(api_key_files=str(file)))


def may(authenticator: Authenticator, key: str) -> bool:
    try:
        return bool(authenticator.scopes(key))
    except NotAuthenticatedError:
        return False


def texts_of(content: str) -> set[str]:
    """Return what somebody who has read the file might try as a key."""
    lines = content.splitlines()
    words = content.replace(",", " ").split()
    found = {content, content.strip(), *lines, *(line.strip() for line in lines), *words}
    found |= {word.strip("'\"`") for word in found} | {word.partition(":")[2] for word in found}
    found |= {line.partition(":")[2].strip() for line in lines}
    return {word.strip() for word in found} - {""}


READ = {
    "as it should be": DIGEST,
    "digits alone": DIGITS,
    "double quotes": f'"{DIGEST}"',
    "single quotes": f"'{DIGEST}'",
    "quotes in quotes": f"'\"{DIGEST}\"'",
    "digits in quotes": f'sha256:"{DIGITS}"',
    "upper case": DIGEST.upper(),
    "upper case digits": DIGITS.upper(),
    "sha256sum of standard input": f"{DIGITS}  -\n",
    "sha256sum of a file": f"{DIGITS}  old.key\n",
    "sha256sum --binary": f"{DIGITS} *old.key\n",
    "integrity": f"sha256-{b64(RAW)}",
    "integrity, for URLs": f"sha256-{base64.urlsafe_b64encode(RAW).decode().rstrip('=')}",
    "second line of the command": f"digest: {DIGEST}",
    "second line of the command, in quotes": f'"digest: {DIGEST}"',
    "both lines of the command": f"key:    {KEY}\ndigest: {DIGEST}\n",
    "first line of the command": f"key:    {KEY}\n",
    "a remark": f"{DIGEST} # the shop's, since May",
    "spaces": f" \t{DIGEST}   \r\n",
    "non-breaking spaces": f"\u00a0{DIGEST}\u00a0",
    "byte order mark": f"\ufeff{DIGEST}\r\n",
    "byte order mark before a key": f"\ufeff{KEY}\r\n",
    "the key": KEY,
    "the key in quotes": f'"{KEY}"',
    "the key and non-breaking spaces": f"\u00a0{KEY}\u00a0\n",
}


@pytest.mark.parametrize("form", READ)
def test_forms_that_are_read(form: str) -> None:
    content = READ[form]
    authenticator = start(content)
    assert may(authenticator, KEY)
    for text in texts_of(content) - {KEY}:
        assert not may(authenticator, text), text


REFUSED = {
    "base64 of the digest": b64(RAW),
    "base64 of its text": b64(DIGEST),
    "base64 of its digits": b64(DIGITS + "\n"),
    "base64 twice": b64(b64(DIGEST)),
    "base64 twice, wrapped": b64(b64(DIGEST))[:76] + "\n" + b64(b64(DIGEST))[76:],
    "base64 after the prefix": f"sha256:{b64(RAW)}",
    "base64 of the key": b64(KEY),
    "a digit short": DIGEST[:-1],
    "a digit more": DIGEST + "0",
    "digits alone, a digit short": DIGITS[:-1],
    "unequal quotes": f"\"{DIGEST}'",
    "one quote": f'"{DIGEST}',
    "half a line of the command": f"digest {DIGEST}",
    "another label": f"primary: {DIGEST}",
    "YAML list": f"- {DIGEST}",
    "JSON": f'{{"primary": "{DIGEST}"}}',
    "an assignment": f"RECOMMENDER_API_KEYS={DIGEST}",
    "openssl dgst": f"SHA2-256(stdin)= {DIGITS}",
    "sha256sum --tag": f"SHA256 (old.key) = {DIGITS}",
    "colons": ":".join(DIGITS[at : at + 2] for at in range(0, 64, 2)),
    "hash(1) of another kind": "md5:" + 32 * "0",
    "the digest and once more": f"key: {DIGITS}{DIGITS}",
    "two digests on a line": f"{DIGEST} {new_key()[1]}",
    "a digest and a key on a line": f"{DIGEST} {new_key()[0]}",
    "a digest in the place of a key": f"key: {DIGEST}",
    "digits in the place of a key": f"key: {DIGITS}",
    "base64 in the place of a key": f"key: {b64(RAW)}",
    "base64 of text in the place of a key": f"key: {b64(DIGEST.upper())}",
    "base64 twice in the place of a key": f"key: {b64(b64(DIGITS))}",
    "integrity in the place of a key": f"key: sha256-{b64(RAW)}",
    "colons in the place of a key": "key: " + DIGITS[:32] + ":" + DIGITS[32:],
    "part of the digits in the place of a key": f"key: {DIGITS[:60]}",
    "a key in the place of a digest": f"digest: {KEY}",
    "a key that is cut off": KEY[:-1],
    "a key that is cut off, with its label": f"key: {KEY[:-1]}",
    "a key of no form": OLD_KEY,
    "a short key": "key: tooshort",
    "a key with spaces": "key: one two three four five six seven",
    "a key beyond ASCII": "key: " + 30 * "\u00e9",
    "a key that is missing": "key:",
    "zero width": f"\u200b{DIGEST}",
}


@pytest.mark.parametrize("form", REFUSED)
@pytest.mark.parametrize("before", ["", f"# ours\n\n{new_key()[1]}\n"], ids=["alone", "third"])
def test_forms_that_are_refused_by_their_line(form: str, before: str) -> None:
    content = REFUSED[form]
    with pytest.raises(ConfigurationError) as caught:
        start(before + content)
    message = str(caught.value)
    assert f"line {before.count(chr(10)) + 1}:" in message
    assert "RECOMMENDER_API_KEY_FILES" in message
    for text in texts_of(content):
        assert len(text) < 12 or text not in message


def test_a_key_that_callers_have_already() -> None:
    authenticator = start(f"key: {OLD_KEY}\n")
    assert may(authenticator, OLD_KEY)
    assert not may(authenticator, f"key: {OLD_KEY}")
    by_digest = start(hashlib.sha256(OLD_KEY.encode()).hexdigest() + "  -\n")
    assert may(by_digest, OLD_KEY)
    odd = "it,has:commas#and'quotes'inside"
    assert may(start(f"key: {odd}  # a remark\n"), odd)


def test_several_digests_on_a_line() -> None:
    other, digest = new_key()
    authenticator = start(f"{DIGEST}, {digest}\n")
    assert may(authenticator, KEY)
    assert may(authenticator, other)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (f"{DIGEST}\n".encode("utf-16"), "UTF-16"),
        (f"{DIGEST}\n".encode("utf-16-le"), "UTF-16"),
        (f"{DIGEST}\n".encode("utf-16-be"), "UTF-16"),
        (f"{DIGEST}\n".encode("utf-32"), "UTF-16"),
        (b"\xe9" + DIGEST.encode(), "not UTF-8"),
    ],
)
def test_other_encodings_are_refused_in_words(content: bytes, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        start(content)


@pytest.mark.parametrize("form", ["as it should be", "upper case", "double quotes", "integrity"])
def test_settings_read_the_same_forms(form: str) -> None:
    authenticator = Authenticator(Settings(api_keys=f"sha256:{64 * '0'}, {READ[form]}"))
    assert may(authenticator, KEY)
    assert not may(authenticator, READ[form])


@pytest.mark.parametrize("given", [KEY, f"key: {KEY}", f"key: {OLD_KEY}", b64(DIGEST), DIGEST[:-1]])
def test_settings_say_which_entry_is_none(given: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Authenticator(Settings(admin_keys=f"{DIGEST},{given}"))
    assert "RECOMMENDER_ADMIN_KEYS, entry 2:" in str(caught.value)
    assert given not in str(caught.value)


# Every way of dressing up a digest, one upon the other.

DRESSES: list[Callable[[str], str]] = [
    lambda text: f'"{text}"',
    lambda text: f"'{text}'",
    lambda text: f"`{text}`",
    lambda text: f"sha256:{text}",
    lambda text: f"SHA256={text}",
    lambda text: f"digest: {text}",
    lambda text: f"key: {text}",
    lambda text: f"key:{text}",
    lambda text: f"- {text}",
    lambda text: f"{text}  -",
    lambda text: f"{text} *key.txt",
    lambda text: f"\\{text}",
    lambda text: f"{text} # remark",
    lambda text: f" {text}\u00a0",
    lambda text: f"{text}\r\n",
    lambda text: f"{text},",
    lambda text: f"[{text}]",
    lambda text: f"\ufeff{text}",
    lambda text: text[:-1],
    lambda text: text[: len(text) // 2] + "\n" + text[len(text) // 2 :],
    b64,
    lambda text: b64(text).rstrip("="),
    lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
]
BARE: list[Callable[[bytes], str]] = [
    lambda raw: raw.hex(),
    lambda raw: raw.hex().upper(),
    lambda raw: raw.hex(":"),
    lambda raw: raw.hex(" "),
    lambda raw: f"sha256:{raw.hex()}",
    lambda raw: f"sha256-{b64(raw)}",
    b64,
    lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("="),
]
KEYS = st.one_of(
    st.builds(lambda _: new_key()[0], st.integers()),
    st.text(string.ascii_letters + string.digits + "_-.", min_size=24, max_size=90),
)


@given(
    key=KEYS,
    bare=st.sampled_from(BARE),
    case=st.sampled_from([str, str.upper, str.title]),
    dresses=st.lists(st.sampled_from(DRESSES), max_size=5, unique=True),
)
def test_whatever_is_done_to_a_digest_its_text_is_no_key(
    key: str,
    bare: Callable[[bytes], str],
    case: Callable[[str], str],
    dresses: list[Callable[[str], str]],
) -> None:
    digest = bare(hashlib.sha256(key.encode()).digest())
    content = case(digest) if "-" not in digest else digest  # base64 does not outlive it
    for dress in dresses:
        content = dress(content)
    try:
        authenticator = start(content)
    except ConfigurationError as error:
        message = str(error)
        assert content.strip() not in message
        return
    assert may(authenticator, key)
    for text in texts_of(content) | {digest}:
        assert not may(authenticator, text)


def test_a_plain_key_is_told_the_way_to_its_digest() -> None:
    with pytest.raises(EntryError, match="`turi-recommender key --from-stdin` prints the digest"):
        parse_entry("nQ8vX2bTz5LmY0dRkW7cJ4hGs1fPa9Ue")
