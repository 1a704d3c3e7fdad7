"""What counts as the same answer, as an expected difference, and as another answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.compare.verdict import Outcome, Reply, judge

ROWS = [
    {"visitorid": 6000, "itemid": item, "score": score, "rank": rank}
    for rank, (item, score) in enumerate([(11, 0.5), (12, 0.25), (13, 0.125)], 1)
]
ALONE = [{"visitorid": 6000}]


def reply(value: Any, status: int = 200) -> Reply:
    """Answer as the original does: JSON in a JSON string."""
    return Reply(status, json.dumps(json.dumps(value)).encode())


def changed(row: int, **values: Any) -> list[dict[str, Any]]:
    return [{**each, **values} if n == row else each for n, each in enumerate(ROWS)]


def swapped() -> list[dict[str, Any]]:
    first, second, third = ROWS
    return [{**second, "rank": 1}, {**first, "rank": 2}, third]


@pytest.mark.parametrize(
    ("new", "outcome", "reason"),
    [
        (ROWS, Outcome.SAME_BYTES, ""),
        (changed(1, score=0.2500000001), Outcome.SAME_ROWS, ""),
        (changed(1, score=0.2499999999), Outcome.SAME_ROWS, ""),
        (changed(1, score=0.2500000002), Outcome.DIFFERENT,
         "1 of 3 rows has another score: row 2"),
        (changed(1, score=None), Outcome.DIFFERENT,
         "1 of 3 rows has another score: row 2"),
        (changed(2, itemid=99), Outcome.DIFFERENT,
         "1 of 3 rows names something else: row 3"),
        (changed(2, itemid="13"), Outcome.DIFFERENT,
         "1 of 3 rows names something else: row 3"),
        (changed(0, visitorid=1), Outcome.DIFFERENT,
         "1 of 3 rows names something else: row 1"),
        (swapped(), Outcome.DIFFERENT, "2 of 3 rows are in another order, the first is row 1"),
        (ROWS[:2], Outcome.DIFFERENT, "2 rows instead of 3"),
        (ROWS[:1], Outcome.DIFFERENT, "1 row instead of 3"),
        ([], Outcome.DIFFERENT, "0 rows instead of 3"),
        ("Error: no", Outcome.DIFFERENT, "an answer that is not an array of rows"),
    ],
)  # fmt: skip
def test_rows(new: Any, outcome: Outcome, reason: str) -> None:
    assert judge(ALONE, reply(ROWS), reply(new)) == (outcome, reason)


def test_large_scores_are_compared_by_their_size() -> None:
    one, other = changed(0, score=123456789.1234567), changed(0, score=123456789.1234568)
    assert judge(ALONE, reply(one), reply(other)).outcome == Outcome.SAME_ROWS


def test_another_way_to_write_the_same() -> None:
    plain = Reply(200, json.dumps(ROWS).encode())
    assert judge(ALONE, reply(ROWS), plain).outcome == Outcome.SAME_ROWS


@pytest.mark.parametrize(
    ("old", "new", "outcome"),
    [
        (reply("Error: both"), Reply(400, b"{}"), Outcome.EXPECTED),
        (Reply(200, b'"Error: both"'), Reply(400, b"{}"), Outcome.EXPECTED),
        (Reply(500, b"{}"), Reply(400, b"{}"), Outcome.EXPECTED),
        (Reply(400, b"one"), Reply(400, b"other"), Outcome.SAME_ROWS),
        (Reply(500, b"{}"), Reply(503, b"{}"), Outcome.DIFFERENT),
        (Reply(500, b"{}"), reply(ROWS), Outcome.DIFFERENT),
        (reply(ROWS), Reply(400, b"{}"), Outcome.DIFFERENT),
        (reply(ROWS), Reply(503, b"{}"), Outcome.DIFFERENT),
        (reply(ROWS), Reply(401, b"{}"), Outcome.DIFFERENT),
        (Reply(401, b"{}"), Reply(401, b"{}"), Outcome.NO_ANSWER),
        (Reply(404, b"a"), Reply(404, b"b"), Outcome.NO_ANSWER),
        (Reply(500, b"{}"), Reply(500, b"{}"), Outcome.NO_ANSWER),
    ],
)
def test_statuses(old: Reply, new: Reply, outcome: Outcome) -> None:
    assert judge(ALONE, old, new).outcome == outcome


def test_a_key_that_is_missing_is_named() -> None:
    refused, forbidden = Reply(401, b"{}"), Reply(403, b"{}")
    reason = judge(ALONE, refused, reply(ROWS)).reason
    assert reason.startswith("status 200 instead of 401; the old endpoint takes no such key")
    assert reason.endswith(": --old-key-env")
    assert judge(ALONE, reply(ROWS), forbidden).reason.endswith(": --new-key-env")
    both = judge(ALONE, refused, refused)
    assert "--old-key-env" in both.reason
    assert "--new-key-env" in both.reason


@pytest.mark.parametrize(
    ("payload", "outcome"),
    [
        ([{"visitorid": 1, "weekday": 2}], Outcome.EXPECTED),
        ([{"visitorid": 1, "month": 2}], Outcome.EXPECTED),
        ([{"visitorid": 1, "period": "Night"}, {"visitorid": 2}], Outcome.EXPECTED),
        ([{"visitorid": 1, "period": "Night"}], Outcome.DIFFERENT),
        ([{"visitorid": 1}], Outcome.DIFFERENT),
        ([{"itemid": 1}], Outcome.DIFFERENT),
        ([], Outcome.DIFFERENT),
        ({"visitorid": 1}, Outcome.DIFFERENT),
        ("text", Outcome.DIFFERENT),
    ],
)
def test_defects_that_were_mended(payload: Any, outcome: Outcome) -> None:
    assert judge(payload, reply(ROWS), reply(swapped())).outcome == outcome
    assert judge(payload, reply(ROWS), reply(ROWS)).outcome == Outcome.SAME_BYTES
