"""Models that are damaged on purpose: the right form, and a meaning that no whole model has.

Random changes do not find these: counts that let many records share one block, names within names,
values of the right type that contradict each other.
"""

from __future__ import annotations

import json
import os
import random
import struct
from collections.abc import Callable
from pathlib import Path

import lz4.block

from reliability import variants
from tests.turi_recommender import encode

Mutation = Callable[[random.Random, Path], None]

_BLOCK = struct.Struct("<5QH6x")
_END_OF_STATE = encode.tagged(struct.pack("<i", 6))


def apply(draw: random.Random, source: Path, target: Path) -> str:
    """Make a copy of a model that is wrong in one of these ways; say in which.

    Parameters
    ----------
    draw : random.Random
        Decides everything.
    source : Path
        A saved model; it stays as it is.
    target : Path
        The directory of the copy.
    """
    name = draw.choice(sorted(MUTATIONS))
    variants.copy(source, target)
    MUTATIONS[name](draw, target)
    return f"{source.parent.name}: {name}"


def table_files(model: Path) -> tuple[Path, Path]:
    """Return index and segment of the table of interactions."""
    prefix = (model / "dir_archive.ini").read_text().split()[-1].partition("=")[2]
    return model / f"{prefix}.sidx", model / f"{prefix}.0000"


def write_segment(path: Path, blocks: list[tuple[bytes, int, int]], *, copies: int = 1) -> None:
    """Write a segment of compressed blocks.

    Parameters
    ----------
    path : Path
        The file.
    blocks : list of (bytes, int, int)
        LZ4 data, length unpacked, and number of rows of each.
    copies : int
        How many records point at each block.
    """
    body, records = b"", b""
    for data, length, rows in blocks:
        records += _BLOCK.pack(len(body), len(data), length, rows, 1, 0) * copies
        body += data
    footer = struct.pack("<QQ", 1, len(blocks) * copies) + records
    path.write_bytes(body + footer + struct.pack("<Q", len(footer)))


def zeros(rows: int) -> tuple[bytes, int, int]:
    """Return a block of users without items, 255 times smaller than what it unpacks to.

    Its data, its length unpacked, and its number of rows.
    """
    raw = rows.to_bytes(8, "little") + bytes(8 * rows)
    return lz4.block.compress(raw, store_size=False), len(raw), rows


def _many_records_of_one_block(draw: random.Random, model: Path) -> None:
    block = zeros(draw.choice((1 << 10, 1 << 18, 1 << 20)))
    write_segment(table_files(model)[1], [block], copies=draw.choice((2, 100, 1000)))


def _repeats(draw: random.Random, model: Path) -> None:
    write_segment(table_files(model)[1], [zeros(1 << 20)] * draw.choice((1, 4, 64)))


def _one_user_one_item_twice(draw: random.Random, model: Path) -> None:
    item = draw.randrange(3)
    words = struct.pack("<2QQdQd", 1, 2, item, 1.0, item, draw.choice((0.0, 1.0, float("nan"))))
    block = lz4.block.compress(words, store_size=False)
    write_segment(table_files(model)[1], [(block, len(words), 1)])


def _odd_index(draw: random.Random, model: Path) -> None:
    path, segment = table_files(model)
    count = draw.choice(("Infinity", "NaN", "-1", "1e308", "true", '"1"', "9" * 5000, "[]", "null"))
    name = draw.choice((segment.name, "\ud800", "..", "", "a/b", "a\0b", "x" * 5000, 7, None))
    names = json.dumps({"0000": name, "0001": name})
    path.write_text(f'{{"sarray": {{"num_segments": {count}}}, "segment_files": {names}}}')


def _odd_file(draw: random.Random, model: Path) -> None:
    path = draw.choice([model / "dir_archive.ini", model / "objects.bin", *table_files(model)])
    path.unlink()
    match draw.choice(("pipe", "device", "folder", "loop", "empty")):
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to(draw.choice(("/dev/zero", "/dev/null", "/dev/tty")))
        case "folder":
            path.mkdir()
        case "loop":
            path.symlink_to(path.name)
        case _:
            path.touch()


def _long_name(draw: random.Random, model: Path) -> None:
    """Put a map of many values below a name of a megabyte."""
    inner = encode.variant_map({f"{n:05d}": encode.variant(n) for n in range(20_000)})
    name = draw.choice(("n", "é")) * 500_000
    add_to_state(model, encode.string(name) + inner)


def _tiny_values(draw: random.Random, model: Path) -> None:
    """Add hundreds of thousands of values of a byte or a few, each of them an object in memory."""
    count = draw.choice((1 << 14, 1 << 17, 1 << 20))
    one = draw.choice((b"\x87", b"\x84" + bytes(8), b"\x83" + bytes(8), b"\x85" + bytes(8)))
    nested = b"\x84" + encode.u64(1) + b"\x80" + bytes(8)
    values = (nested if draw.random() < 0.3 else one) * count
    add_to_state(
        model, encode.string("x") + struct.pack("<i", 0) + b"\x84" + encode.u64(count) + values
    )


