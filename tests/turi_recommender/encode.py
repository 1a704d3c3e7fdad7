"""A writer of the format's primitives, for tests: the mirror image of `turi_recommender.format`.

Source: docs/format.md, sections 2 and 4.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Sequence
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


def tagged(body: bytes) -> bytes:
    """Encode a variant behind the constant tag (section 2.3)."""
    return VARIANT_TAG + body


def array(layout: str, values: Sequence[Any]) -> bytes:
    """Encode a count and that many numbers."""
    return u64(len(values)) + struct.pack(f"<{len(values)}{layout}", *values)


def column(
    name: str,
    mode: int,
    value_type: int,
    size: int,
    *,
    values: list[Any] | None = None,
    means: Sequence[float] | None = None,
) -> bytes:
    """Encode a COLUMN (section 4); without `values` or `means` it has none of that part."""
    fields = {
        "name": name,
        "mode": mode,
        "original_column_type": value_type,
        "index_size_at_train_time": size,
        "version": 2,
    }
    written = b"\x01" + tagged(variant_map({key: variant(each) for key, each in fields.items()}))
    written += bytes([values is not None])
    if values is not None:
        index = {"values_by_index_lookup": variant(values), "column_size": variant(len(values))}
        written += u64(1) + tagged(variant({})) + variant_map(index)
    written += bytes([means is not None])
    if means is not None:
        written += u64(2) + tagged(variant({})) + tagged(variant({"total_row_count": 9}))
        written += array("Q", [3] * len(means))
        written += u64(len(means)) + b"".join(struct.pack("<dd", mean, 1.0) for mean in means)
    return written


def metadata(
    columns: Sequence[bytes], target: bytes = b"\x00", side: Sequence[bytes] | None = None
) -> bytes:
    """Encode the metadata (section 4) of columns and side tables that are encoded already."""
    written = b"\x01" + u64(2) + tagged(variant_map({"options": variant({})}))
    written += u64(len(columns)) + b"".join(columns) + target
    if side is None:
        return written + b"\x00"
    sizes = variant({"side_lookups_size": len(side)})
    return written + b"\x01" + u64(1) + tagged(sizes) + b"".join(side) + u64(0) + u64(0x0F0F0F0F)


def side_table(columns: Sequence[bytes], rows: Sequence[Sequence[int | float]]) -> bytes:
    """Encode a side table: each row is its words, integers or floats."""
    fields = {"csl_data_lookup_map_size": variant(len(rows))}
    written = tagged(variant_map(fields)) + u64(len(columns)) + b"".join(columns)
    for row in rows:
        words = [struct.pack("<d" if isinstance(word, float) else "<Q", word) for word in row]
        written += u64(0x05322323) + u64(len(row)) + b"".join(words)
    return written


def stored(values: list[Any]) -> ValueList:
    """Return these values as they are read back from a file."""
    read: ValueList = reader(flexible(values)).flexible("ids")
    return read


def reader(data: bytes) -> ValueReader:
    """Return a reader at the beginning of a file with these bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "objects.bin"
        path.write_bytes(data)
        return ValueReader(Stream(path))  # the map outlives the file
