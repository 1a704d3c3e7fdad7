from __future__ import annotations

from pathlib import Path

import pytest

from turi_recommender.errors import ModelFormatError, ModelNotFoundError
from turi_recommender.versions.locations import ModelLocation, Registry


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
