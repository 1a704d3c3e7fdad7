"""Logs that cannot be: each is refused in one line that names column, row and value."""

from __future__ import annotations

import gzip
import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.reader import GOOD, HEADER, SUNDAY, Reader, lines

pytestmark = pytest.mark.slow

NOW = int(time.time())


def with_row(row: str) -> bytes:
    """Return a good log with another row, which is row 5."""
    return lines(*GOOD, row, GOOD[0])


def with_time(text: str) -> bytes:
    return with_row(f"{text},1,view,10")


def with_iso(text: str) -> bytes:
    rows = ("2015-05-03T00:00:00Z,1,view,10", "2015-05-03T00:00:00Z,1,view,11")
    return lines(*rows, "2015-05-03,2,view,10", f"{text},1,view,10")


def with_column(*values: str) -> bytes:
    """Return a log with a further column, x; its first value is in row 2."""
    rows = [f"{GOOD[place % 3]},{value}" for place, value in enumerate(values)]
    return lines(*rows, header=HEADER + ",x")


PACKED = gzip.compress(lines(*GOOD * 50_000), mtime=0)
REFUSED: dict[str, tuple[bytes, tuple[str, ...], str]] = {
    "no such column": (
        lines("1,2,view", header="timestamp,visitorid,event"),
        (),
        "row 1: the log has no column itemid (--item); it has timestamp, visitorid, event",
    ),
    "no such user column": (lines(*GOOD), ("--user", "user"), "no column user (--user)"),
    "no such event column": (lines(*GOOD), ("--event", "kind"), "no column kind (--event)"),
    "no such time column": (lines(*GOOD), ("--time", "when"), "no column when (--time)"),
    "no such rating": (lines(*GOOD), ("--rating", "stars"), "no column stars (--rating)"),
    "no such context": (lines(*GOOD), ("--context", "shop"), "no column shop (--context)"),
    "a column twice": (lines(header=HEADER + ",itemid"), (), "has the column itemid twice"),
    "events twice": (lines(header=HEADER + ",event"), (), "has the column event twice"),
    "a name that is no word": (lines(header="a b,\u2028"), (), r"'a b', '\u2028'"),
    "a thousand columns": (lines(header=",".join(map(str, range(1000)))), (), "28, 29, ..."),
    "a header alone": (lines(), (), "a header (row 1) and no events"),
    "a header without an end": (HEADER.encode(), (), "a header (row 1) and no events"),
    "an empty line": (b"\n", (), "it has no columns"),
    "nothing": (b"", (), "the file is empty"),
    "nothing, packed": (gzip.compress(b""), (), "the file is empty"),
    "packed, and cut off": (PACKED[:-20], (), "cannot be read beyond row"),
    "packed, and cut off early": (
        PACKED[:15],
        (),
        "cannot be read, not even its first row: Compressed file ended before the end-of-stream "
        "marker was reached (a gzip file that is broken, or was not copied whole)",
    ),
    "packed, and broken": (PACKED[:-8] + bytes(8), (), "cannot be read beyond row"),
    "packed, and no such thing": (b"\x1f\x8bnothing", (), "read, not even its first row: "),
    "packed by zip": (b"PK\x03\x04" + bytes(50), (), "packed by zip, or a workbook of Excel: make"),
    "packed by xz": (b"\xfd7zXZ\x00" + bytes(50), (), "row 1: the file is packed by xz: make it"),
    "packed, and more": (PACKED + b"more", (), "cannot be read beyond row"),
    "Latin-1": (with_row(f"{SUNDAY},1,?,10").replace(b"?", b"\xe4"), (), "row 5: no UTF-8 text"),
    "UTF-16": (
        lines(*GOOD).decode().encode("utf-16"),
        (),
        "row 1: the file is UTF-16, not UTF-8: save it as UTF-8 (iconv -f UTF-16 -t UTF-8)",
    ),
    "UTF-16 without a mark": (lines(*GOOD).decode().encode("utf-16-le"), (), "UTF-16LE, not"),
    "UTF-16, the other": (lines(*GOOD).decode().encode("utf-16-be"), (), "UTF-16BE, not"),
    "UTF-16, packed": (gzip.compress(lines(*GOOD).decode().encode("utf-16")), (), "UTF-16, not"),
    "UTF-32": (lines(*GOOD).decode().encode("utf-32"), (), "row 1: the file is UTF-32, not UTF-8"),
    "a NUL": (with_row(f"{SUNDAY},1,vi\0ew,10"), (), "row 5: a NUL byte"),
    "a NUL in the header": (b"\0" + lines(*GOOD), (), "row 1: a NUL byte"),
    "too few fields": (with_row(f"{SUNDAY},1,view"), (), "row 5: 3 fields where the header has 4"),
    "too many fields": (with_row(f"{SUNDAY},1,view,10,"), (), "row 5: 5 fields where the header"),
    "one field": (with_row(" "), (), "row 5: 1 field where the header has 4: ' '"),
    "a quote without an end": (with_row(f'{SUNDAY},"1,view,10'), (), "row 5: unexpected end"),
    "letters behind a quote": (with_row(f'{SUNDAY},"1"2,view,10'), (), "row 5: "),
    "line ends of an old Mac": (lines(*GOOD).replace(b"\n", b"\r"), (), "row 1: new-line"),
    "how to mend them": (lines(*GOOD).replace(b"\n", b"\r"), (), "save the file with LF or CR LF"),
    "many of them": (
        lines(*GOOD * 20_000).replace(b"\n", b"\r"),
        (),
        "row 1: new-lines that are CR",
    ),
    "one of them": (
        with_row(f"{SUNDAY},1,view,10\r{SUNDAY},1,view,11"),
        (),
        "row 5: new-lines that",
    ),
    "a long field": (with_row(f"{SUNDAY},{'1' * 200_000},view,10"), (), "row 5: field larger"),
    "a long line": (with_row("1" * 2_000_000), (), "row 5: more than 1048576 bytes"),
    "no visitor": (with_row(f"{SUNDAY},,view,10"), (), "column visitorid, row 5: '' is a missing"),
    "a blank visitor": (with_row(f"{SUNDAY}, ,view,10"), (), "column visitorid, row 5: ' ' is a"),
    "a visitor that is NULL": (with_row(f"{SUNDAY},NULL,view,10"), (), "visitorid, row 5: 'NULL'"),
    "a visitor that is nan": (with_row(f"{SUNDAY},nan,view,10"), (), "visitorid, row 5: 'nan'"),
    "no item": (with_row(f"{SUNDAY},1,view,"), (), "column itemid, row 5: '' is a missing id"),
    "no item among strings": (
        lines(*(row.replace(",1", ",A1") for row in GOOD), f"{SUNDAY},1,view,"),
        (),
        "column itemid, row 5: '' is a missing id",
    ),
    "a long id": (with_row(f"{SUNDAY},{'a' * 1001},view,10"), (), "more than 1000 characters"),
    "a long event": (with_row(f"{SUNDAY},1,{'a' * 1001},10"), (), "row 5: 'aaa"),
    "65 bits": (
        with_row(f"{SUNDAY},{2**63},view,10"),
        (),
        f"column visitorid, row 5: '{2**63}' is an integer of more than 64 bits",
    ),
    "65 bits below zero": (with_row(f"{SUNDAY},1,view,{-(2**63) - 1}"), (), "itemid, row 5: '-92"),
    "a million bits": (with_row(f"{SUNDAY},{'9' * 100_000},view,10"), (), "row 5: '999"),
    "no time": (with_time(""), (), "column timestamp, row 5: '' is no number of milliseconds"),
    "a word": (with_time("today"), (), "row 5: 'today' is no number of milliseconds"),
    "nan": (with_time("nan"), (), "row 5: 'nan' is no number of milliseconds"),
    "an underscore": (with_time(f"{SUNDAY}"[:-3] + "_000"), (), "_000' is no number of millisec"),
    "a blank that does not break": (with_time(f"\u00a0{SUNDAY}"), (), "row 5: '\\xa014306112"),
    "digits of another script": (with_time("\uff11" + f"{SUNDAY}"[1:]), (), "is no number of mil"),
    "infinity": (with_time("1e999"), (), "row 5: '1e999' is no number of milliseconds"),
    "another kind of time": (with_time("2015-05-03"), (), "milliseconds (--time-unit iso?)"),
    "1989": (with_time("599616000000"), (), "row 5: '599616000000' is 1989-01-01 in milliseconds"),
    "the future": (with_time(f"{(NOW + 2 * 86400)}000"), (), "before 1990 or in the future"),
    "in no year": (with_time("9" * 18), (), "is in no year from 1 to 9999 in milliseconds"),
    "in no range": (with_time("1e300"), (), "is in no year from 1 to 9999 in milliseconds"),
    "one in seconds": (
        with_time("1430611200"),
        (),
        "'1430611200' is 1970-01-17 in milliseconds, which is before 1990 or in the future; "
        "in seconds it is 2015-05-03 (--time-unit s)",
    ),
    "seconds read as ms": (
        lines(*(row.replace("000,", ",", 1) for row in GOOD)),
        ("--time-unit", "ms"),
        "column timestamp, row 2: '1430611200' is 1970-01-17 in milliseconds, which is before 1990 "
        "or in the future; in seconds it is 2015-05-03 (--time-unit s)",
    ),
    "ms read as us": (lines(*GOOD), ("--time-unit", "us"), "it is 2015-05-03 (--time-unit ms)"),
    "ms read as s": (lines(*GOOD), ("--time-unit", "s"), "it is 2015-05-03 (--time-unit ms)"),
    "ms read as ISO": (lines(*GOOD), ("--time-unit", "iso"), "(--time-unit s, ms or us?)"),
    "no unit": (lines("0,1,view,10", *GOOD), (), "row 2: '0' is no time from 1990 to now"),
    "a day as a number": (lines("20150503,1,view,10"), (), "row 2: '20150503' is no time from"),
    "no such day": (with_iso("2015-02-30T00:00:00Z"), (), "row 5: '2015-02-30T00:00:00Z' is on no"),
    "no such hour": (with_iso("2015-05-03T25:00"), (), "row 5: '2015-05-03T25:00' is on no"),
    "no such offset": (with_iso("2015-05-03T20:00+99:00"), (), "is no ISO 8601 time"),
    "a form of its own": (with_iso("03/05/2015"), (), "row 5: '03/05/2015' is no ISO 8601 time"),
    "only a clock": (with_iso("12:00"), (), "row 5: '12:00' is no ISO 8601 time"),
    "ISO of 1989": (with_iso("1989-12-31T23:59Z"), (), "row 5: '1989-12-31T23:59Z' is before"),
    "ISO of the future": (with_iso("9999-01-01"), (), "row 5: '9999-01-01' is before 1990 or in"),
    "far away, on a wall clock": (
        with_iso("2599-12-03T00:00"),
        ("--time-zone", "Asia/Tokyo"),
        "row 5: '2599-12-03T00:00' is before 1990 or in the future",
    ),
    "one user": (
        lines(GOOD[0], GOOD[1]),
        (),
        "column visitorid, from row 2 on: 1 is the only user",
    ),
    "one item": (
        lines(GOOD[0], GOOD[2]),
        (),
        "column visitorid, from row 2 on: 1 has one item only (10), as has every user",
    ),
    "nothing twice": (
        lines(GOOD[0], GOOD[1], f"{SUNDAY},2,view,12"),
        (),
        "column itemid, from row 2 on: 10 has one user only (1), as has every item",
    ),
    "an unknown event": (
        with_row(f"{SUNDAY},1,buy,10"),
        (),
        "column event, row 5: unknown event 'buy' (there are weights of 'view', 'addtocart'",
    ),
    "an event without a weight": (
        lines(*GOOD),
        ("--weights", "view=1"),
        "column event, row 3: unknown event 'addtocart' (there are weights of 'view': see",
    ),
    "weights without events": (
        lines(*GOOD, header=HEADER.replace("event", "kind")),
        ("--weights", "view=1"),
        "no column event (--event), to which --weights applies",
    ),
    "a weight that is a word": (b"", ("--weights", "view=much"), "'much' of event 'view' is no"),
    "a weight that is nan": (b"", ("--weights", "view=nan"), "'nan' of event 'view' is no finite"),
    "a weight with an underscore": (b"", ("--weights", "view=1_0"), "'1_0' of event 'view' is no"),
    "a weight that is infinite": (b"", ("--weights", "a=1,b=inf"), "'inf' of event 'b' is no"),
    "no weight": (b"", ("--weights", "view"), "--weights: 'view' is not EVENT=NUMBER"),
    "two weights": (b"", ("--weights", "a=1,a=2"), "--weights: 'a=2' names an event twice"),
    "no rating": (with_column("1", ""), ("--rating", "x"), "column x, row 3: '' is no finite"),
    "a rating that is a word": (with_column("good"), ("--rating", "x"), "row 2: 'good' is no"),
    "a rating that is nan": (with_column("1", "nan"), ("--rating", "x"), "row 3: 'nan' is no"),
    "a rating with an underscore": (with_column("1_0"), ("--rating", "x"), "row 2: '1_0' is no"),
    "a rating in wide blanks": (with_column("1\u00a0"), ("--rating", "x"), "row 2: '1\\xa0' is"),
    "an Arabic rating": (
        with_column("\u0661"),
        ("--rating", "x"),
        "column x, row 2: '\u0661' is no",
    ),
    "an infinite rating": (with_column("1", "-inf"), ("--rating", "x"), "row 3: '-inf' is no"),
    "ratings and weights": (b"", ("--rating", "x", "--weights", "a=1"), "--rating takes the place"),
    "ratings and events": (b"", ("--rating", "x", "--event", "y"), "--rating takes the place"),
    "too many categories": (
        with_column(*map(str, range(10_001))),
        ("--context", "x"),
        "column x, row 10002: '10000' is one of more than 10000 different values",
    ),
    "too many kinds of events": (
        lines(*(f"{SUNDAY},1,e{n},10" for n in range(1001))),
        (),
        "column event, row 1002: 'e1000' is one of more than 1000 different values",
    ),
    "no such zone": (b"", ("--time-zone", "Mars/North"), "--time-zone: 'Mars/North' is no name of"),
    "no such separator": (b"", ("--separator", ":"), "--separator: ':' is none of auto, ,, ;, tab"),
    "a column without a name": (b"", ("--user", ""), "--user: '' is no name of a column"),
    "no name of a rating": (b"", ("--rating", ""), "--rating: '' is no name of a column"),
    "events as context": (
        lines(*GOOD),
        ("--context", "event"),
        "column event is already one that the trainer has of its own (user, item, event, time, "
        "weight): rename the log's column, or leave it out of --context",
    ),
    "times as context": (b"", ("--context", "timestamp"), "timestamp is already named by --time: "),
    "what --time is for": (lines(header="when,visitorid,itemid"), (), "needs the time of each eve"),
    "the same column twice": (b"", ("--user", "a", "--item", "a"), "column a is already"),
    "a reserved user column": (b"", ("--user", "target"), "column target is already"),
    "a user column called as context": (b"", ("--user", "month"), "column month is already"),
    "a reserved context": (b"", ("--context", "weight"), "column weight is already"),
    "context twice": (b"", ("--context", "a,a"), "column a is already"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_in_one_line(reader: Reader, case: str) -> None:
    log, arguments, message = REFUSED[case]
    assert message in reader.error(log, *arguments)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("some", "--keep: 'some' is none of distinct-items:N, quantiles:V,I or all"),
        ("distinct-items", "is none of"),
        ("distinct-items:-1", "is none of"),
        ("distinct-items:9999999999", "is none of"),
        ("quantiles:0.8", "does not have two numbers from 0 to 1"),
        ("quantiles:0.8,2", "does not have two numbers from 0 to 1"),
        ("distinct-items:1_0", "is none of"),
        ("distinct-items:\u0662", "is none of"),
        ("quantiles:0_1,0.5", "does not have two numbers from 0 to 1"),
        ("quantiles:nan,0.5", "does not have two numbers from 0 to 1"),
        ("distinct-items:3", "--keep distinct-items:3 leaves none of 2 visitors"),
    ],
)
def test_whom_nobody_can_keep(reader: Reader, rule: str, message: str) -> None:
    assert message in reader.error(lines(*GOOD), "--keep", rule, is_prepared=True)


