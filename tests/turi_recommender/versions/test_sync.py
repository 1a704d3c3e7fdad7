from __future__ import annotations

import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.turi_recommender.golden import SAMPLE_MODELS
from turi_recommender.errors import ModelFormatError, ModelNotFoundError, RegistrationError
from turi_recommender.versions import staging
from turi_recommender.versions.locations import Registry
from turi_recommender.versions.manifest import check_manifest
from turi_recommender.versions.register import register
from turi_recommender.versions.sync import sync

SOURCE = SAMPLE_MODELS / "similarity_model" / "6" / "recommendation_s.model"
NAME = "similarity_model"


@pytest.fixture
def share(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "share")


@pytest.fixture
def local(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "local")


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []


def test_following_copies_the_highest_version_once(share: Registry, local: Registry) -> None:
    register(SOURCE, share.root, NAME)
    register(SOURCE, share.root, NAME)
    assert sync(share, local, [NAME]) == [local.root / NAME / "2"]
    assert sync(share, local, [NAME]) == []
    assert names(local.root / NAME) == ["2"]
    assert local.load(NAME).version == "2"


def test_following_keeps_some_versions(share: Registry, local: Registry) -> None:
    for _ in range(4):
        register(SOURCE, share.root, NAME)
        sync(share, local, [NAME], keep=2)
    assert names(local.root / NAME) == ["3", "4"]


def test_following_a_pinned_lower_version(share: Registry, local: Registry) -> None:
    for _ in range(3):
        register(SOURCE, share.root, NAME)
    sync(share, local, [NAME], keep=1)
    assert sync(share, local, [f"{NAME}:1"], keep=1) == [local.root / NAME / "1"]
    assert "1" in names(local.root / NAME)


def test_a_version_without_a_manifest_is_not_followed(share: Registry, local: Registry) -> None:
    target = register(SOURCE, share.root, NAME)
    (target / "manifest.json").unlink()
    with pytest.raises(RegistrationError, match=r"has no manifest\.json"):
        sync(share, local, [NAME])
    assert names(local.root / NAME) == []


def test_a_version_that_is_not_as_its_manifest_says(share: Registry, local: Registry) -> None:
    target = register(SOURCE, share.root, NAME)
    path = target / SOURCE.name / "objects.bin"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelFormatError, match="according to the manifest"):
        sync(share, local, [NAME])
    assert names(local.root / NAME) == []


