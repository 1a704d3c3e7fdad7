"""Notes of what was hashed: when they count, and that they are nothing but hints."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.turi_recommender.golden import SAMPLE_MODELS
from turi_recommender.errors import ModelFormatError
from turi_recommender.versions.checked import CHECKED, is_noted, note_of, remove_note, write_note
from turi_recommender.versions.digests import stamp_of
from turi_recommender.versions.locations import Registry
from turi_recommender.versions.manifest import MANIFEST, hash_and_check, hash_and_write
from turi_recommender.versions.register import register
from turi_recommender.versions.sync import sync

NAME = "similarity_model"
SOURCE = SAMPLE_MODELS / NAME / "6" / "recommendation_s.model"
OBJECTS = Path("recommendation_s.model") / "objects.bin"


@pytest.fixture
def version(tmp_path: Path) -> Path:
    return register(SOURCE, tmp_path / "models", NAME)


def damage(file: Path) -> None:
    """Change a byte as a bad disk does, of which the system knows nothing: so the note does not.

    It is one of the time that training took: the model loads, and answers as before.
    """
    status = file.stat()
    place = file.read_bytes().index(b"training_time") + len("training_time") + 8
    with file.open("r+b") as opened:
        opened.seek(place)
        byte = opened.read(1)[0]
        opened.seek(place)
        opened.write(bytes([byte ^ 1]))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    folder = file.parents[1]
    note = json.loads(note_of(folder).read_text())
    note["files"][file.relative_to(folder).as_posix()].update(stamp_of(file)._asdict())
    note_of(folder).write_text(json.dumps(note, indent=1, sort_keys=True) + "\n")


def test_a_file_that_was_written_to_and_dated_back_is_not_noted(version: Path) -> None:
    file = version / OBJECTS
    status = file.stat()
    with file.open("r+b") as opened:
        opened.write(file.read_bytes()[:1])
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert not is_noted(version)


def test_what_was_registered_is_noted(version: Path) -> None:
    assert note_of(version) == version.parent.parent / CHECKED / NAME / "1.json"
    assert is_noted(version)
    files = json.loads(note_of(version).read_text())["files"]
    listed = json.loads((version / MANIFEST).read_text())["files"]
    assert set(files) == set(listed)
    for name, said in files.items():
        status = (version / name).stat()
        times = {"mtime_ns": status.st_mtime_ns, "ctime_ns": status.st_ctime_ns}
        assert said == {**listed[name], "inode": status.st_ino, **times}


def test_what_was_copied_is_noted_and_what_is_removed_is_not(version: Path, tmp_path: Path) -> None:
    share, local = Registry(version.parent.parent), Registry(tmp_path / "local")
    [first] = sync(share, local, [NAME], keep=1)
    assert is_noted(first)
    register(SOURCE, share.root, NAME)
    [second] = sync(share, local, [NAME], keep=1)
    assert is_noted(second)
    assert not first.exists()
    assert not note_of(first).exists()


def test_a_name_with_a_manifest_alone_is_not_noted(tmp_path: Path) -> None:
    folder = tmp_path / "models" / NAME / "1"
    shutil.copytree(SOURCE, folder / SOURCE.name)
    assert not is_noted(folder)  # there is no manifest either
    hashed = hash_and_write(folder, None)
    assert not is_noted(folder)
    write_note(folder, hashed)
    assert is_noted(folder)
    remove_note(folder)
    remove_note(folder)  # there is none any more, which is all that is wanted
    assert not is_noted(folder)


def copied(version: Path) -> None:
    shutil.copytree(version, version.with_name("copy"))
    shutil.rmtree(version)
    version.with_name("copy").rename(version)


def touched(version: Path) -> None:
    os.utime(version / OBJECTS)


def replaced(version: Path) -> None:
    shutil.copy2(version / OBJECTS, version / "copy")
    (version / "copy").replace(version / OBJECTS)


def added(version: Path) -> None:
    (version / "stray").touch()


def removed(version: Path) -> None:
    (version / OBJECTS).unlink()


def without_manifest(version: Path) -> None:
    (version / MANIFEST).unlink()


def listed_otherwise(version: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads((version / MANIFEST).read_text())
    change(content["files"][OBJECTS.as_posix()])
    (version / MANIFEST).write_text(json.dumps(content))


def other_digest(version: Path) -> None:
    listed_otherwise(version, lambda said: said.update(sha256="0" * 64))


def no_digest(version: Path) -> None:
    listed_otherwise(version, lambda said: said.pop("sha256"))


def deep_digest(version: Path) -> None:
    deep: Any = []
    for _ in range(500):
        deep = [deep]
    listed_otherwise(version, lambda said: said.update(sha256=deep))


@pytest.mark.parametrize(
    "change",
    [
        copied,
        touched,
        replaced,
        added,
        removed,
        without_manifest,
        other_digest,
        no_digest,
        deep_digest,
    ],
)
def test_a_note_does_not_fit_what_has_changed(
    version: Path, change: Callable[[Path], None]
) -> None:
    change(version)
    assert not is_noted(version)


def as_pipe(note: Path) -> None:
    note.unlink()
    os.mkfifo(note)


def as_link(note: Path) -> None:
    note.rename(note.with_name("elsewhere"))
    note.symlink_to("elsewhere")


def as_folder(note: Path) -> None:
    note.unlink()
    note.mkdir()


def as_huge(note: Path) -> None:
    with note.open("r+b") as file:
        file.truncate(1 << 40)  # sparse


def as_longer(note: Path) -> None:
    note.write_text(note.read_text() + "\n")


def as_cut(note: Path) -> None:
    note.write_text(note.read_text()[:-1])


@pytest.mark.parametrize("change", [as_pipe, as_link, as_folder, as_huge, as_longer, as_cut])
def test_what_is_no_note_is_passed_over(version: Path, change: Callable[[Path], None]) -> None:
    change(note_of(version))
    assert not is_noted(version)
    entry = Registry(version.parent.parent, trust_notes=True).load(NAME)
    assert entry.unhashed == ()


@given(content=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_bytes_in_its_place_are_no_note(version: Path, content: bytes) -> None:
    note_of(version).write_bytes(content)
    assert not is_noted(version)


def test_only_who_asks_for_it_loads_without_hashing(version: Path) -> None:
    root = version.parent.parent
    assert Registry(root).load(NAME).unhashed == ()
    assert Registry(root, trust_notes=True).load(NAME).unhashed == (version,)
    damage(version / OBJECTS)
    with pytest.raises(ModelFormatError, match="as in the manifest"):
        Registry(root).load(NAME)
    assert is_noted(version)  # the note cannot know; that is why everything is hashed later
    with pytest.raises(ModelFormatError, match="as in the manifest"):
        hash_and_check(version, lambda _: None)


def test_a_root_that_takes_no_notes_takes_versions(tmp_path: Path) -> None:
    (tmp_path / CHECKED).touch()  # no folder can be made there
    version = register(SOURCE, tmp_path, NAME)
    assert not is_noted(version)
    assert Registry(tmp_path, trust_notes=True).load(NAME).version == "1"


def test_notes_are_no_models(version: Path) -> None:
    registry = Registry(version.parent.parent)
    assert registry.versions(CHECKED) == []
    assert registry.versions(NAME) == ["1"]
