"""Logs in the words of many shops, and what the trainer makes of them."""

from __future__ import annotations

import gzip
import hashlib
import random
import time
from pathlib import Path

import pytest

from tests.training.environment import run_python
from tests.training.reader import GOOD, HEADER, SUNDAY, Reader, lines

pytestmark = pytest.mark.slow

SHOP = ("--user", "user_id", "--item", "item_id", "--event", "event_type", "--time", "event_time")
SHOP_HEADER = "user_id,item_id,event_type,event_time"
SHOP_ROWS = (
    "C1,21754,purchase,2015-05-03T00:00:00Z",
    "C1,85123A,purchase,2015-05-03T00:00:00Z",
    "C2,21754,purchase,2015-05-03T01:00:00Z",
)
TIMES = ["2015-05-03 00:00:00", "2015-05-03 00:00:00", "2015-05-03 01:00:00"]


def test_retailrockets_form_needs_no_options(reader: Reader) -> None:
    log = lines(*(f"{row},7" for row in GOOD), header=HEADER + ",transactionid")
    answer = reader.answer(log)
    assert answer["columns"] == {
        "user": [1, 1, 2],
        "item": [10, 11, 10],
        "event": ["view", "addtocart", "view"],
        "time": TIMES,
        "weight": [1.0, 10.0, 1.0],
    }
    assert answer["types"] == {
        "user": "int64",
        "item": "int64",
        "event": "object",
        "time": "datetime64[ns]",
        "weight": "float64",
    }
    assert answer["names"] == ["visitorid", "itemid"]
    assert answer["digest"] == hashlib.sha256(log).hexdigest()
    assert answer["notes"] == ["column timestamp: times are read as ms"]


def test_another_shops_words(reader: Reader) -> None:
    answer = reader.answer(lines(*SHOP_ROWS, header=SHOP_HEADER), *SHOP)
    assert answer["columns"] == {
        "user": ["C1", "C1", "C2"],
        "item": ["21754", "85123A", "21754"],
        "event": ["purchase"] * 3,
        "time": TIMES,
        "weight": [1.0] * 3,
    }
    assert answer["names"] == ["user_id", "item_id"]
    assert answer["notes"] == [
        "column event_type: 'purchase' is one of other events than view, addtocart, transaction: "
        "every event weighs 1 (--weights changes that)",
        "column event_time: times are read as iso",
    ]


def test_ratings_of_films(reader: Reader) -> None:
    header = "userId,movieId,rating,timestamp"
    ratings = ("1,31,2.5,1260759144", "1,1029,3,1260759179", "2,31,4.0,835355493")
    names = ("--user", "userId", "--item", "movieId", "--rating", "rating")
    answer = reader.answer(lines(*ratings, header=header), *names)
    assert answer["columns"]["weight"] == [2.5, 3.0, 4.0]
    assert answer["columns"]["event"] == [""] * 3
    assert answer["columns"]["time"][2] == "1996-06-21 11:11:33"
    rows = reader.rows(lines(*ratings, header=header), *names, "--keep", "all", "--context", "")
    assert list(rows) == ["userId", "movieId", "target"]
    assert rows["target"] == [2.5, 3.0, 4.0]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("named", [True, False])
def test_separators(reader: Reader, separator: str, named: bool) -> None:
    log = lines(*GOOD).replace(b",", separator.encode())
    stated = ("--separator", separator.replace("\t", "tab")) if named else ()
    assert reader.events(log, *stated) == reader.events(lines(*GOOD))


def test_a_separator_is_the_one_that_finds_the_columns(reader: Reader) -> None:
    header = HEADER.replace(",", ";") + ";a,b,c,d,e,f"
    rows = [row.replace(",", ";") + ";0,0,0,0,0,0" for row in GOOD]
    assert reader.events(lines(*rows, header=header)) == reader.events(lines(*GOOD))


def test_quotes_marks_line_ends_and_gzip(reader: Reader) -> None:
    expected = reader.events(lines(*GOOD))
    log = lines(*GOOD)
    quoted = b"\n".join(b'"' + line.replace(b",", b'","') + b'"' for line in log.splitlines())
    for other in (
        log.replace(b"\n", b"\r\n"),
        log[:-1],
        log + b"\n\n",
        b"\xef\xbb\xbf" + log,
        b"\xef\xbb\xbf" + quoted,
        gzip.compress(log),
        gzip.compress(log[:60]) + gzip.compress(log[60:]),
    ):
        assert reader.events(other) == expected


