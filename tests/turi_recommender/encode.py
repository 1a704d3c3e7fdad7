"""A writer of the format's primitives, for tests: the mirror image of `turi_recommender.format`.

Source: docs/format.md, section 2.
"""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path
from typing import Any

from turi_recommender.format.stream import Stream
from turi_recommender.format.value_list import ValueList
from turi_recommender.format.values import ValueReader

VARIANT_TAG = struct.pack("<Q", 0xB2AED596F5A8ECDA)


def u64(value: int) -> bytes:
    return struct.pack("<Q", value)


def string(value: str | bytes) -> bytes:
    raw = value if isinstance(value, bytes) else value.encode()
    return u64(len(raw)) + raw


def flexible(value: Any) -> bytes:
    """Encode None, int, float, str, a tuple of floats (VECTOR), a list, or a dict of pairs."""
    match value:
        case None:
            return b"\x87"
        case int():
            return b"\x80" + struct.pack("<q", value)
        case float():
            return b"\x81" + struct.pack("<d", value)
        case str():
            return b"\x82" + string(value)
        case tuple():
            return b"\x83" + u64(len(value)) + struct.pack(f"<{len(value)}d", *value)
        case list():
            return b"\x84" + u64(len(value)) + b"".join(map(flexible, value))
        case dict():
            pairs = (flexible(key) + flexible(item) for key, item in value.items())
            return b"\x85" + u64(len(value)) + b"".join(pairs)
    raise TypeError(type(value))


def variant(value: Any) -> bytes:
    """Encode a flexible value as a variant."""
    return struct.pack("<i", 0) + flexible(value)


def variant_map(entries: dict[str, bytes]) -> bytes:
    """Encode a variant map of entries that are encoded already."""
    body = b"".join(string(name) + entry for name, entry in entries.items())
    return struct.pack("<i", 6) + u64(len(entries)) + body


def stored(values: list[Any]) -> ValueList:
    """Return these values as they are read back from a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "objects.bin"
        path.write_bytes(flexible(values))
        read: ValueList = ValueReader(Stream(path)).flexible("ids")
        return read
