from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from turi_recommender.errors import ModelFormatError
from turi_recommender.format.archive import open_archive
from turi_recommender.format.files import read_regular
from turi_recommender.format.stream import Stream


def test_a_file_and_a_link_to_one_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "file", 100) == b"content"
    assert read_regular(tmp_path / "link", 4) == b"cont"


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_folder(path: Path) -> None:
    path.mkdir()


def make_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))


def make_nothing(path: Path) -> None:
    """Leave it missing."""


def make_loop(path: Path) -> None:
    path.symlink_to(path.name)


KINDS = [make_pipe, make_folder, make_device, make_socket, make_nothing, make_loop]


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_nothing_else_is_opened(tmp_path: Path, make: object) -> None:
    """None of these may block: a pipe nobody writes to would, for ever."""
    assert callable(make)
    make(tmp_path / "x")
    for opens in (lambda path: read_regular(path, 1), Stream):
        with pytest.raises(ModelFormatError, match=r"a (regular|readable) file"):
            opens(tmp_path / "x")
    (tmp_path / "dir_archive.ini").unlink(missing_ok=True)
    make(tmp_path / "dir_archive.ini")
    with pytest.raises(ModelFormatError, match=r"a (regular|readable) file"):
        open_archive(tmp_path)
