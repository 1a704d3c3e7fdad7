"""A real shop's log, in two forms: EVENT_LOG names it, and the other form lies beside it."""

from __future__ import annotations

import csv
import gzip
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.training.reader import Reader

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("EVENT_LOG" not in os.environ, reason="EVENT_LOG names no event log"),
]

SHOP = (
    *("--user", "user_id", "--item", "item_id", "--event", "event_type", "--time", "event_time"),
    *("--weights", "purchase=50"),
)


def log() -> Path:
    return Path(os.environ["EVENT_LOG"])


def places(values: list[Any]) -> list[int]:
    """Return each value's place in the order in which the different values come."""
    seen: dict[Any, int] = {}
    return [seen.setdefault(value, len(seen)) for value in values]


@pytest.mark.parametrize("rule", ["distinct-items:2", "quantiles:0.8,0.5", "all"])
def test_both_forms_give_the_same_rows(reader: Reader, rule: str) -> None:
    one = reader.rows(log(), "--keep", rule)
    other = reader.rows(log().with_name("events-other-columns.csv.gz"), *SHOP, "--keep", rule)
    assert list(one)[:2] == ["visitorid", "itemid"]
    assert list(other)[:2] == ["user_id", "item_id"]
    assert list(one)[2:] == list(other)[2:] == ["target", "period", "month", "weekday"]
    for mine, theirs in list(zip(one.values(), other.values(), strict=True))[:2]:
        assert places(mine) == places(theirs)
        assert {type(value) for value in mine} == {int}
        assert {type(value) for value in theirs} == {str}
    for name in list(one)[2:]:
        assert one[name] == other[name]
    assert len(one["target"]) > 10_000


def test_every_event_is_read(reader: Reader) -> None:
    with gzip.open(log(), "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    events = reader.events(log())
    assert events["user"] == [int(row["visitorid"]) for row in rows]
    assert events["item"] == [int(row["itemid"]) for row in rows]
    assert events["event"] == [row["event"] for row in rows]
    assert events["time"] == [
        str(datetime.fromtimestamp(int(row["timestamp"]) // 1000, UTC).replace(tzinfo=None))
        for row in rows
    ]
