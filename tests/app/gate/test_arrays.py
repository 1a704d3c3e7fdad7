"""Arrays that are damaged, or declare more than anybody should read."""

from __future__ import annotations

import os
import resource
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.gate.arrays import MAX_PAIRS, Wanted, read_arrays
from app.gate.errors import CandidateError

WANTED = {"ids": Wanted("iU", MAX_PAIRS)}
Make = Callable[[Path], object]


def header(shape: str, kind: str = "'<i8'", body: bytes = b"") -> bytes:
    """Return an array as it stands in an archive, whatever its header declares."""
    text = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body


def packed(content: bytes, method: int = zipfile.ZIP_DEFLATED, name: str = "ids.npy") -> Make:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", method) as archive:
            archive.writestr(name, content)

    return make


def saved(**arrays: Any) -> Make:
    return lambda path: np.savez_compressed(path, **arrays)


def flipped(path: Path) -> None:
    saved(ids=np.random.default_rng(1).integers(0, 1 << 60, 1000))(path)
    data = bytearray(path.read_bytes())
    data[300] ^= 255
    path.write_bytes(data)


def encrypted(path: Path) -> None:
    packed(header("(0,)"))(path)
    data = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    path.write_bytes(data)


def many(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(30_000):
            archive.writestr(f"{number}.npy", b"")


def twice(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ids.npy", header("(0,)"))
        archive.writestr("ids", header("(0,)"))


@pytest.mark.parametrize(
    "array",
    [np.array([1, 2**62, -3]), np.array(["", "a\u00e9\U0001f600"]), np.arange(300_000, dtype="i4")],
)
def test_it_reads_what_numpy_writes(tmp_path: Path, array: np.ndarray) -> None:
    for write in (np.savez, np.savez_compressed):
        write(tmp_path / "a.npz", ids=array, other=np.array([object()]))
        found = read_arrays(tmp_path / "a.npz", WANTED)
        assert set(found) == {"ids"}
        assert found["ids"].dtype == array.dtype
        assert found["ids"].tolist() == array.tolist()


def test_a_boolean_is_true_or_false(tmp_path: Path) -> None:
    packed(header("(3,)", "'|b1'", b"\x00\x01\x05"), name="b.npy")(tmp_path / "a.npz")
    found = read_arrays(tmp_path / "a.npz", {"b": Wanted("b", 9)})["b"]
    assert found.view(np.uint8).tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    "make",
    [
        packed(header("(1 << 50,)")),
        packed(header(f"({1 << 50},)")),
        packed(header(f"({1 << 31},)")),
        packed(header("(100000000,)")),
        packed(header("(50000000,)", "'<U100'")),
        packed(header("(-1,)")),
        packed(header("(True,)")),
        packed(header("()")),
        packed(header("(1, 1)", body=bytes(8))),
        packed(header("(5,)", body=bytes(39))),
        packed(header("(5,)", body=bytes(41))),
        packed(header("(1,)", "'<U2000000000'")),
        packed(header("(1,)", "'<U1001'", bytes(4004))),
        packed(header("(1000000000,)", "'<U0'")),
        packed(header("(1000000000000,)", "'|V0'")),
        packed(header("(1,)", "'|O'", b"\x80\x04N.")),
        packed(header("(1,)", "[('a', '<i8')]", bytes(8))),
        packed(header("(1,)", "'>i8'", bytes(8))),
        packed(header("(1,)", "'<U1'", struct.pack("<I", 0xD800))),
        packed(header("(1,)", "'<U1'", struct.pack("<I", 0x110000))),
        packed(b"\x93NUMPY\x01\x00\x10\x00" + b"{" * 16),
        packed(b"\x93NUMPY\x01\x00" + struct.pack("<H", 9000) + b"(" * 9000),
        packed(b"\x93NUMPY\x01\x00" + struct.pack("<H", 900) + b"-" * 900),
        packed(b"\x93NUMPY\x01\x00" + struct.pack("<H", 10) + b"'" + b"\0" * 9),
        packed(b"\x93NUMPY\x02\x00\xff\xff\xff\xff"),
        packed(b""),
        packed(header("(0,)"), zipfile.ZIP_LZMA),
        packed(header("(0,)"), zipfile.ZIP_BZIP2),
        packed(header("(0,)"), name="others.npy"),
        saved(ids=np.array([1.5])),
        saved(ids=np.array([np.nan])),
        saved(ids=np.array([b"a"])),
        saved(ids=np.array([True])),
        saved(ids=np.array(["2026-11-26"], "M8[s]")),
        saved(ids=np.array([1j])),
        saved(ids=np.array([1], np.uint64)),
        flipped,
        encrypted,
        many,
        twice,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"PK\x05\x06"),
        lambda path: path.write_bytes(b"PK" * 100_000),
        lambda path: path.mkdir(),
        os.mkfifo,
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to("nowhere"),
    ],
)
def test_whatever_is_wrong_is_one_error(tmp_path: Path, make: Make) -> None:
    path = tmp_path / "pairs.npz"
    make(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CandidateError) as caught:
        read_arrays(path, WANTED)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert "byte 0" not in str(caught.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB


def test_a_small_file_of_many_zeros_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "pairs.npz"
    zeros = bytes(1 << 20)
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("ids.npy", "w", force_zip64=True) as file,
    ):
        file.write(header(f"({MAX_PAIRS + 1},)"))
        for _ in range(100):
            file.write(zeros)
    with pytest.raises(CandidateError, match="ids: expected at most 50000000 values"):
        read_arrays(path, WANTED)


def test_lists_are_found_by_the_beginning_of_their_names(tmp_path: Path) -> None:
    saved(ids=np.array([1]), **{"of:a": np.array([2.5]), "of:b": np.array(["x"])})(
        tmp_path / "a.npz"
    )
    found = read_arrays(tmp_path / "a.npz", WANTED, {"of:": Wanted("fU", 3)})
    assert set(found) == {"ids", "of:a", "of:b"}
    with pytest.raises(CandidateError, match="of:b: expected floats, found <U1"):
        read_arrays(tmp_path / "a.npz", WANTED, {"of:": Wanted("f", 3)})
