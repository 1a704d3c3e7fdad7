from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.turi_recommender.golden import SAMPLE_MODELS
from turi_recommender.errors import ModelFormatError, ModelNotFoundError
from turi_recommender.versions.locations import ModelEntry, ModelLocation, Registry
from turi_recommender.versions.register import register

SAMPLE = SAMPLE_MODELS / "similarity_model" / "6" / "recommendation_s.model"


def make_archive(path: Path) -> Path:
    path.mkdir(parents=True)
    (path / "dir_archive.ini").write_text("[archive]\nversion=1\n")
    return path


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    for version in ("1", "9", "10"):
        make_archive(tmp_path / "similarity_model" / version / "recommendation_s.model")
    (tmp_path / "similarity_model" / "11").mkdir()
    make_archive(tmp_path / "similarity_model" / "newest" / "recommendation_s.model")
    return Registry(tmp_path)


def test_the_highest_version_with_a_model_is_meant(registry: Registry) -> None:
    path = registry.root / "similarity_model" / "10" / "recommendation_s.model"
    assert registry.find("similarity_model") == ModelLocation("similarity_model", "10", path)
    assert registry.versions("similarity_model") == ["1", "9", "10"]


def test_a_version_can_be_pinned(registry: Registry) -> None:
    assert registry.find("similarity_model:9").version == "9"


@pytest.mark.parametrize("version", ["11", "12", "newest", "1.0", "-1", "٣"])
def test_a_version_that_is_not_there(registry: Registry, version: str) -> None:
    with pytest.raises(ModelNotFoundError, match=r"versions: 1, 9, 10"):
        registry.find(f"similarity_model:{version}")


def test_a_path_tells_its_name_and_version(registry: Registry, tmp_path: Path) -> None:
    path = registry.root / "similarity_model" / "9" / "recommendation_s.model"
    assert registry.find(str(path)) == ModelLocation("similarity_model", "9", path)
    flat = make_archive(tmp_path / "elsewhere" / "mine.model")
    assert registry.find(str(flat)) == ModelLocation("mine", None, flat)
    with pytest.raises(ModelNotFoundError, match=r"no dir_archive\.ini"):
        registry.find(str(tmp_path / "elsewhere"))


@pytest.mark.parametrize(
    ("file", "reference"),
    [
        ("recommendation_s.model", "similarity_model"),
        ("recommendation_r.model", "ranking_factorization_model"),
        ("books.model", "books"),
        ("books.model", "books.model"),
    ],
)
def test_the_flat_layout(tmp_path: Path, file: str, reference: str) -> None:
    path = make_archive(tmp_path / file)
    assert Registry(tmp_path).find(reference) == ModelLocation(reference, None, path)


def test_a_missing_model_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError) as caught:
        Registry(tmp_path).find("similarity_model")
    assert str(caught.value) == (
        f"no model 'similarity_model' in {tmp_path} (looked for similarity_model/<version>/ "
        "or similarity_model.model or recommendation_s.model)"
    )


@pytest.mark.parametrize("reference", ["", ":1", ".", "..", "..:1", "a\\b", "a\0b"])
def test_references_that_are_none(tmp_path: Path, reference: str) -> None:
    with pytest.raises(ModelNotFoundError, match="not a model name"):
        Registry(tmp_path).find(reference)


def test_two_models_in_one_version_are_not_guessed_between(registry: Registry) -> None:
    make_archive(registry.root / "similarity_model" / "10" / "other.model")
    with pytest.raises(ModelNotFoundError, match="more than one model"):
        registry.find("similarity_model")


def test_a_model_that_cannot_be_read_is_a_format_error(registry: Registry) -> None:
    with pytest.raises(ModelFormatError, match=r"dir_archive\.ini"):
        registry.load("similarity_model")


