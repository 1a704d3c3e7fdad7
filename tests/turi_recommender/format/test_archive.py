from __future__ import annotations

from pathlib import Path

import pytest

from turi_recommender.errors import ModelFormatError
from turi_recommender.format.archive import check_file_name, is_archive, open_archive, read_ini

INDEX = """[archive]
version=1
num_prefixes=3
[metadata]
contents=model
[prefixes]
0000=dir_archive.ini
0001=objects.bin
0002=m_1234
"""


def write(folder: Path, text: str) -> Path:
    (folder / "dir_archive.ini").write_text(text)
    return folder


def test_it_names_the_files_in_order(tmp_path: Path) -> None:
    assert not is_archive(tmp_path)
    archive = open_archive(write(tmp_path, INDEX))
    assert is_archive(tmp_path)
    assert archive.prefixes == ("dir_archive.ini", "objects.bin", "m_1234")
    assert archive.objects_path == tmp_path / "objects.bin"
    assert archive.index_path == tmp_path / "dir_archive.ini"


@pytest.mark.parametrize(
    ("old", "new", "expected", "found"),
    [
        ("num_prefixes=3", "num_prefixes=4", "num_prefixes = the number", "4"),
        ("num_prefixes=3", "num_prefixes=-3", "num_prefixes = the number", "-3"),
        ("num_prefixes=3", "num_prefixes=", "num_prefixes = the number", "nothing"),
        ("num_prefixes=3\n", "", "num_prefixes = the number", "missing"),
        ("0002=m_1234", "0003=m_1234", "prefix 0002 = the name", "''"),
        ("0002=m_1234", "0002=..", "prefix 0002 = the name", "'..'"),
        ("0000=dir_archive.ini", "0000=other.ini", "prefix 0000 = dir_archive.ini", "'other.ini'"),
        ("version=1", "version=", "[archive] version = 1", "nothing"),
        ("contents=model\n", "", "[metadata] contents = model", "missing"),
    ],
)
def test_an_index_that_does_not_add_up(
    tmp_path: Path, old: str, new: str, expected: str, found: str
) -> None:
    assert old in INDEX
    with pytest.raises(ModelFormatError) as caught:
        open_archive(write(tmp_path, INDEX.replace(old, new)))
    assert expected in caught.value.expected
    assert caught.value.found == found


def test_too_few_files(tmp_path: Path) -> None:
    text = INDEX.replace("num_prefixes=3", "num_prefixes=2").replace("0002=m_1234\n", "")
    with pytest.raises(ModelFormatError, match="3 or more"):
        open_archive(write(tmp_path, text))


@pytest.mark.parametrize("data", [b"\xff\xfe", b"[a", b"x=1", b"[a]\nx=1\nx=2"])
def test_a_file_that_is_no_ini(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "some.ini"
    path.write_bytes(data)
    with pytest.raises(ModelFormatError, match="an INI file in UTF-8"):
        read_ini(path)


def test_a_large_file_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "some.ini"
    path.write_bytes(b"#" * (1 << 16))
    read_ini(path)
    path.write_bytes(b"#" * ((1 << 16) + 1))
    with pytest.raises(ModelFormatError, match="a larger file"):
        read_ini(path)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc/passwd", "a\\b", "a\0b"])
def test_names_that_lead_elsewhere(name: str) -> None:
    with pytest.raises(ModelFormatError, match="segment = the name of a file beside it"):
        check_file_name(Path("index"), name, "segment")


@pytest.mark.parametrize("name", ["m_1", "...", "a b", "ü"])
def test_names_of_files(name: str) -> None:
    check_file_name(Path("index"), name, "segment")
