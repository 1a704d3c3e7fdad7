"""Compare two answers to one payload of `/score`."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from enum import Enum
from typing import Any, NamedTuple

from turi_recommender.wording import counted

# Scores are written with ten decimals; two that differ in the last one only are the same.
_TOLERANCE = 1.0001e-10
_RELATIVE = 1e-12
_SIDE_COLUMNS = {"period", "month", "weekday"}
_OK, _BAD, _BROKEN = 200, 400, 500
_REFUSED = {401: "takes no such key, or needs one", 403: "does not allow this to the key"}


class Outcome(Enum):
    """What came of a payload; the value is how the report calls it."""

    SAME_BYTES = "equal byte for byte"
    SAME_ROWS = "equal rows, scores within 1e-10"
    EXPECTED = "different as the migration page says"
    DIFFERENT = "different"
    NO_ANSWER = "without an answer"


class Reply(NamedTuple):
    """An endpoint's answer."""

    status: int
    body: bytes


class Verdict(NamedTuple):
    """An outcome, and what the report says beside it: no ids, no content."""

    outcome: Outcome
    reason: str = ""


def judge(payload: Any, old: Reply, new: Reply) -> Verdict:
    """Compare two answers.

    Parameters
    ----------
    payload : Any
        What both were asked, decoded.
    old, new : Reply
        What they answered.
    """
    if old.status == new.status and old.status not in (_OK, _BAD):  # a key that neither takes
        same = f"status {old.status} from both endpoints"
        return Verdict(Outcome.NO_ANSWER, same + _advice(old, new))
    if old == new:
        return Verdict(Outcome.SAME_BYTES)
    changed = _status_that_changed(old, new)
    if changed is not None:
        return Verdict(Outcome.EXPECTED, changed)
    if old.status != new.status:
        change = f"status {new.status} instead of {old.status}"
        return Verdict(Outcome.DIFFERENT, change + _advice(old, new))
    if old.status != _OK:  # the texts of errors are not the same
        return Verdict(Outcome.SAME_ROWS)
    difference = _compare_rows(_rows(old.body), _rows(new.body))
    if difference is None:
        return Verdict(Outcome.SAME_ROWS)
    mended = _defect_that_was_mended(payload)
    if mended is not None:
        return Verdict(Outcome.EXPECTED, f"{difference}; {mended}")
    return Verdict(Outcome.DIFFERENT, difference)


def _advice(old: Reply, new: Reply) -> str:
    """Return words on an endpoint that wants another key, or nothing."""
    found = [
        f"; the {side} endpoint {_REFUSED[reply.status]}: --{side}-key-env"
        for side, reply in (("old", old), ("new", new))
        if reply.status in _REFUSED
    ]
    return "".join(found)


def _status_that_changed(old: Reply, new: Reply) -> str | None:
    """Return why another status is right, if it is."""
    if new.status != _BAD:
        return None
    if old.status == _OK and str(_decoded(old.body)).startswith("Error: "):
        return "400 instead of a text that begins with Error:"
    return "400 instead of 500" if old.status == _BROKEN else None


def _defect_that_was_mended(payload: Any) -> str | None:
    """Return which defect of the original the payload meets, if it meets one."""
    if not (isinstance(payload, list) and all(isinstance(each, dict) for each in payload)):
        return None
    columns = set().union(*payload)
    if "visitorid" not in columns:
        return None
    if columns & _SIDE_COLUMNS and "period" not in columns:
        return "side data without period, which the original left out of account"
    if any(set(each) != columns for each in payload):
        return "records that differ in their columns"
    return None


def _decoded(body: bytes) -> Any:
    """Return the value of an answer, which is encoded twice; the text where it is none."""
    value: Any = body.decode(errors="replace")
    for _ in range(2):
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                return value
    return value


def _rows(body: bytes) -> list[dict[str, Any]] | None:
    value = _decoded(body)
    is_table = isinstance(value, list) and all(isinstance(each, dict) for each in value)
    return value if is_table else None


def _compare_rows(old: list[dict[str, Any]] | None, new: list[dict[str, Any]] | None) -> str | None:
    """Return what differs, None if nothing does."""
    if old is None or new is None:
        return "an answer that is not an array of rows"
    if len(old) != len(new):
        return f"{counted(len(new), 'row')} instead of {len(old)}"
    differing = [n for n, rows in enumerate(zip(old, new, strict=True)) if not _is_same(*rows)]
    if not differing:
        return None
    if all(_names(old[n]) == _names(new[n]) for n in differing):
        one, many = "has another score", "have another score"
    elif sorted(map(_unranked, old)) == sorted(map(_unranked, new)):
        one, many = "is in another order", "are in another order"
    else:
        one, many = "names something else", "name something else"
    of_all, first = f"of {counted(len(old), 'row')}", differing[0] + 1
    if len(differing) == 1:
        return f"1 {of_all} {one}: row {first}"
    return f"{len(differing)} {of_all} {many}, the first is row {first}"


def _is_same(old: dict[str, Any], new: dict[str, Any]) -> bool:
    if _names(old) != _names(new):
        return False
    one, other = old.get("score"), new.get("score")
    if isinstance(one, int | float) and isinstance(other, int | float):
        with suppress(OverflowError):  # an integer that no float holds
            return math.isclose(one, other, rel_tol=_RELATIVE, abs_tol=_TOLERANCE)
    return bool(one == other)


def _names(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without its score."""
    return {name: value for name, value in row.items() if name != "score"}


def _unranked(row: dict[str, Any]) -> str:
    return repr(sorted((name, repr(row[name])) for name in row if name not in ("score", "rank")))
