"""Files are hashed, all at once or with pauses, and known again by what the system says of them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from turi_recommender.errors import ModelFormatError
from turi_recommender.versions.digests import hash_all, stamp_of

PIECE = 1 << 18


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, size in (("a", 0), ("b", 1), ("c", 2 * PIECE + 5)):
        (tmp_path / name).write_bytes(os.urandom(size))
    return tmp_path


def test_pauses_change_no_digest(folder: Path) -> None:
    pauses: list[float] = []
    slow = hash_all(folder, ["a", "b", "c"], pauses.append)
    assert slow == hash_all(folder, ["a", "b", "c"])
    for name, hashed in slow.items():
        content = (folder / name).read_bytes()
        assert hashed.sha256 == hashlib.sha256(content).hexdigest()
        assert hashed.listed() == {"sha256": hashed.sha256, "bytes": len(content)}
        assert hashed.stamp == stamp_of(folder / name)
    assert len(pauses) == 0 + 1 + 3  # one after each piece
    assert min(pauses) >= 0.0


def test_a_pause_can_give_up(folder: Path) -> None:
    pieces = 0

    def give_up(_: float) -> None:
        nonlocal pieces
        pieces += 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hash_all(folder, ["c"], give_up)
    assert pieces == 1


def test_a_stamp_tells_writing_and_replacing(folder: Path) -> None:
    file = folder / "b"
    before = stamp_of(file)
    assert stamp_of(file) == before
    os.utime(file, ns=(0, before.mtime_ns + 1))
    assert stamp_of(file) != before
    written = stamp_of(file)
    (folder / "other").write_bytes(file.read_bytes())
    os.utime(folder / "other", ns=(0, written.mtime_ns))
    (folder / "other").replace(file)
    assert stamp_of(file).mtime_ns == written.mtime_ns
    assert stamp_of(file) != written


def test_only_regular_files_have_a_stamp(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "nowhere", "."):
        with pytest.raises(ModelFormatError):
            stamp_of(tmp_path / name)
