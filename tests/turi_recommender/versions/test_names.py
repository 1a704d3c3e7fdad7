from __future__ import annotations

from pathlib import Path

import pytest

from tests.turi_recommender.golden import SAMPLE_MODELS
from turi_recommender.errors import ModelNotFoundError, RegistrationError
from turi_recommender.versions import Registry, is_model_name, is_version, register

SOURCE = SAMPLE_MODELS / "similarity_model" / "6" / "recommendation_s.model"
NAMES = ["similarity_model", "m", "a-b.c_d", "Modèle 2", "模型"]
NOT_NAMES = [
    "",
    ".",
    "..",
    ".x",
    "a/b",
    "a\\b",
    "a:b",
    "a\nb",
    "a\0b",
    "a\x1b[2J",
    " a",
    "a ",
    "x" * 256,
]
VERSIONS = ["0", "1", "10", "9" * 18]
NOT_VERSIONS = [
    "",
    "00",
    "007",
    "-1",
    "+1",
    "1.0",
    "v1",
    "1 ",
    "1\n",
    "٣",
    "²",
    "9" * 19,
    "1" + "0" * 5000,
]


def test_what_is_a_name_and_what_is_a_version() -> None:
    assert [name for name in NAMES if not is_model_name(name)] == []
    assert [name for name in NOT_NAMES if is_model_name(name)] == []
    assert [version for version in VERSIONS if not is_version(version)] == []
    assert [version for version in NOT_VERSIONS if is_version(version)] == []


@pytest.mark.parametrize("name", ["a:b", "a\nb", " a", "x" * 256])
def test_what_is_no_name_is_neither_registered_nor_found(tmp_path: Path, name: str) -> None:
    with pytest.raises(RegistrationError, match="is not a model name"):
        register(SOURCE, tmp_path, name)
    assert list(tmp_path.iterdir()) == []
    if len(name) < 256:
        (tmp_path / name / "1").mkdir(parents=True)
        (tmp_path / name / "1" / "dir_archive.ini").touch()
    assert Registry(tmp_path).versions(name) == []
    with pytest.raises(ModelNotFoundError):
        Registry(tmp_path).find(name)


def test_versions_that_cannot_be_activated_do_not_serve(tmp_path: Path) -> None:
    for version in ("1", "7", "007", "9" * 19, "1" + "0" * 19):
        (tmp_path / "m" / version).mkdir(parents=True)
        (tmp_path / "m" / version / "dir_archive.ini").touch()
    registry = Registry(tmp_path)
    assert registry.versions("m") == ["1", "7"]
    assert registry.find("m").version == "7"
    for version in ("007", "9" * 19):
        with pytest.raises(ModelNotFoundError, match=r"versions: 1, 7"):
            registry.find(f"m:{version}")


def test_versions_of_a_registry_are_within_the_rule(tmp_path: Path) -> None:
    with pytest.raises(RegistrationError, match="is not a version"):
        register(SOURCE, tmp_path, "m", 10**18)
    for last in (10**18 - 1, 10**18 - 10**6 + 1):  # after which the numbers would end
        with pytest.raises(RegistrationError, match="is not a version that can be asked for"):
            register(SOURCE, tmp_path, "m", last)
    highest = 10**18 - 10**6
    register(SOURCE, tmp_path, "m", highest)
    assert register(SOURCE, tmp_path, "m").name == str(highest + 1)


def test_a_folder_with_the_last_number_is_told(tmp_path: Path) -> None:
    (tmp_path / "m" / str(10**18 - 1)).mkdir(parents=True)
    with pytest.raises(RegistrationError, match=r"no version after .*/9{18}: rename"):
        register(SOURCE, tmp_path, "m")
    assert register(SOURCE, tmp_path, "m", 3).name == "3"
