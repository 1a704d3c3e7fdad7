"""Versions get into a registry whole, or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.turi_recommender.golden import SAMPLE_MODELS
from turi_recommender.errors import ModelFormatError, RegistrationError
from turi_recommender.versions import staging
from turi_recommender.versions.locations import Registry
from turi_recommender.versions.manifest import check_manifest
from turi_recommender.versions.register import register

SOURCE = SAMPLE_MODELS / "similarity_model" / "6" / "recommendation_s.model"
NAME = "similarity_model"


@pytest.fixture
def share(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "share")


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []


def test_registered_versions_count_up_and_load(share: Registry) -> None:
    assert register(SOURCE, share.root, NAME) == share.root / NAME / "1"
    assert register(SOURCE, share.root, NAME, 7) == share.root / NAME / "7"
    assert register(SOURCE, share.root, NAME) == share.root / NAME / "8"
    check_manifest(share.root / NAME / "8")
    assert share.load(NAME).version == "8"


def test_an_existing_version_is_never_written_over(share: Registry) -> None:
    target = register(SOURCE, share.root, NAME)
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*")}
    with pytest.raises(RegistrationError, match="exists already"):
        register(SOURCE, share.root, NAME, 1)
    assert {path: path.stat().st_mtime_ns for path in target.rglob("*")} == before


@pytest.mark.parametrize("name", ["", ".hidden", "..", "a/b", "a\\b"])
def test_names_that_are_none(share: Registry, name: str) -> None:
    with pytest.raises(RegistrationError, match="is not a model name"):
        register(SOURCE, share.root, name)


def test_versions_that_are_none(share: Registry) -> None:
    with pytest.raises(RegistrationError, match="-1 is not a version"):
        register(SOURCE, share.root, NAME, -1)


def test_a_damaged_model_leaves_nothing_behind(share: Registry, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.model"
    shutil.copytree(SOURCE, damaged)
    (damaged / "objects.bin").write_bytes(b"nothing")
    with pytest.raises(ModelFormatError):
        register(damaged, share.root, NAME)
    assert names(share.root / NAME) == []


def test_a_copy_that_fails_leaves_nothing_behind(
    share: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_source: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(staging.shutil, "copyfile", full)  # type: ignore[attr-defined]
    with pytest.raises(RegistrationError, match="No space left on device"):
        register(SOURCE, share.root, NAME)
    assert names(share.root / NAME) == []


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RegistrationError, match="cannot copy"):
        register(SOURCE, tmp_path / "file", NAME)


@pytest.mark.parametrize("kind", ["a device", "a pipe", "a link to itself"])
def test_what_would_never_end_is_not_copied(share: Registry, tmp_path: Path, kind: str) -> None:
    odd = tmp_path / "odd.model"
    shutil.copytree(SOURCE, odd)
    match kind:
        case "a device":
            (odd / "more").symlink_to("/dev/zero")
        case "a pipe":
            os.mkfifo(odd / "more")
        case _:
            (odd / "more").symlink_to(".")
    with pytest.raises(RegistrationError, match="cannot copy"):
        register(odd, share.root, NAME)
    assert names(share.root / NAME) == []
