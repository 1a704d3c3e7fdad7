"""The items each user interacted with: the `trained_user_items` table of a saved model.

The table is an SArray: a JSON index that names binary segment files, each a run of LZ4 blocks and a
footer that tells where they are. A decompressed block holds whole user rows, one after the other.

Source: docs/format.md, sections 6.1, 6.2 and 6.3.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lz4.block
import numpy as np
from numpy.typing import NDArray

from turi_recommender.errors import ModelFormatError
from turi_recommender.format.archive import check_file_name
from turi_recommender.format.files import read_regular
from turi_recommender.format.stream import Stream
from turi_recommender.wording import counted

_BLOCK = np.dtype(
    [
        ("offset", "<u8"),
        ("length", "<u8"),
        ("raw_length", "<u8"),
        ("elements", "<u8"),
        ("flags", "<u8"),
        ("type", "<u2"),
        ("padding", "V6"),
    ]
)
_LZ4 = 1
_MAX_LZ4_RATIO = 255  # one byte of LZ4 input stands for at most 255 bytes of output
_LARGEST_INDEX = np.uint64(2**32)
_MAX_INDEX_BYTES = 1 << 20  # a list of three bytes becomes an object of sixty
_MAX_SEGMENTS = 100  # each is an open file; saved models have one
# Unpacked interactions are a fifth to a half of a model's files in real models.
_MOST_PER_BYTE = 2
_FREE_BYTES = 1 << 24


@dataclass(frozen=True, slots=True, eq=False)
class Interactions:
    """Items by user, in compressed sparse rows.

    Attributes
    ----------
    starts : ndarray of int64, shape (users + 1,)
        Row of user u is [starts[u], starts[u + 1]).
    items : ndarray of int32, shape (interactions,)
        Item indices, ascending within a row.
    values : ndarray of float64, shape (interactions,)
        Mean target of the pair, or 1.0 where the model has no target.
    """

    starts: NDArray[np.int64]
    items: NDArray[np.int32]
    values: NDArray[np.float64]

    @property
    def num_users(self) -> int:
        """Number of rows."""
        return len(self.starts) - 1

    def row(self, user: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Return the item indices and values of one user."""
        low, high = self.starts[user], self.starts[user + 1]
        return self.items[low:high], self.values[low:high]


def read_interactions(
    root: Path, prefix: str, num_items: int, num_users: int, others: int = 0
) -> Interactions:
    """Read the whole table.

    Parameters
    ----------
    root : Path
        The model directory.
    prefix : str
        The table's file prefix.
    num_items : int
        Item indices must be below it.
    num_users : int
        Trained users; there may be fewer rows, but not more.
    others : int
        Bytes of the model's other files, which vouch for the size of the table, too.

    Raises
    ------
    ModelFormatError
        If a file is missing or damaged, names an item that does not exist, or has too many rows.
    """
    blocks = [
        (stream, offset, record)
        for stream in _segments(root, prefix)
        for offset, record in _blocks(stream)
    ]
    users, entries = _check_totals(blocks, num_users, others)
    starts = np.zeros(users + 1, np.int64)
    items, values = np.empty(entries, np.int32), np.empty(entries, np.float64)
    user = entry = 0
    for stream, _, record in blocks:
        rows = _read_block(stream, record, num_items)
        starts[user + 1 : user + len(rows.starts)] = rows.starts[1:] + entry
        user += rows.num_users
        here = slice(entry, entry + len(rows.items))
        items[here], values[here] = rows.items, rows.values
        entry = here.stop
    return Interactions(starts, items, values)


