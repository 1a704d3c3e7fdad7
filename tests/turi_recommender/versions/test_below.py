"""What lies below a version's folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from turi_recommender.errors import ModelFormatError
from turi_recommender.versions.below import MAX_DEPTH, MAX_FILES, files_below


def test_files_of_all_folders_in_order(tmp_path: Path) -> None:
    (tmp_path / "b" / "c").mkdir(parents=True)
    for name in ("b/c/2", "b/1", "a", ".hidden"):
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in files_below(tmp_path)]
    assert found == [".hidden", "a", "b/1", "b/c/2"]


def test_links_to_folders_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "nowhere").symlink_to("nothing")
    assert [path.name for path in files_below(tmp_path)] == ["file", "link", "nowhere"]


def test_pipes_count(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert files_below(tmp_path) == [tmp_path / "pipe"]


@pytest.mark.parametrize("count", [MAX_FILES, MAX_FILES + 1])
def test_too_many_files(tmp_path: Path, count: int) -> None:
    for number in range(count):
        (tmp_path / str(number)).touch()
    if count <= MAX_FILES:
        assert len(files_below(tmp_path)) == count
        return
    with pytest.raises(ModelFormatError, match=f"at most {MAX_FILES} files"):
        files_below(tmp_path)


@pytest.mark.parametrize("depth", [MAX_DEPTH - 1, MAX_DEPTH, 50])
def test_folders_in_folders(tmp_path: Path, depth: int) -> None:
    tmp_path.joinpath(*["a"] * depth).mkdir(parents=True)
    if depth < MAX_DEPTH:
        assert files_below(tmp_path) == []
        return
    with pytest.raises(ModelFormatError, match=f"at most {MAX_DEPTH} deep"):
        files_below(tmp_path)


def test_a_name_in_no_encoding(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff")).touch()
    with pytest.raises(ModelFormatError, match="a name in UTF-8") as caught:
        files_below(tmp_path)
    assert r"\udcff" in str(caught.value)
    str(caught.value).encode()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelFormatError, match="No such file"):
        files_below(tmp_path / "nowhere")
