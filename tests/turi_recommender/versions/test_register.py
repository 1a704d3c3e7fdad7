"""Versions get into a registry whole, or not at all."""

from __future__ import annotations

import os
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.turi_recommender.golden import SAMPLE_MODELS
from tests.turi_recommender.trained import a_training
from turi_recommender.errors import ModelFormatError, ModelNotFoundError, RegistrationError
from turi_recommender.versions import staging
from turi_recommender.versions.locations import Registry
from turi_recommender.versions.manifest import check_manifest, read_training
from turi_recommender.versions.register import register
from turi_recommender.versions.training import Training

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


@pytest.mark.parametrize("version", [True, 1.5, "3", "x", float("nan"), 10**18, 10**3000, -1, [1]])
def test_what_is_no_version(share: Registry, version: Any) -> None:
    with pytest.raises(RegistrationError, match="is not a version"):
        register(SOURCE, share.root, NAME, version)
    assert names(share.root) == []


@pytest.mark.parametrize("name", ["a:b", "a\nb", "x" * 256, " a", None, 5, b"a", Path("a")])
def test_what_is_no_name(share: Registry, name: Any) -> None:
    with pytest.raises(RegistrationError, match="is not a model name"):
        register(SOURCE, share.root, name)
    assert names(share.root) == []


def test_a_version_of_numpy(share: Registry) -> None:
    assert register(SOURCE, share.root, NAME, np.int64(3)).name == "3"  # type: ignore[arg-type]


def test_registered_at_once_each_gets_a_version(share: Registry) -> None:
    gate = threading.Barrier(4)

    def one(_: int) -> str:
        gate.wait()
        return register(SOURCE, share.root, NAME).name

    with ThreadPoolExecutor(4) as pool:
        versions = sorted(pool.map(one, range(4)))
    assert versions == ["1", "2", "3", "4"]
    assert names(share.root / NAME) == versions
    for version in versions:
        check_manifest(share.root / NAME / version)


def test_nothing_is_copied_of_what_is_no_model(share: Registry, tmp_path: Path) -> None:
    registry = SAMPLE_MODELS / NAME
    with pytest.raises(ModelFormatError, match="there is a model in"):
        register(registry, share.root, NAME)
    with pytest.raises(
        ModelNotFoundError, match="is not a model directory: there is nothing at this path"
    ):
        register(tmp_path / "nope", share.root, NAME)
    with pytest.raises(ModelFormatError, match="embedded null"):
        register("a\0b", share.root, NAME)
    assert not share.root.exists()


@pytest.mark.parametrize("source", [".", "sub/..", "/"])
def test_a_model_that_has_no_name(
    share: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    model = tmp_path / "m.model"
    shutil.copytree(SOURCE, model)
    monkeypatch.chdir(model)
    (model / "sub").mkdir()
    if source == "/":
        with pytest.raises(ModelFormatError, match="the index of a model"):
            register(source, share.root, NAME)
        return
    assert names(register(source, share.root, NAME)) == ["m.model", "manifest.json"]


def test_what_a_killed_process_left_goes_after_a_day(share: Registry) -> None:
    folder = share.root / NAME
    for name, age in ((".registering-old", 90_000), (".registering-new", 3600)):
        (folder / name).mkdir(parents=True)
        (folder / name / "objects.bin").touch()
        then = time.time() - age
        for path in (folder / name / "objects.bin", folder / name):
            os.utime(path, (then, then))
    (folder / ".registering-copying" / "sub").mkdir(parents=True)
    (folder / ".registering-copying" / "sub" / "objects.bin").touch()
    os.utime(folder / ".registering-copying", (0, 0))
    register(SOURCE, share.root, NAME)
    assert names(folder) == [".registering-copying", ".registering-new", "1"]


def test_what_does_not_belong_to_the_model_stays_behind(share: Registry, tmp_path: Path) -> None:
    model = tmp_path / "m.model"
    shutil.copytree(SOURCE, model)
    (model / ".git" / "objects").mkdir(parents=True)
    for stray in (".git/HEAD", ".env", "notes.ipynb", "objects.bin.bak", "m_other.0000"):
        (model / stray).write_bytes(b"x")
    (model / "manifest.json").write_text("{}")  # of another registry
    (model / "huge").touch()
    os.truncate(model / "huge", 1 << 40)  # it has no blocks on the disk
    folder = register(model, share.root, NAME)
    assert names(folder / "m.model") == names(SOURCE)
    check_manifest(folder)


def test_every_file_of_every_table_belongs_to_the_model(share: Registry) -> None:
    source = SAMPLE_MODELS / "ranking_factorization_model" / "1" / "recommendation_r.model"
    folder = register(source, share.root, "ranking_factorization_model")
    assert names(folder / source.name) == names(source)


def test_a_file_of_the_model_that_is_missing(share: Registry, tmp_path: Path) -> None:
    model = tmp_path / "m.model"
    shutil.copytree(SOURCE, model)
    (model / "objects.bin").unlink()
    with pytest.raises(ModelFormatError, match=r"objects\.bin"):
        register(model, share.root, NAME)
    assert not share.root.exists()


@pytest.mark.parametrize("where", ["objects.bin", "stray"])
def test_links_that_lead_out_are_refused(share: Registry, tmp_path: Path, where: str) -> None:
    model = tmp_path / "m.model"
    shutil.copytree(SOURCE, model)
    outside = tmp_path / "outside"
    shutil.copyfile(model / "objects.bin", outside)
    (model / where).unlink(missing_ok=True)
    (model / where).symlink_to(outside)
    with pytest.raises(RegistrationError, match=f"{where} is a link that leads out"):
        register(model, share.root, NAME)
    assert not share.root.exists()


def test_links_within_the_model_are_followed(share: Registry, tmp_path: Path) -> None:
    model = tmp_path / "m.model"
    shutil.copytree(SOURCE, model)
    (model / "data").mkdir()
    (model / "objects.bin").rename(model / "data" / "1")
    (model / "objects.bin").symlink_to("data/1")
    (tmp_path / "link").symlink_to(model)  # the model itself may be one
    folder = register(tmp_path / "link", share.root, NAME)
    assert names(folder / "link") == names(SOURCE)
    assert not (folder / "link" / "objects.bin").is_symlink()


@pytest.mark.parametrize(
    ("source", "root", "name"),
    [
        (".", ".", NAME),
        (".", "sub/models", NAME),
        ("../m.model", ".", NAME),
        (".", "..", "m.model"),  # the model itself would hold its versions
        ("../link", ".", NAME),
    ],
)
def test_a_registry_in_the_model_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, root: str, name: str
) -> None:
    model = tmp_path / "m.model"
    shutil.copytree(SOURCE, model)
    (tmp_path / "link").symlink_to(model)
    monkeypatch.chdir(model)
    with pytest.raises(RegistrationError, match="name a registry outside of the model"):
        register(source, root, name)
    assert names(model) == names(SOURCE)


