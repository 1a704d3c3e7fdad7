"""What tells developers which part of a body to change: what they sent, and why it is not JSON."""

from __future__ import annotations

import codecs
import math

from pydantic_core import ErrorDetails

from ..integers import GOT
from ..limits import FEW_BODY_BYTES

_KINDS: dict[type, str] = {
    bool: "true or false",
    dict: "an object",
    float: "a number",
    int: "a number",
    list: "an array",
    str: "a string",
    type(None): "null",
}
# The settings that bound a field, by the field and the kind of the error. "*" is any position.
_SETTINGS: dict[tuple[str, str], str] = {
    ("k", "less_than_equal"): "MAX_K",
    ("users", "too_long"): "MAX_USERS",
    ("baskets", "too_long"): "MAX_USERS",
    ("user_data", "too_long"): "MAX_USERS",
    ("items", "too_long"): "MAX_ITEMS",
    ("pairs", "too_long"): "MAX_ITEMS",
    ("exclude_items", "too_long"): "MAX_ITEMS",
    ("interactions", "too_long"): "MAX_ITEMS",
    ("item_data", "too_long"): "MAX_ITEMS",
    ("baskets.*", "too_long"): "MAX_ITEMS",
    ("baskets.*.items", "too_long"): "MAX_ITEMS",
}
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_QUOTES = "names and strings need double quotes"
_BEGIN = "JSON begins with { or ["
_WORDS = "the only words are null, true and false"


def kind_in_json(value: object) -> str:
    """Return what a value that came as JSON is called."""
    if isinstance(value, float) and math.isfinite(value) and not value.is_integer():
        return "a number with a fraction"
    return _KINDS.get(type(value), "something else")


def message_of(error: ErrorDetails) -> str:
    """Return what is wrong with a field.

    Parameters
    ----------
    error : ErrorDetails
        What pydantic, or the framework, found.
    """
    kind, message = error["type"], error["msg"]
    if kind == "model_attributes_type":  # as it would be called if it were validated as JSON
        message = "Input should be an object"
    if kind == "int_type" and GOT in message:  # an id, which says what it is itself
        return message
    if kind.endswith("_type"):
        return f"{message}{GOT}{kind_in_json(error['input'])}"
    if kind == "json_invalid" and "error" in error.get("ctx", {}):
        return f"Invalid JSON: {error['ctx']['error']}"
    place = ".".join("*" if isinstance(part, int) else part for part in error["loc"])
    setting = _SETTINGS.get((place, kind))
    named = "" if setting is None else f" ({setting})"
    return message.replace(" after validation", "") + named


def why_not_json(body: bytes, reason: str) -> str:
    """Return why a body is not JSON.

    Parameters
    ----------
    body : bytes
        What was sent.
    reason : str
        What the parser says, with the line and column.
    """
    if body == b"" or body.isspace():
        return "the body is empty"
    return foreign_encoding(body) or reason + _advice(body, reason)


def foreign_encoding(body: bytes) -> str | None:
    """Return in what other encoding than plain UTF-8 a body seems to be; None for no other."""
    if body.startswith(codecs.BOM_UTF8):
        return "it begins with a byte order mark; send UTF-8 without one"
    if body.startswith(_MARKS) or b"\0" in body[:2]:
        return "it looks like UTF-16; send UTF-8"
    return None


def _advice(body: bytes, reason: str) -> str:
    if "unicode code point" in reason:
        return "; send UTF-8"
    if "key must be a string" in reason:
        return f"; {_QUOTES}"
    if "expected ident" in reason:
        return f"; {_WORDS}"
    if "expected value" in reason and len(body) <= FEW_BODY_BYTES:
        found = _byte_at(body, reason)
        if found == b"'":
            return f"; {_QUOTES}"
        if found.isalpha():
            return f"; {_WORDS}" if _place(reason) != (1, 1) else f"; {_BEGIN}"
    return ""


def _byte_at(body: bytes, reason: str) -> bytes:
    """Return the byte that a parser names, such as the one "at line 1 column 7"."""
    line, column = _place(reason)
    return body.split(b"\n")[line - 1][max(column - 1, 0) : max(column, 1)]


def _place(reason: str) -> tuple[int, int]:
    """Return the line and the column that a parser names."""
    *_, line, _, column = reason.split()
    return int(line), int(column)