def test_what_is_no_file(reader: Reader, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "is no regular file" in reader.error(pipe)
    assert "is a folder, no event log" in reader.error(tmp_path)
    assert "cannot be read: No such file" in reader.error(tmp_path / "a\nb")
    assert "cannot be read: embedded null byte" in reader.error(tmp_path / "a\0b")
    assert "cannot be read: File name too long" in reader.error(tmp_path / ("a" * 300))


def test_the_row_is_a_line_of_the_file_whatever_came_before(reader: Reader) -> None:
    several = f'\n{SUNDAY},1,"view\nof\nmany",10\n\r\n'
    log = lines(*GOOD, several, f"{SUNDAY},,view,10")
    assert log.split(b"\n")[10].endswith(b",,view,10")
    error = reader.error(log, "--rating", "itemid", "--item", "event")
    assert "row 11: '' is a missing id" in error


def test_the_row_is_right_far_down_the_file(reader: Reader) -> None:
    log = lines(*GOOD * 50_000, f"{SUNDAY},1,view,none", f"{SUNDAY},1,view,NA")
    assert "column itemid, row 150003: 'NA' is a missing id" in reader.error(log)


PIECES = st.sampled_from(
    [
        *(b",", b"\n", b'"', b";", b"\t", b"\0", b"\r", b"\xff"),
        *(b"1", b"2", b"1430611200", b"000", b"2015-05-03", b"view", b"nan", b"-", b"."),
    ]
)


@given(content=st.binary(max_size=200))
@settings(deadline=None)
def test_random_bytes_are_refused(reader: Reader, content: bytes) -> None:
    reader.error(content)


@given(
    content=st.lists(PIECES, max_size=60).map(b"".join),
    is_packed=st.booleans(),
    arguments=st.sampled_from(
        [
            *((), ("--context", "event"), ("--time-unit", "iso")),
            *(("--rating", "event"), ("--weights", "view=1")),
        ]
    ),
)
@settings(deadline=None)
def test_random_rows_are_rows_or_refused(
    reader: Reader, content: bytes, is_packed: bool, arguments: tuple[str, ...]
) -> None:
    log = lines(*GOOD) + content
    if arguments == ("--context", "event"):
        log, arguments = log.replace(b"event", b"kind", 1), ("--context", "kind")
    if arguments == ("--rating", "event"):
        arguments = ("--rating", "itemid", "--item", "event")
    answer = reader.answer(gzip.compress(log) if is_packed else log, *arguments, is_prepared=True)
    if "error" in answer:
        assert len(answer["error"].splitlines()) == 1
    else:
        assert len({len(column) for column in answer["columns"].values()}) == 1
