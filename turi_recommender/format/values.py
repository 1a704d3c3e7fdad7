"""Flexible values and variants: the self-describing part of `objects.bin`.

Python equivalents: INTEGER ``int``, FLOAT ``float``, STRING ``str``, UNDEFINED ``None``,
VECTOR a float64 view, LIST a `ValueList`, DICT a `PairList` (keys repeat and order matters, so it
is never a Python dict); a variant map is a ``dict``, a variant vector a ``list``, and an SFrame or
SArray a `Frame`, of which only the place in the stream matters.

Source: docs/format.md, sections 2.1, 2.2, 2.3 and 2.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from turi_recommender.format.fields import Fields
from turi_recommender.format.pairs import PairList, numeric_pairs
from turi_recommender.format.stream import Stream
from turi_recommender.format.value_list import (
    GenericValues,
    IntegerValues,
    StringValues,
    ValueList,
    scan_strings,
)
from turi_recommender.wording import counted

VARIANT_TAG = 0xB2AED596F5A8ECDA
MAX_DEPTH = 32  # real models nest about five deep
_TAG = 128
# What one by one becomes a Python object, in scalars: a value within another one takes some hundred
# bytes. Real models have some hundred such values; only a list with None in it has more scalars.
_CONTAINER_COST = 64
_FREE_SCALARS = 1 << 18
_BYTES_PER_SCALAR = 8
_LONGEST_NAME = 80  # of a name that errors show


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


_CONTAINERS = frozenset({ValueType.VECTOR, ValueType.LIST, ValueType.DICT})


@dataclass(frozen=True, slots=True)
class Skipped:
    """A value of a type that recommenders have no use for (DATETIME)."""


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
        self._left = _FREE_SCALARS + stream.size // _BYTES_PER_SCALAR

    def take_prefix(self) -> int:
        """Take the archive prefix of the SArray or SFrame at this place."""
        prefix = self.next_prefix
        self.next_prefix += 1
        return prefix

    # -- flexible values -------------------------------------------------------------------

    def flexible(self, what: str, depth: int = 0) -> Any:
        """Read one flexible value.

        Parameters
        ----------
        what : str
            What it is, for errors.
        depth : int
            How many values it is nested in.

        Raises
        ------
        ModelFormatError
            If it is damaged, or nested too deep.
        """
        kind = self._value_type(what)
        self._spend(_CONTAINER_COST if kind in _CONTAINERS else 1, what)
        return self._payload(kind, what, depth)

    def _spend(self, scalars: int, what: str) -> None:
        """Refuse a file of nothing but tiny values, which would take far more memory than that."""
        self._left -= scalars
        if self._left < 0:
            size = counted(self.stream.size, "byte")
            self.stream.fail(f"fewer values than fill {size}", f"more in {what}")

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
                stream.skip(12, what)
                return Skipped()
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
            pairs = numeric_pairs(stream, count)
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
        """Read one variant (section 2.2).

        Parameters
        ----------
        what : str
            What it is, for errors.
        depth : int
            How many variants it is nested in.

        Raises
        ------
        ModelFormatError
            If it is damaged, of another type, or nested too deep.
        """
        stream = self.stream
        start = stream.offset
        which = stream.i32(f"variant type of {what}")
        if depth > MAX_DEPTH:
            stream.fail(f"{what} nested at most {MAX_DEPTH} deep", "a deeper variant", start)
        self._spend(_CONTAINER_COST, what)
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
            # Errors need no more of the names, and here a text is made for each entry.
            entries[name] = self.variant(
                f"{what[-_LONGEST_NAME:]}.{name[:_LONGEST_NAME]}", depth + 1
            )
        return entries

    def tagged_variant(self, what: str) -> Any:
        """Read a variant that follows the constant tag (section 2.3)."""
        self.stream.expect_u64(VARIANT_TAG, f"tag of {what}")
        return self.variant(what)

    def variant_fields(self, what: str, *, tagged: bool) -> Fields:
        """Read a variant that holds named fields: a variant map, or a DICT with string keys.

        Parameters
        ----------
        what : str
            What the fields describe, for errors.
        tagged : bool
            Whether the constant tag comes first (section 2.3).

        Raises
        ------
        ModelFormatError
            If it is damaged, or something else.
        """
        start = self.stream.offset
        value = self.tagged_variant(what) if tagged else self.variant(what)
        if isinstance(value, PairList):
            value = value.as_dict()
        if not isinstance(value, dict):
            self.stream.fail(f"a map of {what}", type(value).__name__, start)
        return Fields(self.stream, start, what, value)