def test_a_version_can_be_registered_once_more(
    share: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From within the registry, and from within the version: as a roll-back, for instance."""
    first = register(SOURCE, share.root, NAME)
    monkeypatch.chdir(first / SOURCE.name)
    second = register(".", "../../..", NAME)
    assert second.resolve() == share.root / NAME / "2"
    assert names(second) == names(first)
    with pytest.raises(RegistrationError, match="exists already"):
        register(".", "../../..", NAME, 1)


def test_what_is_no_model_leaves_nothing_behind(share: Registry, tmp_path: Path) -> None:
    (tmp_path / "README.md").touch()
    damaged = tmp_path / "damaged.model"
    shutil.copytree(SOURCE, damaged)
    (damaged / "objects.bin").write_bytes(b"damaged")
    with pytest.raises(ModelFormatError, match=r"README\.md, .* a model directory, found a file"):
        register(tmp_path / "README.md", share.root, "typo")
    with pytest.raises(ModelFormatError, match=r"objects\.bin"):
        register(damaged, share.root, "typo")
    assert names(share.root) == []
    register(SOURCE, share.root, "typo")
    with pytest.raises(ModelFormatError):
        register(damaged, share.root, "typo")
    assert names(share.root / "typo") == ["1"]


def test_what_the_system_says_is_told_without_its_number(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RegistrationError) as caught:
        register(SOURCE, tmp_path / "file", NAME)
    assert str(caught.value).startswith(f"cannot copy {SOURCE}: {tmp_path / 'file'}")
    assert "[Errno" not in str(caught.value)


# What is known of the training


def test_a_version_carries_what_is_known_of_its_training(share: Registry) -> None:
    folder = register(SOURCE, share.root, NAME, training=a_training(), require_figures=True)
    assert read_training(folder) == a_training()
    assert share.load(NAME).training == a_training()
    assert read_training(register(SOURCE, share.root, NAME)) is None


@pytest.mark.parametrize("training", [None, a_training(figures=None)])
def test_figures_can_be_required(share: Registry, training: Training | None) -> None:
    with pytest.raises(RegistrationError, match="figures are required, and nobody has evaluated"):
        register(SOURCE, share.root, NAME, training=training, require_figures=True)
    assert not share.root.exists()
    register(SOURCE, share.root, NAME, training=training)


def test_a_training_that_cannot_be_is_refused_before_anything_is_copied(share: Registry) -> None:
    bad = replace(a_training(), settings={"rate": float("inf")})
    with pytest.raises(ModelFormatError, match=r"training\.settings\.rate to have a finite number"):
        register(SOURCE, share.root, NAME, training=bad)
    with pytest.raises(RegistrationError, match="training must be a Training, and not dict"):
        register(SOURCE, share.root, NAME, training={})  # type: ignore[arg-type]
    assert not share.root.exists()
