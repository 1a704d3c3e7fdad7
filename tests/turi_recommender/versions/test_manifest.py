"""Digests of a version's files."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.turi_recommender.golden import SAMPLE_MODELS
from turi_recommender.errors import ModelFormatError, ModelNotFoundError
from turi_recommender.versions.locations import Registry
from turi_recommender.versions.manifest import MANIFEST, check_manifest, write_manifest

MODEL = "recommendation_s.model"


@pytest.fixture
def version(tmp_path: Path) -> Path:
    folder = tmp_path / "similarity_model" / "6"
    shutil.copytree(SAMPLE_MODELS / "similarity_model" / "6", folder)
    write_manifest(folder)
    return folder


def test_it_lists_every_file(version: Path) -> None:
    listed = json.loads((version / MANIFEST).read_text())["files"]
    found = {p.relative_to(version).as_posix() for p in version.rglob("*") if p.is_file()}
    assert set(listed) == found - {MANIFEST}
    assert all((version / name).stat().st_size == entry["bytes"] for name, entry in listed.items())
    check_manifest(version)


@pytest.mark.parametrize("size", [0, 1, 2**18 - 1, 2**18, 2**18 + 1, 3 * 2**18 + 5])
def test_digests_are_those_of_the_content(tmp_path: Path, size: int) -> None:
    """Files are read in parts; the last one is seldom full."""
    content = bytes(number % 251 for number in range(size))
    (tmp_path / "data").write_bytes(content)
    write_manifest(tmp_path)
    listed = json.loads((tmp_path / MANIFEST).read_text())["files"]
    assert listed == {"data": {"sha256": hashlib.sha256(content).hexdigest(), "bytes": size}}


def test_a_folder_without_one_is_not_checked(tmp_path: Path) -> None:
    check_manifest(tmp_path)


def test_what_is_no_folder_is_not_a_folder_without_one(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("nowhere", "file", "file/below"):
        with pytest.raises(ModelNotFoundError, match="is not a folder"):
            check_manifest(tmp_path / name)


def test_one_flipped_bit_is_found(version: Path) -> None:
    path = version / MODEL / "objects.bin"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(
        ModelFormatError, match=r"objects\.bin, byte 0: expected .*according to the man"
    ):
        Registry(version.parent.parent).load("similarity_model")


def test_a_missing_file_is_found(version: Path) -> None:
    next((version / MODEL).glob("m_*.0000")).unlink()
    with pytest.raises(
        ModelFormatError, match=r"expected a file according to the manifest, found none"
    ):
        check_manifest(version)


def test_a_new_file_is_found(version: Path) -> None:
    (version / MODEL / "more").write_bytes(b"")
    with pytest.raises(
        ModelFormatError, match=r"expected no such file according to the manifest, found"
    ):
        check_manifest(version)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"files": []}', b'{"files": 1}', b"\xff", b"[" * 100_000],
    ids=["empty", "cut off", "list", "null", "list of files", "number", "not UTF-8", "deep"],
)
def test_another_file_in_its_place(version: Path, content: bytes) -> None:
    (version / MANIFEST).write_bytes(content)
    with pytest.raises(ModelFormatError, match=r"manifest\.json, byte 0: expected a manifest"):
        check_manifest(version)


@pytest.mark.parametrize("other", ["a pipe", "a folder", "a link to nowhere", "a device"])
def test_what_is_no_file_is_not_the_absence_of_a_manifest(version: Path, other: str) -> None:
    manifest = version / MANIFEST
    manifest.unlink()
    match other:
        case "a pipe":
            os.mkfifo(manifest)
        case "a folder":
            manifest.mkdir()
        case "a link to nowhere":
            manifest.symlink_to("nowhere")
        case "a device":
            manifest.symlink_to("/dev/zero")
    with pytest.raises(ModelFormatError) as caught:
        check_manifest(version)
    assert caught.value.path == manifest


@pytest.mark.parametrize("content", ['{"format": 1, "files": {}}', '{"files": []}', "[]", "{}"])
def test_a_manifest_of_nothing_vouches_for_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / MANIFEST).write_text(content)
    with pytest.raises(ModelFormatError, match="a manifest"):
        check_manifest(tmp_path)


def test_of_no_file_no_manifest_is_written(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ModelFormatError, match="files to list in a manifest"):
        write_manifest(tmp_path)
    assert not (tmp_path / MANIFEST).exists()
