from __future__ import annotations

import json
import struct
import tempfile
from pathlib import Path

import lz4.block
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turi_recommender.errors import ModelFormatError
from turi_recommender.format.interactions import _row_starts, read_interactions

VALUES = st.floats() | st.sampled_from([1.0, 10.0, 0.0, -0.0, 5e-324])
MANY = 1 << 40  # users
ROWS = st.lists(st.lists(st.tuples(st.integers(0, 2**31), VALUES), max_size=5), max_size=8)


def block(rows: list[list[tuple[int, float]]]) -> tuple[np.ndarray, list[int]]:
    words, starts = [np.uint64(len(rows))], []
    for row in rows:
        starts.append(len(words))
        words.append(np.uint64(len(row)))
        for item, value in row:
            words += [np.uint64(item), np.float64(value).view(np.uint64)]
    return np.array(words, np.uint64), starts


@given(ROWS)
def test_finds_where_rows_begin(rows: list[list[tuple[int, float]]]) -> None:
    words, starts = block(rows)
    found = _row_starts(words, len(rows))
    if rows:
        assert found is not None
        assert found.tolist() == starts
    else:
        assert found is None or len(found) == 0


@given(ROWS.filter(bool), st.data())
def test_a_block_that_does_not_add_up_is_refused(
    rows: list[list[tuple[int, float]]], data: st.DataObject
) -> None:
    words, _ = block(rows)
    assert _row_starts(np.append(words, np.uint64(0)), len(rows)) is None
    assert _row_starts(words, len(rows) + 1) is None
    cut = words[: data.draw(st.integers(1, len(words) - 1))]
    assert _row_starts(cut, len(rows)) is None


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=30), st.integers(0, 30))
def test_any_words_are_read_within_bounds(numbers: list[int], rows: int) -> None:
    words = np.array(numbers, np.uint64)
    starts = _row_starts(words, rows)
    if starts is not None:
        ends = [start + 1 + 2 * int(words[start]) for start in starts.tolist()]
        assert ends == [*starts[1:].tolist(), len(words)] or rows == 0


def write_table(root: Path, segments: list[list[bytes]], *, compressed: bool) -> None:
    """Write an SArray of these blocks (sections 6.1 and 6.2)."""
    names = {f"{number:04d}": f"t.{number:04d}" for number in range(len(segments))}
    index = {"sarray": {"num_segments": len(segments)}, "segment_files": names}
    (root / "t.sidx").write_text(json.dumps(index))
    for name, blocks in zip(names.values(), segments, strict=True):
        body, records = b"", b""
        for raw in blocks:
            data = lz4.block.compress(raw, store_size=False) if compressed else raw
            rows = struct.unpack_from("<Q", raw)[0]
            layout = (len(body), len(data), len(raw), rows, int(compressed), 0)
            records += struct.pack("<5QH6x", *layout)
            body += data
        footer = struct.pack("<QQ", 1, len(blocks)) + records
        (root / name).write_bytes(body + footer + struct.pack("<Q", len(footer)))


ROWS_OF_USERS = ROWS.filter(bool).map(lambda rows: [sorted(dict(row).items()) for row in rows])
TABLES = st.lists(st.lists(ROWS_OF_USERS, max_size=3), min_size=1, max_size=3)


@given(TABLES, st.booleans())
def test_a_table_is_the_rows_of_all_its_blocks(
    table: list[list[list[list[tuple[int, float]]]]], compressed: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        encoded = [[block(rows)[0].tobytes() for rows in blocks] for blocks in table]
        write_table(root, encoded, compressed=compressed)
        read = read_interactions(root, "t", 2**31 + 1, MANY)
        every_row = [row for blocks in table for rows in blocks for row in rows]
        assert read.num_users == len(every_row)
        for user, row in enumerate(every_row):
            items, values = read.row(user)
            assert items.astype(np.uint32).tolist() == [item for item, _ in row]
            assert values.tobytes() == np.array([value for _, value in row]).tobytes()


def test_an_item_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path, [[block([[(3, 1.0)]])[0].tobytes()]], compressed=True)
    assert read_interactions(tmp_path, "t", 4, MANY).items.tolist() == [3]
    with pytest.raises(ModelFormatError, match="item indices below 3, found 3"):
        read_interactions(tmp_path, "t", 3, MANY)