def test_what_is_wrong_with_one_version_does_not_hide_the_others(tmp_path: Path) -> None:
    root = tmp_path / "models"
    register(SAMPLE, root, "m", 1)
    register(SAMPLE, root, "m", 2)
    for name in ("a.model", "b.model"):
        make_archive(root / "m" / "3" / name)
    (root / "m" / "4").mkdir()
    (root / "m" / "4" / "dir_archive.ini").symlink_to("/dev/zero")
    make_archive(root / "m" / "5")
    (root / "m" / "6").symlink_to("6")
    (root / "m" / "7").write_text("a file")
    registry = Registry(root)
    assert registry.versions("m") == ["1", "2", "3", "5"]
    entry, refused = registry.load_newest("m")
    assert entry.version == "2"
    assert sorted(refused) == ["3", "5"]
    assert "more than one model" in refused["3"]


def test_a_version_that_a_check_refuses_is_passed_over(tmp_path: Path) -> None:
    for version in (1, 2):
        register(SAMPLE, tmp_path, "m", version)

    def refuse_two(entry: ModelEntry) -> None:
        if entry.version == "2":
            raise ModelFormatError(entry.path, 0, "something", "nothing")

    entry, refused = Registry(tmp_path).load_newest("m", refuse_two)
    assert entry.version == "1"
    assert "expected something" in refused["2"]
    with pytest.raises(ModelFormatError, match="something"):
        Registry(tmp_path).load_newest("m:2", refuse_two)


def test_a_version_that_may_not_be_read_is_refused_by_itself(tmp_path: Path) -> None:
    root = tmp_path / "models"
    register(SAMPLE, root, "m", 1)
    register(SAMPLE, root, "m", 2)
    with unprivileged(tmp_path), forbidden(root / "m" / "2"):
        entry, refused = Registry(root).load_newest("m")
        assert entry.version == "1"
        assert "Permission denied" in refused["2"]
        with forbidden(root / "m"), pytest.raises(ModelNotFoundError, match="Permission denied"):
            Registry(root).versions("m")


@contextmanager
def forbidden(folder: Path) -> Iterator[None]:
    mode = folder.stat().st_mode
    folder.chmod(0)
    try:
        yield
    finally:
        folder.chmod(mode)


@contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """Be somebody whom modes mean something to; the folder, and all above it, they may read."""
    if os.geteuid() != 0:
        yield
        return
    nobody = 65534
    above = [
        parent for parent in folder.parents if parent.stat().st_uid == 0 and parent != Path("/")
    ]
    modes = {parent: parent.stat().st_mode for parent in above}
    for path in (folder, *folder.rglob("*")):
        os.chown(path, nobody, nobody)
    for parent in above:
        parent.chmod(modes[parent] | 0o011)
    os.seteuid(nobody)
    try:
        yield
    finally:
        os.seteuid(0)
        for parent, mode in modes.items():
            parent.chmod(mode)


@pytest.mark.parametrize("reference", [None, 5, True, b"m", Path("m"), ["m"]])
def test_what_is_no_reference(tmp_path: Path, reference: Any) -> None:
    registry = Registry(tmp_path)
    for call in (registry.find, registry.load, registry.load_newest):
        with pytest.raises(ModelNotFoundError, match="is not a model name, name:version or path"):
            call(reference)
    assert registry.versions(reference) == []


@pytest.mark.parametrize("path", ["x" * 5000 + "/y", "x/" * 5000, "a\0b/c"])
def test_a_path_that_cannot_be(tmp_path: Path, path: str) -> None:
    with pytest.raises(ModelNotFoundError, match="is not a model directory"):
        Registry(tmp_path).find(path)


def test_a_name_of_the_longest_kind(tmp_path: Path) -> None:
    for length in (251, 255, 256, 5000):
        with pytest.raises(ModelNotFoundError):
            Registry(tmp_path / ("y" * 100)).find("x" * length)


def test_a_path_to_a_folder_of_models_names_them() -> None:
    with pytest.raises(ModelNotFoundError, match=r"there is a model in .*recommendation_s\.model"):
        Registry("/nowhere").find(str(SAMPLE_MODELS / "similarity_model"))


@pytest.mark.parametrize("reference", ["m", "m:1"])
def test_a_registry_that_is_not_there(tmp_path: Path, reference: str) -> None:
    with pytest.raises(ModelNotFoundError, match=r"no such directory\)"):
        Registry(tmp_path / "nope").find(reference)
    with pytest.raises(ModelNotFoundError) as caught:
        Registry(tmp_path).find(reference)
    assert "no such directory" not in str(caught.value)
