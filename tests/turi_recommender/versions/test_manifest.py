"""Digests of a version's files."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.turi_recommender.golden import SAMPLE_MODELS
from tests.turi_recommender.trained import a_training, training_json
from turi_recommender.errors import ModelFormatError, ModelNotFoundError
from turi_recommender.versions.locations import Registry
from turi_recommender.versions.manifest import (
    MANIFEST,
    check_manifest,
    read_training,
    write_manifest,
)

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
    with pytest.raises(ModelFormatError, match=r"objects\.bin, byte 0: expected .*as in the man"):
        Registry(version.parent.parent).load("similarity_model")


def test_a_missing_file_is_found(version: Path) -> None:
    next((version / MODEL).glob("m_*.0000")).unlink()
    with pytest.raises(
        ModelFormatError, match=r"expected a file that the manifest lists, found none"
    ):
        check_manifest(version)


def test_a_new_file_is_found(version: Path) -> None:
    (version / MODEL / "more").write_bytes(b"")
    with pytest.raises(
        ModelFormatError, match=r"expected nothing that the manifest does not list, found"
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


def test_files_larger_than_any_model_are_not_read(version: Path) -> None:
    listed = json.loads((version / MANIFEST).read_text())
    length = 1 << 43
    os.truncate(version / MODEL / "objects.bin", length)
    listed["files"][f"{MODEL}/objects.bin"]["bytes"] = length
    (version / MANIFEST).write_text(json.dumps(listed))
    with pytest.raises(ModelFormatError, match="files of at most 68719476736 bytes"):
        check_manifest(version)


@pytest.mark.skipif(not Path("/proc/self/pagemap").exists(), reason="no such file here")
def test_a_file_that_ends_later_than_its_length_says_is_not_read_to_its_end(version: Path) -> None:
    listed = json.loads((version / MANIFEST).read_text())
    (version / MODEL / "objects.bin").unlink()
    (version / MODEL / "objects.bin").symlink_to("/proc/self/pagemap")
    listed["files"][f"{MODEL}/objects.bin"]["bytes"] = 0
    (version / MANIFEST).write_text(json.dumps(listed))
    with pytest.raises(ModelFormatError, match=r"objects\.bin"):
        check_manifest(version)


# Format 2: what is known of the training


def read_as_0_1_0(folder: Path) -> None:
    """Check a version as 0.1.0 did: by `files`, and without a look at anything else."""
    with (folder / MANIFEST).open("rb") as file:
        listed = json.loads(file.read(1 << 20))["files"]
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert set(listed) == found - {MANIFEST}
    for name, says in listed.items():
        content = (folder / name).read_bytes()
        assert says == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


# As the trainer of 0.1.0 wrote it, of two files.
FORMAT_1 = """{
 "files": {
  "m.model/a": {
   "bytes": 1,
   "sha256": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
  },
  "m.model/b": {
   "bytes": 0,
   "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
  }
 },
 "format": 1
}
"""


def test_format_1_is_read(tmp_path: Path) -> None:
    (tmp_path / "m.model").mkdir()
    (tmp_path / "m.model" / "a").write_text("a")
    (tmp_path / "m.model" / "b").touch()
    (tmp_path / MANIFEST).write_text(FORMAT_1)
    check_manifest(tmp_path)
    assert read_training(tmp_path) is None
    read_as_0_1_0(tmp_path)


def test_format_1_is_written_where_nothing_is_known(version: Path) -> None:
    content = json.loads((version / MANIFEST).read_text())
    assert (content["format"], set(content)) == (1, {"format", "files"})
    assert read_training(version) is None


def test_format_2_says_how_it_was_trained(version: Path) -> None:
    write_manifest(version, a_training())
    content = json.loads((version / MANIFEST).read_text())
    assert (content["format"], content["training"]) == (2, training_json())
    assert read_training(version) == a_training()
    check_manifest(version)
    entry = Registry(version.parent.parent).load("similarity_model")
    assert (entry.training, entry.training_trouble) == (a_training(), "")


def test_0_1_0_takes_format_2_for_its_own(version: Path) -> None:
    write_manifest(version, a_training())
    read_as_0_1_0(version)


def test_fields_that_nobody_knows_do_no_harm(version: Path) -> None:
    content = json.loads((version / MANIFEST).read_text())
    content.update({"format": 3, "signature": "?", "training": {**training_json(), "seeds": [1]}})
    (version / MANIFEST).write_text(json.dumps(content))
    check_manifest(version)
    training = read_training(version)
    assert training is not None
    assert training.more == {"seeds": [1]}


@pytest.mark.parametrize(
    ("training", "says"),
    [
        ('"none"', "training to be an object"),
        ("{}", "training.trained to be a time"),
        ('{"trained": NaN}', "training.trained to have a finite number"),
        ('{"settings": 1e999}', "training.settings to have a finite number"),
        (f'{{"settings": {"9" * 5000}}}', "settings to have an integer of at most 53 bits"),
        (f'{{"settings": -{"9" * 500_000}}}', "settings to have an integer of at most 53 bits"),
        (
            json.dumps(training_json()).replace('"known": 0.06', '"known": 6'),
            "training.figures.values.known to be from 0 to 1, or null",
        ),
        ('{"settings": ' + 500 * '{"a":' + "1" + 500 * "}" + "}", "lists and objects at most 8 de"),
    ],
)
def test_a_training_that_cannot_be_read_keeps_no_model_from_serving(
    version: Path, training: str, says: str
) -> None:
    content = (version / MANIFEST).read_text().rstrip()
    (version / MANIFEST).write_text(f'{content[:-1]}, "training": {training}}}')
    with pytest.raises(ModelFormatError, match=says) as caught:
        read_training(version)
    assert caught.value.path == version / MANIFEST
    check_manifest(version)
    entry = Registry(version.parent.parent).load("similarity_model")
    assert entry.training is None
    assert says in entry.training_trouble
    assert str(version / MANIFEST) in entry.training_trouble


@pytest.mark.parametrize(
    ("training", "says"),
    [
        ('"' + "x" * (1 << 20) + '"', "a manifest of at most 1048576 bytes, found a larger one"),
        ("[" * 100_000 + "]" * 100_000, "expected a manifest, found lists and objects too deep"),
        ("[" * 500_000, "expected a manifest, found lists and objects too deep"),
    ],
    ids=["large", "deep", "deep and cut off"],
)
def test_a_manifest_of_which_nothing_can_be_known(version: Path, training: str, says: str) -> None:
    content = (version / MANIFEST).read_text().rstrip()
    (version / MANIFEST).write_text(f'{content[:-1]}, "training": {training}}}')
    for read in (check_manifest, read_training):
        with pytest.raises(ModelFormatError, match=says) as caught:
            read(version)
        assert caught.value.path == version / MANIFEST


def test_a_manifest_that_could_not_be_read_again_is_not_written(version: Path) -> None:
    before = (version / MANIFEST).read_text()
    deep = version / MODEL / "/".join(["x" * 200] * 6)
    deep.mkdir(parents=True)
    for number in range(900):
        (deep / str(number)).touch()
    with pytest.raises(ModelFormatError, match="a manifest of at most 1048576 bytes"):
        write_manifest(version)
    assert (version / MANIFEST).read_text() == before


def test_a_training_that_could_not_be_read_again_is_not_written(version: Path) -> None:
    before = (version / MANIFEST).read_text()
    bad = replace(a_training(), settings={"rate": float("nan")})
    with pytest.raises(ModelFormatError, match=r"training\.settings\.rate"):
        write_manifest(version, bad)
    assert (version / MANIFEST).read_text() == before


def test_a_folder_without_a_manifest_says_nothing_of_its_training(tmp_path: Path) -> None:
    assert read_training(tmp_path) is None
    (tmp_path / MANIFEST).write_text("{")
    with pytest.raises(ModelFormatError, match="expected a manifest"):
        read_training(tmp_path)