def _check_totals(
    blocks: Sequence[tuple[Stream, int, Any]], num_users: int, others: int
) -> tuple[int, int]:
    """Refuse more than the files can hold, before anything is unpacked; return rows and entries.

    Blocks that share bytes, or that are nothing but repeats, would make gigabytes of kilobytes.

    Parameters
    ----------
    blocks : sequence of (Stream, int, record)
        File, byte offset and record of each block.
    num_users, others : int
        As for `read_interactions`.
    """
    sizes = {id(stream): stream.size for stream, _, _ in blocks}
    most = _FREE_BYTES + _MOST_PER_BYTE * (sum(sizes.values()) + others)
    ends: dict[int, int] = {}
    users = words = 0
    for stream, offset, record in sorted(blocks, key=lambda each: int(each[2]["offset"])):
        start, length, raw, rows = (
            int(record[name]) for name in ("offset", "length", "raw_length", "elements")
        )
        if start < ends.get(id(stream), 0):
            stream.fail("blocks that do not overlap", f"one at {start}", offset)
        ends[id(stream)] = start + length
        users += rows
        words += raw // 8 - 1
        if 8 * words > most:
            limit = counted(most, "byte")
            stream.fail(f"at most {limit} of interactions", f"{8 * words} or more", offset)
        if users > words:
            stream.fail(f"at most {counted(words, 'user')} with interactions", str(users), offset)
    if users > num_users:
        stream, offset, _ = blocks[-1]
        stream.fail(f"at most {counted(num_users, 'user')} with interactions", str(users), offset)
    return users, (words - users) // 2


def _segments(root: Path, prefix: str) -> list[Stream]:
    """Open the segment files that the index names, in order."""
    return [Stream(root / name) for name in segment_names(root, prefix)]


def segment_names(root: Path, prefix: str) -> list[str]:
    """Return the names of the segment files that the index of a table names, in order.

    Parameters
    ----------
    root : Path
        The model directory.
    prefix : str
        The table's file prefix.

    Raises
    ------
    ModelFormatError
        If the index is missing or damaged, or names what can be no file beside it.
    """
    path = root / f"{prefix}.sidx"
    index = _read_json(path)
    try:
        listed, count = index["segment_files"], index["sarray"]["num_segments"]
    except (KeyError, TypeError) as error:
        raise ModelFormatError(
            path, 0, "sarray.num_segments and segment_files", f"trouble with {error}"
        ) from error
    if isinstance(count, str) and count.isascii() and count.isdecimal():
        count = int(count[:9])
    if type(count) is not int or not isinstance(listed, dict) or not 0 <= count <= _MAX_SEGMENTS:
        raise ModelFormatError(
            path, 0, f"num_segments up to {_MAX_SEGMENTS} and segment_files", repr(count)[:80]
        )
    names: list[str] = []
    for number in range(count):
        name = listed.get(f"{number:04d}")
        if not isinstance(name, str):
            raise ModelFormatError(path, 0, "a name of each segment file", repr(name)[:80])
        check_file_name(path, name, "segment file")
        names.append(name)
    if len(set(names)) != len(names):
        raise ModelFormatError(path, 0, "different segment files", "one of them twice")
    return names


def _read_json(path: Path) -> Any:
    data = read_regular(path, _MAX_INDEX_BYTES + 1)
    if len(data) > _MAX_INDEX_BYTES:
        raise ModelFormatError(path, 0, f"at most {_MAX_INDEX_BYTES} bytes", "a larger file")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ModelFormatError(path, 0, "a JSON index", str(error)) from error


def _blocks(stream: Stream) -> list[tuple[int, Any]]:
    """Read the footer: the block records of the one column, each with its own offset."""
    stream.offset = 0
    if stream.size < 8:
        stream.fail("a segment file of 8 bytes or more", counted(stream.size, "byte"))
    stream.offset = stream.size - 8
    footer = stream.u64("footer length")
    if footer > stream.size - 8:
        stream.fail("a footer within the file", counted(footer, "byte"), stream.size - 8)
    stream.offset = stream.size - 8 - footer
    columns = stream.count("columns", 8)
    if columns != 1:
        stream.fail("one column", str(columns), stream.size - 8 - footer)
    count = stream.count("blocks", _BLOCK.itemsize)
    start = stream.offset
    records = stream.array(_BLOCK, count, "block records")
    for number, record in enumerate(records):
        _check_record(stream, start + number * _BLOCK.itemsize, record)
    return [(start + number * _BLOCK.itemsize, record) for number, record in enumerate(records)]


