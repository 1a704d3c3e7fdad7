"""Logs as Parquet files: the same rules hold for what is in them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.training.environment import run_python
from tests.training.reader import GOOD, Reader, lines
from turi_recommender.versions import Registry

pytestmark = pytest.mark.slow

WRITE = """
import sys, pandas as pd
folder = sys.argv[1] + "/"
log = pd.DataFrame({
    "timestamp": [1430611200000, 1430611200000, 1430614800000],
    "visitorid": [1, 1, 2],
    "event": ["view", "addtocart", "view"],
    "itemid": [10, 11, 10],
    "device": [True, False, None],
})
moments = pd.to_datetime(log.timestamp, unit="ms")
log.to_parquet(folder + "plain")
log.astype({"event": "category", "visitorid": "int32"}).to_parquet(folder + "categories")
log.assign(timestamp=moments).to_parquet(folder + "moments")
tokyo = moments.dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")
log.assign(timestamp=tokyo).to_parquet(folder + "tokyo")
log.assign(itemid=["a", "b", "a"]).to_parquet(folder + "strings")
log.assign(itemid=[1e10, 10000000011.0, 1e10]).to_parquet(folder + "doubles")
log.assign(itemid=[1e10, 0.5, 1e10]).to_parquet(folder + "fractions")
log.assign(itemid=["a", None, "a"]).to_parquet(folder + "missing")
log.assign(itemid=["a", "a" + chr(0), "b"]).to_parquet(folder + "nul")
log.assign(itemid=[[1], [2], [3]]).to_parquet(folder + "lists")
log.assign(itemid=[b"\\xff", b"a", b"b"]).to_parquet(folder + "bytes")
pd.concat([log] * 50000).to_parquet(folder + "long", row_group_size=1000)
log.iloc[:0].to_parquet(folder + "empty")
import pyarrow as pa, pyarrow.parquet as pq
plain = pa.Table.from_pandas(log, preserve_index=False)
def write(name, column, values):
    table = plain.set_column(plain.column_names.index(column), column, values)
    pq.write_table(table, folder + name, version="2.6")
write("far", "itemid", pa.array([1, 2**62, 1], pa.timestamp("ms")))
write("farther", "itemid", pa.array([1, 2**62, 1], pa.timestamp("us")))
write("far_times", "timestamp", pa.array([1430611200000, -2**62, 1], pa.timestamp("ms")))
write("far_days", "itemid", pa.array([1, 2**31 - 1, 1], pa.date32()))
write("fine", "itemid", pa.array([1000, 1001, 1000], pa.timestamp("ns")))
write("fixed", "itemid", pa.array([b"ab", b"a\\xff", b"ab"], pa.binary(2)))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("parquet")
    run_python("-c", WRITE, str(made))
    return made


@pytest.mark.parametrize("name", ["plain", "categories", "moments", "tokyo"])
def test_values_are_those_of_the_same_log_as_text(reader: Reader, folder: Path, name: str) -> None:
    assert reader.events(folder / name) == reader.events(lines(*GOOD))


def test_strings_moments_and_context(reader: Reader, folder: Path) -> None:
    assert reader.events(folder / "strings")["item"] == ["a", "b", "a"]
    events = reader.events(folder / "moments", "--time-zone", "Asia/Tokyo")
    assert events["time"][2] == "2015-05-02 16:00:00"
    events = reader.events(folder / "tokyo", "--time-zone", "Asia/Tokyo", "--context", "device")
    assert events["time"][2] == "2015-05-03 01:00:00"
    assert events["device"] == ["true", "false", ""]


def test_whole_doubles_are_the_integers_that_they_were(reader: Reader, folder: Path) -> None:
    """A column of integers of which one is missing is one of doubles to pandas."""
    assert reader.events(folder / "doubles")["item"] == [
        10_000_000_000,
        10_000_000_011,
        10_000_000_000,
    ]
    assert reader.events(folder / "fractions")["item"] == ["10000000000", "0.5", "10000000000"]


def test_ids_that_differ_by_a_nanosecond_are_two(reader: Reader, folder: Path) -> None:
    before, after = "1970-01-01 00:00:00.000001", "1970-01-01 00:00:00.000001001"
    assert reader.events(folder / "fine")["item"] == [before, after, before]


def test_long_files_are_read_whole(reader: Reader, folder: Path) -> None:
    assert reader.events(folder / "long")["item"] == [10, 11, 10] * 50_000


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing", "column itemid, row 2: '' is a missing id"),
        ("nul", "column itemid, row 2: 'a\\x00' has a NUL character"),
        ("lists", "column itemid: list<element: int64> is no single value"),
        (
            "bytes",
            "column itemid, row 1: b'\\xff' is binary and no UTF-8 text: write the column as",
        ),
        ("fixed", "column itemid, row 2: b'a\\xff' is binary and no UTF-8 text"),
        ("empty", "no events"),
        ("empty", "the Parquet file has columns and no rows"),
        ("far", f"column itemid, row 2: {2**62} ms since 1970 is a timestamp in no year from 1 to"),
        ("farther", f"column itemid, row 2: {2**62} us since 1970 is a timestamp in no year"),
        (
            "far_times",
            f"column timestamp, row 2: {-(2**62)} ms since 1970 is a timestamp in no year",
        ),
        ("far_days", "column itemid, row 2: 'value out of range: 2147483647' is no day"),
    ],
)
def test_what_cannot_be(reader: Reader, folder: Path, name: str, message: str) -> None:
    assert message in reader.error(folder / name)


def test_files_that_are_broken_or_packed(reader: Reader, folder: Path) -> None:
    whole = (folder / "long").read_bytes()
    for broken in (whole[:-100], whole[:4], b"PAR1" + bytes(100) + b"PAR1"):
        assert "the Parquet file cannot be read: " in reader.error(broken)
    damaged = whole[:5000] + bytes(3000) + whole[8000:]
    assert "Parquet file cannot be read" in reader.error(damaged)
    assert "unpack the file first" in reader.error(gzip.compress(whole))
    assert "no column user (--user)" in reader.error(folder / "plain", "--user", "user")


def test_models_are_trained_from_such_a_file(folder: Path, tmp_path: Path) -> None:
    run_python(
        *("-m", "training.train", str(folder / "strings"), "--models-dir", str(tmp_path)),
        *("--keep", "all", "--factors", "4", "--iterations", "3", "--no-evaluation"),
    )
    model = Registry(tmp_path).load("similarity_model").model
    assert model.items.ids([0]) == ["a"]
