from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.turi_recommender import encode
from turi_recommender.errors import ModelFormatError
from turi_recommender.format.stream import Stream


def make_stream(tmp_path: Path, data: bytes) -> Stream:
    path = tmp_path / "objects.bin"
    path.write_bytes(data)
    return Stream(path)


def test_reads_fields_in_order(tmp_path: Path) -> None:
    data = struct.pack("<BiQqd", 1, -2, 3, -4, 5.5) + encode.string("käse")
    stream = make_stream(tmp_path, data)
    assert stream.boolean("flag") is True
    assert stream.i32("a") == -2
    assert stream.u64("b") == 3
    assert stream.i64("c") == -4
    assert stream.f64("d") == 5.5
    assert stream.string("name") == "käse"
    assert stream.remaining == 0


def test_an_error_names_file_offset_expected_and_found(tmp_path: Path) -> None:
    stream = make_stream(tmp_path, b"\x00" * 10)
    stream.skip(4, "header")
    with pytest.raises(ModelFormatError) as caught:
        stream.u64("number of users")
    error = caught.value
    assert error.path == tmp_path / "objects.bin"
    assert error.offset == 4
    assert error.expected == "number of users (8 bytes)"
    assert error.found == "6 bytes to the end of file"
    assert str(error) == (
        f"{tmp_path}/objects.bin, byte 4: expected number of users (8 bytes), "
        "found 6 bytes to the end of file"
    )


@pytest.mark.parametrize("count", [3, 2**32, 2**63, 2**64 - 1])
def test_a_count_that_the_file_cannot_hold_is_refused_before_use(
    tmp_path: Path, count: int
) -> None:
    stream = make_stream(tmp_path, encode.u64(count) + b"\x00" * 16)
    with pytest.raises(ModelFormatError) as caught:
        stream.counted_array("<f8", "means")
    assert caught.value.offset == 0
    assert str(count) in caught.value.expected


@pytest.mark.parametrize("length", [9, 2**63, 2**64 - 1])
def test_a_string_beyond_the_end_is_refused(tmp_path: Path, length: int) -> None:
    stream = make_stream(tmp_path, encode.u64(length) + b"12345678")
    with pytest.raises(ModelFormatError):
        stream.string("name")


def test_a_string_must_be_utf8(tmp_path: Path) -> None:
    stream = make_stream(tmp_path, encode.string(b"ab\xff"))
    with pytest.raises(ModelFormatError) as caught:
        stream.string("name")
    assert caught.value.offset == 10


def test_a_boolean_is_0_or_1(tmp_path: Path) -> None:
    stream = make_stream(tmp_path, b"\x02")
    with pytest.raises(ModelFormatError, match=r"flag \(0 or 1\), found 2"):
        stream.boolean("flag")


def test_arrays_are_read_only_views(tmp_path: Path) -> None:
    stream = make_stream(tmp_path, b"\xff" + struct.pack("<3d", 1, 2, 3))
    stream.u8("odd byte")
    values = stream.array("<f8", 3, "values")
    assert values.tolist() == [1.0, 2.0, 3.0]
    assert not values.flags.writeable
    assert not values.flags.owndata


@pytest.mark.parametrize("make", ["missing", "empty", "directory"])
def test_a_file_that_cannot_be_mapped(tmp_path: Path, make: str) -> None:
    path = tmp_path / "objects.bin"
    if make == "empty":
        path.touch()
    elif make == "directory":
        path.mkdir()
    with pytest.raises(ModelFormatError) as caught:
        Stream(path)
    assert caught.value.path == path


def test_repeats(tmp_path: Path) -> None:
    stream = make_stream(tmp_path, b"abcabcabd")
    stream.skip(3, "first")
    assert stream.repeats(0, 3)
    assert not stream.repeats(0, 6)
    assert not stream.repeats(0, 60)