def test_a_value_may_have_separators_quotes_and_line_ends(reader: Reader) -> None:
    odd = 'a,"b"\nc'
    written = '"' + odd.replace('"', '""') + '"'
    log = lines(*(row.replace(",1,", f",{written},") for row in GOOD))
    assert reader.events(log)["user"] == [odd, odd, "2"]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["1", "-2", "9223372036854775807"], [1, -2, 2**63 - 1]),
        (["-9223372036854775808", "0", "3"], [-(2**63), 0, 3]),
        (["1", "2", "x"], ["1", "2", "x"]),
        (["x", "2", "3"], ["x", "2", "3"]),
        (["7", "007", "8"], ["7", "007", "8"]),
        (["1", "2.0", "+3"], ["1", "2.0", "+3"]),
        (["1", "1_0", "\u0663"], ["1", "1_0", "\u0663"]),
        (["99999999999999999999", "2", "x"], ["99999999999999999999", "2", "x"]),
        (["NAN1", "none", " 1 "], ["NAN1", "none", " 1 "]),
    ],
)
def test_ids_are_integers_if_all_are(
    reader: Reader, ids: list[str], expected: list[int | str]
) -> None:
    rows = [f"{SUNDAY},{user},view,{item}" for user in ("u", "v") for item in ids]
    assert reader.events(lines(*rows))["item"] == expected * 2
    rows = [f"{SUNDAY},{user},view,{item}" for item in ("a", "b") for user in ids]
    assert reader.events(lines(*rows))["user"] == expected * 2


def test_ids_become_strings_however_late_a_string_comes(reader: Reader) -> None:
    numbers = [f"{SUNDAY},{n % 100},view,{n}" for n in range(70_000)]
    events = reader.events(lines(*numbers, f"{SUNDAY},0,view,late", f"{SUNDAY},1,view,late"))
    assert events["item"] == [*map(str, range(70_000)), "late", "late"]
    assert events["user"] == [n % 100 for n in range(70_000)] + [0, 1]


MOMENT = 1430622360  # 2015-05-03 03:06:00 UTC


@pytest.mark.parametrize(
    ("text", "unit", "time"),
    [
        (f"{MOMENT}", "s", "03:06:00"),
        (f"{MOMENT}.5", "s", "03:06:00.500"),
        (f"{MOMENT}.0", "s", "03:06:00"),
        (f"{MOMENT}123", "ms", "03:06:00.123"),
        (f"{MOMENT}123456", "us", "03:06:00.123456"),
        ("1.43062236e9", "s", "03:06:00"),
        ("2015-05-03T03:06:00Z", "iso", "03:06:00"),
        ("2015-05-03T03:06:00", "iso", "03:06:00"),
        ("2015-05-03 03:06", "iso", "03:06:00"),
        ("2015-05-03", "iso", "00:00:00"),
        ("2015-05-03 03:06:00 UTC", "iso", "03:06:00"),
        ("2015-05-03T03:06:00.123Z", "iso", "03:06:00.123"),
        ("2015-05-03T03:06:00.123456789+00:00", "iso", "03:06:00.123456"),
        ("2015-05-03T05:06:00+02:00", "iso", "03:06:00"),
        ("2015-05-02T19:36:00-0730", "iso", "03:06:00"),
        ("2015-05-03T05:06+02", "iso", "03:06:00"),
    ],
)
@pytest.mark.parametrize("is_named", [True, False])
def test_units_of_time(reader: Reader, text: str, unit: str, time: str, is_named: bool) -> None:
    log = lines(*(f"{text},{row.split(',', 1)[1]}" for row in GOOD))
    answer = reader.answer(log, "--time-unit", unit if is_named else "auto")
    assert [one.split(" ")[-1] for one in answer["columns"]["time"]] in (
        [time] * 3,
        ["2015-05-03"] * 3,  # pandas shows no midnight
    )
    note = f"column timestamp: times are read as {unit}"
    assert answer["notes"] == ([] if is_named else [note])


