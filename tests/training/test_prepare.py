"""Training rows: who is kept, what an event weighs, and in which context it happened."""

from __future__ import annotations

from typing import Any

import pytest

from tests.training.reader import GOOD, HEADER, HOUR, SUNDAY, Reader, lines

pytestmark = pytest.mark.slow

AUTHORS = ("--keep", "quantiles:0.8,0.5")
PERIODS = ["Late Night", "Early Morning", "Morning", "Noon", "Evening", "Night"]


def event(visitor: int, item: int, hour: int = 0, kind: str = "view") -> str:
    return f"{SUNDAY + hour * HOUR},{visitor},{kind},{item}"


def table(rows: dict[str, list[Any]]) -> list[tuple[Any, ...]]:
    return list(zip(*rows.values(), strict=True))


def test_periods_months_weekdays_and_targets(reader: Reader) -> None:
    kinds = ["view", "addtocart", "transaction"] * 8
    log = [event(1, 10, hour, kind) for hour, kind in enumerate(kinds)]
    # Without these there would be nothing to learn; they are too rare to be kept.
    log += [event(2, 10), event(2, 11)]
    answer = reader.rows(lines(*log), *AUTHORS)
    assert list(answer) == ["visitorid", "itemid", "target", "period", "month", "weekday"]
    rows = [row for row in table(answer) if row[0] == 1]
    targets = {"view": 1, "addtocart": 10, "transaction": 50}
    expected = [(PERIODS[hour // 4], targets[kind]) for hour, kind in enumerate(kinds)]
    assert [(row[3], row[2]) for row in rows] == list(dict.fromkeys(expected))
    assert {(row[4], row[5]) for row in rows} == {(5, 6)}  # May, Sunday


def test_the_authors_rule_leaves_out_rare_visitors_and_items(reader: Reader) -> None:
    log = [event(visitor, 10, hour) for hour in range(4) for visitor in (1, 2)]
    log += [event(visitor, 11) for visitor in range(3, 9)]
    log += [event(1, 12, 30), log[0]]
    rows = reader.rows(lines(*log), *AUTHORS)
    # 0.8 quantile of events a visitor is 3, 0.5 quantile of events an item is 6.
    assert set(rows["visitorid"]) == {1, 2}
    assert set(rows["itemid"]) == {10}
    assert len(table(rows)) == 2  # the four views of each fell into one period


def test_visitors_with_two_different_items_are_kept(reader: Reader) -> None:
    log = [event(1, 10), event(1, 11), event(2, 10), event(2, 10, 5), event(3, 11), event(3, 12)]
    rows = reader.rows(lines(*log))
    assert set(rows["visitorid"]) == {1, 3}
    assert set(reader.rows(lines(*log), "--keep", "all")["visitorid"]) == {1, 2, 3}
    assert set(reader.rows(lines(*log), "--keep", "distinct-items:1")["visitorid"]) == {1, 2, 3}


def test_equal_rows_are_kept_once(reader: Reader) -> None:
    log = [event(1, 10), event(1, 10, 1), event(1, 10, 4), event(1, 11), event(2, 10)]
    rows = reader.rows(lines(*log), "--keep", "all")
    assert [(row[0], row[1], row[3]) for row in table(rows)] == [
        (1, 10, "Late Night"),
        (1, 10, "Early Morning"),
        (1, 11, "Late Night"),
        (2, 10, "Late Night"),
    ]
    rows = reader.rows(lines(*log), "--keep", "all", "--context", "weekday")
    assert [row[:2] for row in table(rows)] == [(1, 10), (1, 11), (2, 10)]


def test_context_is_told_in_the_zone_that_is_named(reader: Reader) -> None:
    rows = reader.rows(lines(*GOOD), "--keep", "all", "--time-zone", "America/New_York")
    assert set(rows["period"]) == {"Night"}
    assert set(rows["weekday"]) == {5}  # still Saturday
    assert set(rows["month"]) == {5}
    assert set(reader.rows(lines(*GOOD), "--keep", "all")["weekday"]) == {6}


def test_context_columns_come_in_the_order_that_is_stated(reader: Reader) -> None:
    ends = ["phone", "desk", ""]
    log = lines(
        *(f"{row},{end}" for row, end in zip(GOOD, ends, strict=True)), header=HEADER + ",device"
    )
    rows = reader.rows(log, "--keep", "all", "--context", "device,weekday")
    assert list(rows) == ["visitorid", "itemid", "target", "device", "weekday"]
    assert rows["device"] == ends


def test_targets_are_whole_numbers_where_weights_are(reader: Reader) -> None:
    rows = reader.rows(lines(*GOOD), "--keep", "all")
    assert [type(target) for target in rows["target"]] == [int] * 3
    rows = reader.rows(lines(*GOOD), "--keep", "all", "--weights", "view=0.5,addtocart=1e300")
    assert rows["target"] == [0.5, 1e300, 0.5]
    rows = reader.rows(lines(*GOOD), "--keep", "all", "--weights", "view=1,addtocart=1e300")
    assert rows["target"] == [1, 1e300, 1]