def _read_block(stream: Stream, record: Any, num_items: int) -> Interactions:
    """Decode one block, whose users are counted from 0 again."""
    words = _block_words(stream, record)
    offset = int(record["offset"])
    starts = _row_starts(words, int(record["elements"]))
    if starts is None:
        rows = counted(int(record["elements"]), "user row")
        stream.fail(f"{rows} to fill the block", "other lengths", offset)
    lengths = words[starts].astype(np.int64)
    bounds = np.zeros(len(starts) + 1, np.int64)
    np.cumsum(lengths, out=bounds[1:])
    # Before a pair stand the number of rows, its own row's length and those of the rows before, and
    # the pairs before it. To select by a mask takes twice the time.
    places = np.repeat(np.arange(2, len(starts) + 2), lengths)
    places += np.arange(0, 2 * len(places), 2)
    items = words[places]
    if len(items) and int(items.max()) >= num_items:
        stream.fail(f"item indices below {num_items}", str(items.max()), offset)
    ascends = items[1:] > items[:-1]
    first = bounds[(bounds > 0) & (bounds < len(items))]
    ascends[first - 1] = True  # a row begins
    if not ascends.all():
        stream.fail("ascending items in each user's row", "others, or an item twice", offset)
    places += 1
    values = words[places].view(np.float64)
    return Interactions(bounds, items.astype(np.int32), values)


def _check_record(stream: Stream, record_offset: int, record: Any) -> None:
    """Refuse a block that cannot be: other flags, outside the file, or of an impossible length."""
    offset, length, raw_length = (int(record[name]) for name in ("offset", "length", "raw_length"))
    flags = int(record["flags"])
    if flags not in (0, _LZ4):
        stream.fail("block flags 0 or 1", str(flags), record_offset)
    if offset + length > stream.size:
        stream.fail("a block within the file", f"bytes {offset} + {length}", record_offset)
    if raw_length % 8 or raw_length < 8 or raw_length > _MAX_LZ4_RATIO * length + 16:
        packed = counted(length, "byte")
        stream.fail(f"a plausible size of {packed} unpacked", str(raw_length), record_offset)


def _block_words(stream: Stream, record: Any) -> NDArray[np.uint64]:
    """Return the decompressed block as u64 words."""
    offset, length, raw_length = (int(record[name]) for name in ("offset", "length", "raw_length"))
    data = memoryview(stream.map)[offset : offset + length]
    if int(record["flags"]) == _LZ4:
        try:
            raw = lz4.block.decompress(data, uncompressed_size=raw_length)
        except (lz4.block.LZ4BlockError, ValueError, MemoryError) as error:
            stream.fail("an LZ4 block", str(error), offset)
    else:
        raw = bytes(data)
    if len(raw) != raw_length:
        stream.fail(f"{counted(raw_length, 'byte')} in the block", str(len(raw)), offset)
    return np.frombuffer(raw, np.uint64)


def _row_starts(words: NDArray[np.uint64], rows: int) -> NDArray[np.int64] | None:
    """Find the rows of a block: word 0 is their number, each row its length n and n pairs."""
    if int(words[0]) != rows or rows >= len(words):
        return None
    guessed = _guess_starts(words)
    if len(guessed) == rows and _is_chain(guessed, words):
        return guessed
    view = words.data
    starts = []
    position, end = 1, len(words)
    for _ in range(rows):
        if position >= end:
            return None
        starts.append(position)
        position += 1 + 2 * view[position]
    return np.array(starts, np.int64) if position == end else None


def _guess_starts(words: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Guess where rows begin: neither at a float64 nor at the item before one.

    As an integer any float64 but 0 and the tiniest is larger than a length or an item can be.
    """
    is_value = np.zeros(len(words) + 1, np.bool_)
    np.greater(words, _LARGEST_INDEX, out=is_value[:-1])
    is_value[0] = True  # the number of rows
    starts: NDArray[np.int64] = np.flatnonzero(~(is_value[:-1] | is_value[1:]))
    return starts


def _is_chain(starts: NDArray[np.int64], words: NDArray[np.uint64]) -> bool:
    """Tell whether each row begins where the one before ends, and the last ends with the block."""
    lengths = words[starts]
    if len(starts) == 0 or starts[0] != 1 or int(lengths.max()) > len(words):
        return False
    ends = starts + 1 + 2 * lengths.astype(np.int64)
    return bool((ends[:-1] == starts[1:]).all() and ends[-1] == len(words))