@pytest.mark.parametrize("row", [[(1, 1.0), (1, 2.0)], [(2, 1.0), (1, 1.0)]])
def test_a_row_that_repeats_an_item_is_refused(
    tmp_path: Path, row: list[tuple[int, float]]
) -> None:
    write_table(tmp_path, [[block([[(3, 1.0)], row, [(0, 1.0)]])[0].tobytes()]], compressed=True)
    with pytest.raises(ModelFormatError, match="ascending items in each user's row"):
        read_interactions(tmp_path, "t", 4, MANY)


def test_more_rows_than_users_are_refused_before_they_are_unpacked(tmp_path: Path) -> None:
    """Two million empty rows are 64 kB of LZ4, and took 133 MiB."""
    write_table(tmp_path, [[block([[(3, 1.0)], []])[0].tobytes()]], compressed=True)
    assert read_interactions(tmp_path, "t", 4, 2).num_users == 2
    file = tmp_path / "t.0000"
    data = file.read_bytes()
    file.write_bytes(b"\xff" * 8 + data[8:])  # no block any more: it would be noticed
    with pytest.raises(ModelFormatError, match="at most 1 user with interactions, found 2"):
        read_interactions(tmp_path, "t", 4, 1)


def test_a_large_index_is_not_read_whole(tmp_path: Path) -> None:
    (tmp_path / "t.sidx").write_bytes(b"[" + b"[]," * (1 << 19) + b"[]]")
    with pytest.raises(ModelFormatError, match="at most 1048576 bytes, found a larger file"):
        read_interactions(tmp_path, "t", 4, MANY)


def test_blocks_that_share_bytes_are_refused(tmp_path: Path) -> None:
    """A few kilobytes of records could ask for gigabytes that way."""
    write_table(tmp_path, [[block([[(3, 1.0)]])[0].tobytes()] * 2], compressed=True)
    file = tmp_path / "t.0000"
    data = bytearray(file.read_bytes())
    data[-8 - 48 : -8 - 40] = bytes(8)  # the second block's offset: where the first one is
    file.write_bytes(data)
    with pytest.raises(ModelFormatError, match="blocks that do not overlap"):
        read_interactions(tmp_path, "t", 4, MANY)


def test_repeats_that_unpack_to_more_than_the_files_vouch_for_are_refused(tmp_path: Path) -> None:
    empty_rows = np.zeros(1 << 20, np.uint64)
    empty_rows[0] = len(empty_rows) - 1
    write_table(tmp_path, [[empty_rows.tobytes()] * 2], compressed=True)
    assert read_interactions(tmp_path, "t", 4, MANY).num_users == 2 * (len(empty_rows) - 1)
    write_table(tmp_path, [[empty_rows.tobytes()] * 4], compressed=True)
    with pytest.raises(ModelFormatError, match=r"at most .* bytes of interactions"):
        read_interactions(tmp_path, "t", 4, MANY)
    vouching = 1 << 23
    assert read_interactions(tmp_path, "t", 4, MANY, vouching).num_users == 4 * (
        len(empty_rows) - 1
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"sarray": {"num_segments": Infinity}, "segment_files": {}}',
            "num_segments .* found inf",
        ),
        ('{"sarray": {"num_segments": 1e9}, "segment_files": {}}', "num_segments"),
        ('{"sarray": {"num_segments": -1}, "segment_files": {}}', "num_segments"),
        ('{"sarray": {"num_segments": true}, "segment_files": {}}', "num_segments"),
        ('{"sarray": {"num_segments": 101}, "segment_files": {}}', "num_segments"),
        ('{"sarray": {"num_segments": 1}, "segment_files": []}', "segment_files"),
        ('{"sarray": [], "segment_files": {}}', "trouble with"),
        ('{"sarray": {"num_segments": 1}, "segment_files": {"0000": 7}}', "found 7"),
        (
            '{"sarray": {"num_segments": 1}, "segment_files": {"0000": "a\\ud800"}}',
            "segment file in Unicode",
        ),
        ('{"sarray": {"num_segments": ' + "9" * 5000 + "}}", "a JSON index"),
        ("[" * 100_000, "a JSON index"),
        (
            '{"sarray": {"num_segments": 2}, "segment_files": {"0000": "t", "0001": "t"}}',
            "different segment files",
        ),
    ],
)
def test_an_index_that_means_nothing_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "t.sidx").write_text(text)
    with pytest.raises(ModelFormatError, match=message) as caught:
        read_interactions(tmp_path, "t", 4, MANY)
    assert caught.value.path == tmp_path / "t.sidx"