def test_wall_clock_times_are_of_the_zone_that_is_named(reader: Reader) -> None:
    header = "timestamp,visitorid,itemid"
    times = [
        "2015-07-01 12:00",  # summer
        "2015-12-01 12:00",
        "2015-12-01T12:00:00+05:00",  # states its own
        "2015-03-29 02:30",  # never on a clock in Berlin
        "2015-10-25 02:30",  # twice
    ]
    rows = [f"{time},{user},{item}" for user in (1, 2) for item, time in enumerate(times)]
    events = reader.events(lines(*rows, header=header), "--time-zone", "Europe/Berlin")
    assert events["time"][:5] == [
        "2015-07-01 10:00:00",
        "2015-12-01 11:00:00",
        "2015-12-01 07:00:00",
        "2015-03-29 01:00:00",
        "2015-10-25 00:30:00",
    ]


def test_numbers_since_1970_are_of_no_zone(reader: Reader) -> None:
    tokyo = reader.events(lines(*GOOD), "--time-zone", "Asia/Tokyo")
    assert tokyo == reader.events(lines(*GOOD))


def test_a_little_ahead_is_no_future(reader: Reader) -> None:
    ahead = int(time.time()) + 3600
    log = lines(*GOOD, f"{ahead}000,1,view,10")
    assert len(reader.events(log)["time"]) == 4


def test_weights(reader: Reader) -> None:
    assert reader.events(lines(*GOOD), "--weights", "view=0.5,addtocart=-2,x=9")["weight"] == [
        0.5,
        -2.0,
        0.5,
    ]
    equals = [row.replace("view", "a=b") for row in GOOD]
    assert reader.events(lines(*equals), "--weights", "a=b=3,addtocart=1")["weight"] == [3, 1, 3]


def test_a_log_without_events(reader: Reader) -> None:
    rows = [",".join(row.split(",")[:2] + row.split(",")[3:]) for row in GOOD]
    answer = reader.answer(lines(*rows, header="timestamp,visitorid,itemid"))
    assert answer["columns"]["weight"] == [1.0] * 3
    assert answer["columns"]["event"] == [""] * 3
    assert answer["notes"][0] == "the log has no column event (--event): every event weighs 1"


def test_context_of_the_log(reader: Reader) -> None:
    header = HEADER + ",device,size,price"
    ends = (",phone,3,1.5", ",,4,2", ",desk,3,1e3")
    log = lines(*(row + end for row, end in zip(GOOD, ends, strict=True)), header=header)
    answer = reader.answer(log, "--context", "price,device,size,period")
    columns, types = answer["columns"], answer["types"]
    assert list(columns)[5:] == ["price", "device", "size"]
    assert columns["device"] == ["phone", "", "desk"]
    assert columns["size"] == [3, 4, 3]
    assert columns["price"] == [1.5, 2.0, 1000.0]
    assert [types[name] for name in ("price", "device", "size")] == ["float64", "object", "int64"]


@pytest.mark.parametrize("name", ["user", "item", "event", "time", "weight"])
def test_a_log_may_use_our_words(reader: Reader, name: str) -> None:
    log = lines(*GOOD, header=HEADER.replace("event", "kind").replace("visitorid", name))
    assert reader.events(log, "--user", name, "--event", "kind")["user"] == [1, 1, 2]


def test_a_large_log_is_read_within_a_gigabyte_and_a_minute(tmp_path: Path) -> None:
    path, draw = tmp_path / "events.csv", random.Random(1)
    kinds = ["view"] * 97 + ["addtocart"] * 2 + ["transaction"]
    with path.open("w") as file:
        file.write(HEADER + ",transactionid\n")
        for n in range(2_760_000):
            visitor, item = draw.randrange(1_400_000), int(235_000 * draw.random() ** 3)
            file.write(f"{SUNDAY + n * 4000},{visitor},{kinds[n % 100]},{item},\n")
    code = (
        "import resource; from training.logs import read_log;"
        f"log = read_log({str(path)!r}); assert len(log.events) == 2760000;"
        "used = resource.getrusage(resource.RUSAGE_SELF);"
        "print(used.ru_maxrss, used.ru_utime + used.ru_stime)"
    )
    kibibytes, seconds = map(float, run_python("-c", code).split())
    print(f"{kibibytes / 1024:.0f} MiB, {seconds:.0f} s of the processor")
    assert kibibytes < 1_000_000
    assert seconds < 60
