"""JSON as pandas writes it: what callers of the original deployment compare byte for byte.

``DataFrame.to_json(orient="records")`` rounds floats to ten decimals in a way of its own and
escapes slashes. The rules were found by observing pandas 2.0.3, and the tests compare them with it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence

DECIMALS = 10
_POWER = 10.0**DECIMALS
_LARGE = 1e16 - 1.0
_SMALL = 1e-15


def records(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write rows as a JSON array of objects.

    Parameters
    ----------
    columns : sequence of str
        Names of the fields.
    rows : iterable of sequences
        The values of each row, in the order of the columns.
    """
    fields = [text(column).replace("%", "%%") + ":%s" for column in columns]
    record = "{" + ",".join(fields) + "}"
    return "[" + ",".join([record % tuple(map(_value, row)) for row in rows]) + "]"


def _value(value: object) -> str:
    if value is None:  # an id that was missing in training
        return "null"
    if isinstance(value, float):
        return number(value)
    return text(value) if isinstance(value, str) else str(value)


def text(value: str) -> str:
    """Write a string: ASCII only, slashes escaped."""
    # DEL is the one character that Python escapes and pandas does not.
    parts = [json.dumps(part)[1:-1].replace("/", "\\/") for part in value.split("\x7f")]
    return '"' + "\x7f".join(parts) + '"'


def number(value: float) -> str:
    """Write a float with at most ten decimals; null where JSON has no number.

    The fraction is split off before it is rounded, and a half is rounded up after an odd digit, or
    after nothing but zeros.
    """
    if not math.isfinite(value):
        return "null"
    size = abs(value)
    if size > _LARGE or 0.0 < size < _SMALL:
        return f"{value:.{DECIMALS}g}"
    whole = int(size)
    scaled = (size - whole) * _POWER
    fraction = int(scaled)
    rest = scaled - fraction
    if rest > 0.5 or (rest == 0.5 and (fraction == 0 or fraction % 2)):
        fraction += 1
    if fraction >= _POWER:
        whole, fraction = whole + 1, 0
    digits = f"{fraction:0{DECIMALS}d}".rstrip("0") or "0"
    return f"{'-' if value < 0 else ''}{whole}.{digits}"
