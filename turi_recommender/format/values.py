"""Flexible values and variants: the self-describing part of `objects.bin`.

Python equivalents: INTEGER ``int``, FLOAT ``float``, STRING ``str``, UNDEFINED ``None``,
VECTOR a float64 view, LIST a `ValueList`, DICT a `PairList` (keys repeat and order matters, so it
is never a Python dict); a variant map is a ``dict``, a variant vector a ``list``, and an SFrame or
SArray a `Frame`, of which only the place in the stream matters.

Source: docs/format.md, sections 2.1 - 2.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format.stream import Stream
from turi_recommender.format.value_list import (
    GenericValues,
    IntegerValues,
    StringValues,
    ValueList,
    scan_strings,
)

VARIANT_TAG = 0xB2AED596F5A8ECDA
_T = TypeVar("_T")
MAX_DEPTH = 32  # real models nest about five deep
_TAG = 128


class ValueType(IntEnum):
    """Types of a flexible value (section 2.1)."""

    INTEGER = 0
    FLOAT = 1
    STRING = 2
    VECTOR = 3
    LIST = 4
    DICT = 5
    DATETIME = 6
    UNDEFINED = 7


@dataclass(frozen=True, slots=True, eq=False)
class PairList:
    """A DICT: parallel keys and values, in stored order.

    Numeric pairs are views of the file (keys int64 or float64, values float64); others are lists.
    """

    keys: NDArray[Any] | list[Any]
    values: NDArray[Any] | list[Any]

    def __len__(self) -> int:
        return len(self.keys)

    def as_dict(self) -> dict[str, Any]:
        """Return the string-keyed entries as a dict; for option maps."""
        pairs = zip(self.keys, self.values, strict=True)
        return {key: value for key, value in pairs if isinstance(key, str)}


@dataclass(frozen=True, slots=True)
class Frame:
    """An SFrame or SArray that stands at this place of the stream."""

    prefix: int | None


class ValueReader:
    """Read flexible values and variants from a stream.

    Parameters
    ----------
    stream : Stream
        The cursor; it moves over what is read.
    first_prefix : int
        Number of the archive prefix that the first SArray or SFrame takes (section 1).
    """

    def __init__(self, stream: Stream, first_prefix: int = 2) -> None:
        self.stream = stream
        self.next_prefix = first_prefix

    def take_prefix(self) -> int:
        """Take the archive prefix of the SArray or SFrame at this place."""
        prefix = self.next_prefix
        self.next_prefix += 1
        return prefix

    # -- flexible values -------------------------------------------------------------------

    def flexible(self, what: str, depth: int = 0) -> Any:
        """Read one flexible value."""
        return self._payload(self._value_type(what), what, depth)

    def _value_type(self, what: str) -> ValueType:
        start = self.stream.offset
        tag = self.stream.u8(f"type of {what}")
        try:
            return ValueType(tag - _TAG)
        except ValueError:
            self.stream.fail(f"a type tag (128 - 135) of {what}", str(tag), start)

    def _payload(self, kind: ValueType, what: str, depth: int) -> Any:
        stream = self.stream
        if depth > MAX_DEPTH:
            stream.fail(f"{what} nested at most {MAX_DEPTH} deep", "a deeper value")
        match kind:
            case ValueType.INTEGER:
                return stream.i64(what)
            case ValueType.FLOAT:
                return stream.f64(what)
            case ValueType.STRING:
                return stream.string(what)
            case ValueType.VECTOR:
                return stream.counted_array("<f8", what)
            case ValueType.LIST:
                return self._list(what, depth)
            case ValueType.DICT:
                return self._dict(what, depth)
            case ValueType.DATETIME:
                return stream.skip(12, what)
            case ValueType.UNDEFINED:
                return None

    def _list(self, what: str, depth: int) -> ValueList:
        stream = self.stream
        count = stream.count(what, 1)
        start = stream.offset
        first = stream.map[start] - _TAG if count and stream.remaining else None
        if first == ValueType.INTEGER and count * 9 <= stream.remaining:
            integers = IntegerValues.view(stream.map, start, count)
            if integers is not None:
                stream.skip(count * 9, what)
                return integers
        if first == ValueType.STRING:
            offsets = scan_strings(stream.map, start, count)
            if offsets is not None:
                stream.skip(int(offsets[-1]) - start, what)
                return StringValues(stream.map, offsets)
        return GenericValues([self.flexible(what, depth + 1) for _ in range(count)])

    def _dict(self, what: str, depth: int) -> PairList:
        stream = self.stream
        count = stream.count(what, 2)
        if count and count * 18 <= stream.remaining:
            pairs = _numeric_pairs(stream, count)
            if pairs is not None:
                stream.skip(count * 18, what)
                return pairs
        keys: list[Any] = []
        values: list[Any] = []
        for _ in range(count):
            keys.append(self.flexible(f"key of {what}", depth + 1))
            values.append(self.flexible(f"value of {what}", depth + 1))
        return PairList(keys, values)

    def skip_flexible_map(self, what: str) -> None:
        """Skip a map of string to flexible value."""
        for _ in range(self.stream.count(what, 9)):
            self.stream.string(f"name in {what}")
            self.flexible(what)

    # -- variants --------------------------------------------------------------------------

    def variant(self, what: str, depth: int = 0) -> Any:
        """Read one variant (section 2.2)."""
        stream = self.stream
        start = stream.offset
        which = stream.i32(f"variant type of {what}")
        if depth > MAX_DEPTH:
            stream.fail(f"{what} nested at most {MAX_DEPTH} deep", "a deeper variant", start)
        match which:
            case 0:
                return self.flexible(what, depth + 1)
            case 4 | 5:
                present = stream.boolean(f"presence of {what}")
                return Frame(self.take_prefix() if present else None)
            case 6:
                return self._variant_map(what, depth)
            case 7:
                count = stream.count(what, 4)
                return [self.variant(what, depth + 1) for _ in range(count)]
            case _:
                stream.fail(f"a variant type (0, 4, 5, 6, 7) of {what}", str(which), start)

    def _variant_map(self, what: str, depth: int) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        for _ in range(self.stream.count(what, 12)):
            name = self.stream.string(f"name in {what}")
            entries[name] = self.variant(f"{what}.{name}", depth + 1)
        return entries

    def tagged_variant(self, what: str) -> Any:
        """Read a variant that follows the constant tag (section 2.3)."""
        self.stream.expect_u64(VARIANT_TAG, f"tag of {what}")
        return self.variant(what)

    def variant_fields(self, what: str, *, tagged: bool) -> Fields:
        """Read a variant that holds named fields: a variant map, or a DICT with string keys."""
        start = self.stream.offset
        value = self.tagged_variant(what) if tagged else self.variant(what)
        if isinstance(value, PairList):
            value = value.as_dict()
        if not isinstance(value, dict):
            self.stream.fail(f"a map of {what}", type(value).__name__, start)
        return Fields(self.stream, start, what, value)


@dataclass(frozen=True, slots=True)
class Fields:
    """Named fields of a variant map, read by name and type.

    A missing field or one of another type raises `ModelFormatError` at the map's offset.
    """

    stream: Stream
    offset: int
    what: str
    entries: dict[str, Any]

    def _get(self, name: str, kind: type[_T]) -> _T:
        value = self.entries.get(name)
        if not isinstance(value, kind):
            self._wrong_type(name, kind.__name__)
        return value

    def _wrong_type(self, name: str, kind: str) -> NoReturn:
        found = type(self.entries[name]).__name__ if name in self.entries else "no such field"
        self.stream.fail(f"{self.what}.{name} ({kind})", found, self.offset)

    def integer(self, name: str, *, low: int = 0, high: int = 2**62) -> int:
        """Return an integer within [low, high]."""
        value = self._get(name, int)
        if not low <= value <= high:
            self.stream.fail(f"{self.what}.{name} within {low} - {high}", str(value), self.offset)
        return value

    def number(self, name: str) -> float:
        """Return a float."""
        return self._get(name, float)

    def string(self, name: str) -> str:
        """Return a string."""
        return self._get(name, str)

    def pairs(self, name: str) -> PairList:
        """Return a DICT."""
        return self._get(name, PairList)

    def values(self, name: str) -> ValueList:
        """Return a LIST."""
        value = self.entries.get(name)
        if not isinstance(value, ValueList):
            self._wrong_type(name, "LIST")
        return value

    def vector(self, name: str) -> NDArray[np.float64]:
        """Return a VECTOR as a float64 view."""
        return self._get(name, np.ndarray)

    def integers(self, name: str, *, low: int, high: int) -> list[int]:
        """Return a LIST of integers within [low, high]."""
        values = self.values(name).tolist()
        for value in values:
            if not isinstance(value, int) or not low <= value <= high:
                self.stream.fail(
                    f"{self.what}.{name} of integers within {low} - {high}",
                    repr(value),
                    self.offset,
                )
        return values


def _numeric_pairs(stream: Stream, count: int) -> PairList | None:
    """View a DICT of number -> FLOAT as two strided arrays; None if it is not one."""
    key_tag = stream.map[stream.offset]
    key_type = {_TAG + ValueType.INTEGER: "<i8", _TAG + ValueType.FLOAT: "<f8"}.get(key_tag)
    if key_type is None:
        return None
    layout = np.dtype([("kt", "u1"), ("key", key_type), ("vt", "u1"), ("value", "<f8")])
    records = np.frombuffer(stream.map, layout, count, stream.offset)
    tags_hold = (records["kt"] == key_tag).all() and (records["vt"] == _TAG + 1).all()
    return PairList(records["key"], records["value"]) if tags_hold else None