def _nested(draw: random.Random, model: Path) -> None:
    depth = draw.choice((31, 33, 1000, 100_000))
    form = draw.choice((b"\x84" + encode.u64(1), b"\x85" + encode.u64(1) + b"\x87"))
    add_to_state(model, encode.string("x") + struct.pack("<i", 0) + form * depth + b"\x87")


def _lists_that_look_alike(draw: random.Random, model: Path) -> None:
    """Add lists that begin as a long list of strings does, and are none."""
    one = b"\x84" + encode.u64(70) + encode.flexible("a" * draw.choice((1, 200))) + b"\x87" * 69
    count = draw.choice((100, 3000, 20_000))
    add_to_state(
        model, encode.string("x") + struct.pack("<i", 0) + b"\x84" + encode.u64(count) + one * count
    )


def add_to_state(model: Path, entry: bytes) -> None:
    """Put one more entry at the beginning of the state, the first map behind the constant tag."""
    objects = model / "objects.bin"
    data = objects.read_bytes()
    place = data.index(_END_OF_STATE) + len(_END_OF_STATE)
    count = int.from_bytes(data[place : place + 8], "little")
    objects.write_bytes(data[:place] + encode.u64(count + 1) + entry + data[place + 8 :])


def _replaced(model: Path, name: str, old: int, new: bytes) -> bool:
    """Replace a value of `old` bytes that follows a name in a map; tell whether there is one."""
    objects = model / "objects.bin"
    data = objects.read_bytes()
    place = data.find(encode.string(name))
    if place < 0:
        return False
    place += len(encode.string(name))
    objects.write_bytes(data[:place] + new + data[place + old :])
    return True


def _other_type_of_ids(draw: random.Random, model: Path) -> None:
    kind = draw.choice((0, 1, 2, 3, 4, 5, 6, 7))
    _replaced(model, "original_column_type", 13, encode.variant(kind))


def _other_size(draw: random.Random, model: Path) -> None:
    size = draw.choice((0, 1, 2, 7, 2**31 - 1, 2**31, -1))
    _replaced(model, "index_size_at_train_time", 13, encode.variant(size))


def _other_mode(draw: random.Random, model: Path) -> None:
    _replaced(model, "mode", 13, encode.variant(draw.randrange(6)))


def _odd_ids(draw: random.Random, model: Path) -> None:
    """Put other values before the first ids, as many as before."""
    objects = model / "objects.bin"
    data = objects.read_bytes()
    mark = encode.string("values_by_index_lookup") + struct.pack("<i", 0) + b"\x84"
    places = [place for place in range(len(data)) if data.startswith(mark, place)]
    place = draw.choice(places) + len(mark)
    count = int.from_bytes(data[place : place + 8], "little")
    value = draw.choice((None, 1.5, "a", 7, [1], {"a": 1.0}, (1.0, 2.0), "x" * 100_000))
    more = draw.choice((1, 2))
    new = encode.u64(count + more) + encode.flexible(value) * more
    objects.write_bytes(data[:place] + new + data[place + 8 :])


def _odd_seeds(draw: random.Random, model: Path) -> None:
    """Put other seeds in front of those that are there, or a few that are not numbers."""
    objects = model / "objects.bin"
    data = objects.read_bytes()
    mark = encode.string("new_user_seed_items") + struct.pack("<i", 0) + b"\x85"
    place = data.find(mark)
    if place < 0:
        return
    place += len(mark)
    count = int.from_bytes(data[place : place + 8], "little")
    key = draw.choice((-1, 0, 2**31, 2**62, 2**63 - 1, -(2**63), 0.5, "a", None))
    value = draw.choice((0.0, 1.0, float("nan"), float("inf"), 1e308, "a", None))
    pair = encode.flexible(key) + encode.flexible(value)
    objects.write_bytes(data[:place] + encode.u64(count + 1) + pair + data[place + 8 :])


def _odd_neighbours(draw: random.Random, model: Path) -> None:
    """Change values and items of the neighbour table, which nearly ends the file."""
    objects = model / "objects.bin"
    data = bytearray(objects.read_bytes())
    end = data.rfind(struct.pack("<Q", 0x36FE3812B00EDDB0))
    if end < 0:
        return
    records = draw.randrange(1, 6)
    for _ in range(records):
        place = end - 16 * draw.randrange(1, max(2, min(40, end // 32)))
        if draw.random() < 0.5:
            data[place : place + 8] = data[place - 16 : place - 8]  # the neighbour before, again
        else:
            value = draw.choice((2**63 - 1, -(2**63), 2**40 + 1, 2**24 + 1, 0, -1))
            data[place + 8 : place + 16] = struct.pack("<q", value)
    objects.write_bytes(bytes(data))


MUTATIONS: dict[str, Mutation] = {
    "many records of one block": _many_records_of_one_block,
    "repeats": _repeats,
    "one user, one item twice": _one_user_one_item_twice,
    "an odd index": _odd_index,
    "an odd file": _odd_file,
    "a long name": _long_name,
    "tiny values": _tiny_values,
    "nested values": _nested,
    "lists that look alike": _lists_that_look_alike,
    "another type of ids": _other_type_of_ids,
    "another size": _other_size,
    "another mode": _other_mode,
    "odd ids": _odd_ids,
    "odd seeds": _odd_seeds,
    "odd neighbours": _odd_neighbours,
}