def test_a_damaged_version_does_not_stand_in_the_way(
    share: Registry, local: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    register(SOURCE, share.root, NAME)
    target = register(SOURCE, share.root, NAME)
    (target / SOURCE.name / "objects.bin").write_bytes(b"half")
    assert sync(share, local, [NAME]) == [local.root / NAME / "1"]
    assert sync(share, local, [NAME]) == []
    assert caplog.text.count(f"{NAME}:2 is not taken: ") == 2
    assert names(local.root / NAME) == ["1"]


def test_a_pinned_version_that_is_damaged_is_an_error(share: Registry, local: Registry) -> None:
    register(SOURCE, share.root, NAME)
    target = register(SOURCE, share.root, NAME)
    (target / SOURCE.name / "objects.bin").write_bytes(b"half")
    with pytest.raises(ModelFormatError):
        sync(share, local, [f"{NAME}:2"])


def test_what_a_killed_copy_left_is_removed(share: Registry, local: Registry) -> None:
    register(SOURCE, share.root, NAME)
    left = local.root / NAME / ".registering-x"
    (left / "m").mkdir(parents=True)
    for folder in (left / "m", left):  # a copy at this moment would be somebody else's
        os.utime(folder, (0, 0))
    sync(share, local, [NAME])
    assert names(local.root / NAME) == ["1"]


def test_nothing_to_follow(share: Registry, local: Registry) -> None:
    with pytest.raises(ModelNotFoundError):
        sync(share, local, [NAME])


@pytest.mark.parametrize("spoil", ["a stray file", "a longer file", "a pipe", "a link"])
def test_what_the_manifest_does_not_list_is_not_copied(
    share: Registry, local: Registry, spoil: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of a terabyte, which has no blocks on the disk, would fill the one it is copied to."""
    target = register(SOURCE, share.root, NAME)
    match spoil:
        case "a stray file":
            (target / "stray").touch()
            os.truncate(target / "stray", 1 << 40)
        case "a longer file":
            os.truncate(target / SOURCE.name / "objects.bin", 1 << 40)
        case "a pipe":
            os.mkfifo(target / SOURCE.name / "pipe")
        case "a link":
            (target / "more").symlink_to("/dev/zero")

    def copied(*_: object) -> None:
        raise AssertionError("something was copied")

    monkeypatch.setattr(staging.shutil, "copyfile", copied)  # type: ignore[attr-defined]
    with pytest.raises(ModelFormatError, match="according to the manifest"):
        sync(share, local, [NAME])
    assert names(local.root / NAME) == []


def test_several_at_once_lose_nothing(share: Registry, local: Registry) -> None:
    for _ in range(3):
        register(SOURCE, share.root, NAME)
    with ThreadPoolExecutor(4) as threads:
        copied = list(threads.map(lambda _: _synced(share, local), range(8)))
    assert sum(len(each) for each in copied) >= 1
    (version,) = local.versions(NAME)[-1:]
    check_manifest(local.root / NAME / version)
    assert sync(share, local, [NAME]) == []


def _synced(share: Registry, local: Registry) -> list[Path]:
    try:
        return sync(share, local, [NAME])
    except RegistrationError:
        return []  # another one was faster


def test_a_hollow_version_is_copied_anew(share: Registry, local: Registry) -> None:
    register(SOURCE, share.root, NAME)
    (version,) = share.versions(NAME)
    (local.root / NAME / version).mkdir(parents=True)
    assert sync(share, local, [NAME]) == [local.root / NAME / version]
    check_manifest(local.root / NAME / version)


@pytest.mark.parametrize("keep", [0, -1, True, 1.5, "2", None, float("nan")])
def test_what_is_no_number_of_versions(share: Registry, local: Registry, keep: Any) -> None:
    register(SOURCE, share.root, NAME)
    with pytest.raises(RegistrationError, match="keep must be a whole number, 1 or more"):
        sync(share, local, [NAME], keep)
    assert names(local.root / NAME) == []


def test_one_text_is_no_list_of_references(share: Registry, local: Registry) -> None:
    with pytest.raises(RegistrationError, match="a list of references is needed"):
        sync(share, local, NAME)
    with pytest.raises(RegistrationError, match="a list of references is needed"):
        sync(share, local, [NAME], spare=NAME)


def test_versions_that_references_ask_for_stay(share: Registry, local: Registry) -> None:
    for _ in range(3):
        register(SOURCE, share.root, NAME)
    sync(share, local, [f"{NAME}:1", f"{NAME}:2", NAME], keep=1)
    assert names(local.root / NAME) == ["1", "2", "3"]
    register(SOURCE, share.root, NAME)
    sync(share, local, [NAME], keep=1, spare=[f"{NAME}:1", str(local.root / NAME / "2" / "m")])
    assert names(local.root / NAME) == ["1", "2", "4"]


def test_what_a_bare_name_means_stays_below_a_broken_version(
    share: Registry, local: Registry
) -> None:
    for _ in range(3):
        register(SOURCE, share.root, NAME)
    (local.root / NAME / "9").mkdir(parents=True)
    (local.root / NAME / "9" / "dir_archive.ini").touch()
    sync(share, local, [NAME, f"{NAME}:1"], keep=1)
    assert names(local.root / NAME) == ["1", "3", "9"]


def test_a_version_that_is_loaded_stays(share: Registry, local: Registry) -> None:
    register(SOURCE, share.root, NAME)
    sync(share, local, [NAME], keep=1)
    entry = local.load(NAME)
    for _ in range(2):
        register(SOURCE, share.root, NAME)
        sync(share, local, [NAME], keep=1)
    assert names(local.root / NAME) == ["1", "3"]
    again = pickle.loads(pickle.dumps(entry))
    del entry
    register(SOURCE, share.root, NAME)
    sync(share, local, [NAME], keep=1)
    assert names(local.root / NAME) == ["1", "4"]
    del again
    register(SOURCE, share.root, NAME)
    sync(share, local, [NAME], keep=1)
    assert names(local.root / NAME) == ["5"]


def test_old_versions_go_though_another_model_is_missing(share: Registry, local: Registry) -> None:
    for _ in range(2):
        register(SOURCE, share.root, NAME)
        with pytest.raises(ModelNotFoundError):
            sync(share, local, [NAME, "nothing"], keep=1)
    assert names(local.root / NAME) == ["2"]


def test_a_registry_is_not_copied_into_itself(share: Registry, tmp_path: Path) -> None:
    """What is damaged there would be taken for the remains of a copy, and removed."""
    target = register(SOURCE, share.root, NAME)
    (target / "manifest.json").write_text("{")
    (tmp_path / "link").symlink_to(share.root)
    for other in (share, Registry(tmp_path / "link")):
        with pytest.raises(RegistrationError, match="cannot be copied into itself"):
            sync(share, other, [NAME])
    assert names(target) == ["manifest.json", SOURCE.name]


def test_what_is_there_stays_until_there_is_something_better(
    share: Registry, local: Registry
) -> None:
    """A version that was put there by hand, without a manifest, may be serving."""
    target = register(SOURCE, share.root, NAME)
    sync(share, local, [NAME])
    (local.root / NAME / "1" / "manifest.json").unlink()
    objects = target / SOURCE.name / "objects.bin"
    good = objects.read_bytes()
    for bad in (good[:-1], good[:-1] + b"?"):
        objects.write_bytes(bad)
        with pytest.raises(ModelFormatError):
            sync(share, local, [NAME])
        assert names(local.root / NAME / "1") == [SOURCE.name]
    objects.write_bytes(good)
    assert sync(share, local, [NAME]) == [local.root / NAME / "1"]
