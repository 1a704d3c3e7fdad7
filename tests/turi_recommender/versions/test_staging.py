from __future__ import annotations

import os
from pathlib import Path

import pytest

from turi_recommender.errors import RegistrationError
from turi_recommender.versions.staging import (
    copy_errors,
    copy_listed,
    publish,
    remove_stale,
    write_whole,
)


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_a_folder_appears_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "name" / "1"
    seen: list[Path] = []

    def fill(staging: Path) -> None:
        assert not target.exists()
        assert staging.parent == target.parent  # so that renaming it copies nothing
        assert staging.name.startswith(".")
        write(staging, {"a": b"1"})
        seen.append(staging)

    publish(tmp_path / "source", target, fill)
    assert (target / "a").read_bytes() == b"1"
    assert target.stat().st_mode & 0o777 == 0o755
    assert not seen[0].exists()


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_nothing_is_left_of_what_failed(tmp_path: Path, error: BaseException) -> None:
    def fill(staging: Path) -> None:
        write(staging, {"a": b"1"})
        raise error

    with pytest.raises(type(error)):
        publish(tmp_path / "source", tmp_path / "name" / "1", fill)
    assert list((tmp_path / "name").iterdir()) == []


def test_of_two_at_once_the_second_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "name" / "1"

    def fast(staging: Path) -> None:
        write(staging, {"a": b"fast"})

    def slow(staging: Path) -> None:
        write(staging, {"a": b"slow"})
        publish(tmp_path / "source", target, fast)

    with pytest.raises(RegistrationError, match="cannot copy"):
        publish(tmp_path / "source", target, slow)
    assert (target / "a").read_bytes() == b"fast"
    assert [entry.name for entry in target.parent.iterdir()] == ["1"]


def test_files_are_copied_without_their_modes(tmp_path: Path) -> None:
    source = write(tmp_path / "source", {"a": b"1", "b/c": b"2", "b/d/e": b""})
    (source / "a").chmod(0o400)
    target = tmp_path / "target"
    copy_listed(source, target, ["a", "b/c", "b/d/e"])
    found = {p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file()}
    assert found == {"a", "b/c", "b/d/e"}
    assert (target / "b" / "c").read_bytes() == b"2"
    assert os.access(target / "a", os.W_OK)
    assert (target / "a").stat().st_mode & 0o777 != 0o400


def test_only_what_a_copy_left_is_removed(tmp_path: Path) -> None:
    files = [".registering-x/a", ".registering-y/b/c", "1/a", ".other/a"]
    write(tmp_path, dict.fromkeys(files, b""))
    remove_stale(tmp_path, -1.0)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".other", "1"]
    remove_stale(tmp_path / "nothing")


def test_what_the_system_says_is_told_with_the_source() -> None:
    with (
        pytest.raises(RegistrationError, match=r"cannot copy here: .*No space left"),
        copy_errors(Path("here")),
    ):
        raise OSError(28, "No space left on device")


def test_a_small_file_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "x"
    for text in ("one", "äußerst"):
        write_whole(target, text)
        assert target.read_text(encoding="utf-8") == text
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        write_whole(tmp_path / "folder", "three")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "x"]
