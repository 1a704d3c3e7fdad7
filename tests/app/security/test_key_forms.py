"""Whatever form a digest is written in, it is read as one or refused, and is never a key."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ConfigurationError
from app.security.key_forms import read_digest, read_entry
from app.security.keys import new_key

KEY, DIGEST = new_key()
HEX = DIGEST.removeprefix("sha256:")


def encode(text: str | bytes) -> str:
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


FORMS: list[Callable[[str], str]] = [
    lambda digest: digest,
    lambda digest: f"sha256:{digest}",
    lambda digest: f"SHA256:{digest.upper()}",
    lambda digest: f"sha256={digest}",
    lambda digest: f"sha256-{digest}",
    lambda digest: f'"sha256:{digest}"',
    lambda digest: f"'{digest}'",
    lambda digest: f"`{digest}`",
    lambda digest: f"  {digest.upper()}\u00a0",
    lambda digest: f"{digest}  -",
    lambda digest: f"{digest} *key.txt",
    lambda digest: f"SHA2-256(stdin)= {digest}",
    lambda digest: f"SHA256 (key.txt) = {digest}",
    lambda digest: f"digest: sha256:{digest}",
    lambda digest: f"digest: {digest}",
    lambda digest: f"sha256-{encode(bytes.fromhex(digest))}",
    lambda digest: encode(bytes.fromhex(digest)),
    lambda digest: encode(f"sha256:{digest}"),
    lambda digest: encode(f"sha256:{digest}\n"),
    encode,
    lambda digest: encode(encode(f"sha256:{digest}")),
]


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_a_digest(form: Callable[[str], str]) -> None:
    entry = read_entry(form(HEX), "here", takes_keys=True)
    assert entry == (HEX.encode(), False)
    assert read_entry(form(HEX), "here", takes_keys=False) == entry


@pytest.mark.parametrize("text", [KEY, f"key: {KEY}", f"key:    {KEY}", f'"{KEY}"', f"KEY={KEY}"])
def test_forms_of_a_key(text: str) -> None:
    assert read_entry(text, "here", takes_keys=True) == (HEX.encode(), True)
    with pytest.raises(ConfigurationError, match="here: takes digests"):
        read_entry(text, "here", takes_keys=False)


def test_a_key_of_another_kind_is_named_so() -> None:
    key = "primary key of the old deployment"
    wanted = hashlib.sha256(key.encode()).hexdigest().encode()
    assert read_entry(f"key: {key}", "here", takes_keys=True) == (wanted, True)


@pytest.mark.parametrize(
    "text",
    [
        "a plain password of some length",
        "sha256:" + 63 * "0",
        "sha256:" + 65 * "0",
        "sha256:" + 64 * "z",
        f"key: {DIGEST}",
        f"key: {HEX.upper()}",
        f"key: {encode(DIGEST)}",
        f"key: {encode(bytes.fromhex(HEX))}",
        f"key: my {HEX} key",
        f"{DIGEST} and more sha256:",
        f"rk_{HEX}",
        encode(KEY),
        "sha512:" + 128 * "0",
        "$2b$12$" + 53 * "a",
        "rk!" + 40 * "k",
    ],
)
def test_what_is_neither(text: str) -> None:
    if read_digest(text) is not None:  # read as a digest, so it is no key
        text = f"key: {text}"
    with pytest.raises(ConfigurationError) as caught:
        read_entry(text, "the file, line 7", takes_keys=True)
    assert "the file, line 7: " in str(caught.value)
    assert text not in str(caught.value)


def test_short_keys_are_refused() -> None:
    for text in ("rk_short", "key: short"):
        with pytest.raises(ConfigurationError, match="24 characters or more"):
            read_entry(text, "here", takes_keys=True)


DECORATIONS = st.tuples(st.text(max_size=8), st.text(max_size=8))


@given(st.sampled_from(FORMS), st.lists(DECORATIONS, max_size=2), st.booleans())
def test_the_text_of_a_digest_is_never_a_key(
    form: Callable[[str], str], around: list[tuple[str, str]], is_labelled: bool
) -> None:
    text = form(HEX)
    for before, behind in around:
        text = before + text + behind
    if is_labelled:
        text = f"key: {text}"
    try:
        entry = read_entry(text, "here", takes_keys=True)
    except ConfigurationError:
        return
    as_a_key = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest().encode()
    assert entry.digest != as_a_key
    if entry.is_key:
        # Something was written that only contains the digest in a form that nothing reads.
        assert read_digest(text) is None
        assert HEX not in text.lower()
