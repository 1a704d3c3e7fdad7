"""JSON as pandas writes it: what callers of the original deployment compare byte for byte.

``DataFrame.to_json(orient="records")`` rounds floats to ten decimals in a way of its own and
escapes slashes. The rules were found by observing pandas 2.0.3, and the tests compare them with it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import lru_cache

from turi_recommender import Id, Ranking

DECIMALS = 10
_POWER = 10.0**DECIMALS
_LARGE = 1e16 - 1.0
_SMALL = 1e-15


def string_of_records(
    head: str, item: str, heads: Sequence[Id], rankings: Sequence[Ranking]
) -> bytes:
    """Write rows as a JSON string that holds a JSON array of objects, one ranking at a time.

    A megabyte of text is escaped by a single call, in which no other thread gets its turn. So each
    id is escaped by itself, and that was asked about only once for all of its rows.

    Parameters
    ----------
    head, item : str
        Names of the column that was asked about, and of the items in the answer.
    heads : sequence of int or str
        What was asked about.
    rankings : sequence of Ranking
        One ranking for each of them.
    """
    record = _template(head, item)
    written = []
    for one, ranking in zip(heads, rankings, strict=True):
        asked = _id(one)
        pairs = zip(ranking.items, ranking.scores, strict=True)
        rows = [
            record % (asked, _id(other), number(score), rank)
            for rank, (other, score) in enumerate(pairs, 1)
        ]
        if rows:
            written.append(",".join(rows).encode())
    return b'"[%b]"' % b",".join(written)


@lru_cache(maxsize=16)  # there are two kinds of answers, and the models' columns stay the same
def _template(head: str, item: str) -> str:
    names = [_quoted(text(name)).replace("%", "%%") for name in (head, item, "score", "rank")]
    return "{" + ",".join([f"{name}:%s" for name in names]) + "}"


def _id(value: Id | None) -> str:
    """Write an id within the string."""
    if value is None:  # missing in training
        return "null"
    return _quoted(text(value)) if isinstance(value, str) else str(value)


def _quoted(json_text: str) -> str:
    return json.dumps(json_text)[1:-1]


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
