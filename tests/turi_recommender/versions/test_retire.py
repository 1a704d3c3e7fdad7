"""Versions that were withdrawn: never chosen, and not deleted."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.turi_recommender.golden import SAMPLE_MODELS
from turi_recommender.errors import ModelNotFoundError, RegistrationError
from turi_recommender.versions.locations import Registry
from turi_recommender.versions.manifest import check_manifest
from turi_recommender.versions.register import register
from turi_recommender.versions.retire import (
    Retirement,
    is_retired,
    reinstate,
    retire,
    retirement_of,
)
from turi_recommender.versions.sync import sync

SOURCE = SAMPLE_MODELS / "similarity_model" / "6" / "recommendation_s.model"


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    for version in (1, 2, 3):
        register(SOURCE, tmp_path / "models", "m", version)
    return Registry(tmp_path / "models")


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_bare_name_does_not_mean_it_any_more(registry: Registry) -> None:
    before = names(registry.root / "m" / "3")
    done = retire(registry.root, "m", 3, "half of the visitors are missing")
    assert done.reason == "half of the visitors are missing"
    assert registry.versions("m") == ["1", "2", "3"]
    assert registry.offered("m") == ["1", "2"]
    assert registry.find("m").version == registry.load("m").version == "2"
    entry, refused = registry.load_newest("m")
    assert (entry.version, refused) == ("2", {})
    assert entry.retirement() is None
    assert names(registry.root / "m" / "3") == before
    check_manifest(registry.root / "m" / "3")


def test_its_number_still_means_it(registry: Registry) -> None:
    done = retire(registry.root, "m", "3", "no")
    for reference in ("m:3", str(registry.root / "m" / "3" / SOURCE.name)):
        entry = registry.load(reference)
        assert (entry.version, entry.retirement()) == ("3", done)


def test_it_can_be_taken_back(registry: Registry) -> None:
    retire(registry.root, "m", 3, "no")
    reinstate(registry.root, "m", 3)
    assert registry.offered("m") == ["1", "2", "3"]
    assert names(registry.root / "m") == ["1", "2", "3"]
    with pytest.raises(RegistrationError, match="m:3 is not retired"):
        reinstate(registry.root, "m", 3)


def test_the_marker_says_why_and_when(registry: Registry) -> None:
    before = datetime.now(timezone.utc).replace(microsecond=0)
    done = retire(registry.root, "m", 2, "  Ärger \N{SNOWMAN}  ")
    marker = registry.root / "m" / "2.retired"
    content = json.loads(marker.read_text())
    assert content["reason"] == "Ärger \N{SNOWMAN}"
    assert done.time is not None
    assert before <= done.time <= datetime.now(timezone.utc)
    assert retirement_of(registry.root / "m" / "2") == done
    assert str(done) == f"retired on {done.time:%Y-%m-%d %H:%M} UTC: Ärger \N{SNOWMAN}"
    assert marker.stat().st_mode & 0o777 == 0o644
    assert names(registry.root / "m") == ["1", "2", "2.retired", "3"]
    again = retire(registry.root, "m", 2, "another reason")
    assert retirement_of(registry.root / "m" / "2") == again


def test_of_all_that_are_retired_none_is_meant(registry: Registry) -> None:
    for version in (1, 2, 3):
        retire(registry.root, "m", version, f"reason {version}")
    for call in (registry.find, registry.load, registry.load_newest):
        with pytest.raises(ModelNotFoundError, match=r"every version of model 'm' .*reason 3\)"):
            call("m")
    assert registry.load("m:1").version == "1"


def test_a_flat_model_does_not_take_the_place_of_retired_versions(registry: Registry) -> None:
    (registry.root / "m.model").symlink_to(SOURCE)
    for version in (1, 2, 3):
        retire(registry.root, "m", version, "no")
    with pytest.raises(ModelNotFoundError, match="every version of model 'm'"):
        registry.find("m")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b'{"reason": 5}', b'{"reason": "a\\nb"}', b"\xff", b" " * 20_000,
     b'{"reason": "x", "time": "soon"}', b'{"reason": "' + b"x" * 600 + b'"}'],
)  # fmt: skip
def test_a_marker_that_cannot_be_read_is_one(registry: Registry, content: bytes) -> None:
    (registry.root / "m" / "3.retired").write_bytes(content)
    assert registry.offered("m") == ["1", "2"]
    found = retirement_of(registry.root / "m" / "3")
    assert found is not None
    assert found.reason.startswith("its marker cannot be read (expected ")
    assert str(found).isprintable()
    reinstate(registry.root, "m", 3)
    assert registry.offered("m") == ["1", "2", "3"]


@pytest.mark.parametrize("other", ["a pipe", "a folder", "a link to nowhere", "a device"])
def test_so_is_what_is_no_file(registry: Registry, other: str) -> None:
    marker = registry.root / "m" / "3.retired"
    match other:
        case "a pipe":
            os.mkfifo(marker)
        case "a folder":
            marker.mkdir()
        case "a link to nowhere":
            marker.symlink_to("nowhere")
        case "a device":
            marker.symlink_to("/dev/zero")
    assert registry.offered("m") == ["1", "2"]
    assert retirement_of(registry.root / "m" / "3") is not None
    if other == "a folder":
        with pytest.raises(RegistrationError, match=r"cannot change .*3\.retired"):
            reinstate(registry.root, "m", 3)


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("m", 4),
        ("n", 1),
        ("m", "01"),
        ("m", "x"),
        ("m", -1),
        ("..", 1),
        ("", 1),
        ("m", "3.retired"),
    ],
)
def test_what_is_not_there_cannot_be_retired(
    registry: Registry, name: str, version: int | str
) -> None:
    for call in (lambda: retire(registry.root, name, version, "no"),
                 lambda: reinstate(registry.root, name, version)):  # fmt: skip
        with pytest.raises(ModelNotFoundError):
            call()
    assert names(registry.root / "m") == ["1", "2", "3"]


@pytest.mark.parametrize("reason", ["", " ", "two\nlines", "x" * 501, "\x1b[31m", None, 5])
def test_what_is_no_reason(registry: Registry, reason: Any) -> None:
    with pytest.raises(RegistrationError, match="a reason is needed: one line of up to 500"):
        retire(registry.root, "m", 3, reason)
    assert registry.offered("m") == ["1", "2", "3"]


def test_a_damaged_version_can_be_retired(registry: Registry) -> None:
    (registry.root / "m" / "4").mkdir()
    (registry.root / "m" / "4" / "dir_archive.ini").write_text("nonsense")
    retire(registry.root, "m", 4, "it is damaged")
    _, refused = registry.load_newest("m")
    assert refused == {}


def test_a_number_that_is_retired_is_not_given_again(registry: Registry) -> None:
    retire(registry.root, "m", 3, "no")
    (registry.root / "m" / "3").rename(registry.root / "gone")
    assert register(SOURCE, registry.root, "m").name == "4"
    with pytest.raises(RegistrationError, match=r"3\.retired says that this version was retired"):
        register(SOURCE, registry.root, "m", 3)


def test_what_0_1_0_sees_beside_its_versions(registry: Registry) -> None:
    """It took the names that are all digits for versions, here and in the trainer."""
    retire(registry.root, "m", 3, "no")
    seen = [name for name in names(registry.root / "m") if name.isascii() and name.isdecimal()]
    assert seen == ["1", "2", "3"]
    assert [name for name in names(registry.root / "m") if name.isdigit()] == ["1", "2", "3"]


# Copies of a registry


@pytest.fixture
def local(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "local")


def test_a_copy_is_retired_and_reinstated_as_the_original_is(
    registry: Registry, local: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    sync(registry, local, ["m"])
    assert local.offered("m") == ["2", "3"]
    done = retire(registry.root, "m", 3, "no")
    assert sync(registry, local, ["m"]) == [local.root / "m" / "1"]  # to roll back from 2
    assert local.offered("m") == ["1", "2"]
    assert retirement_of(local.root / "m" / "3") == done
    assert f"m/3: {done}" in caplog.text
    caplog.clear()
    sync(registry, local, ["m"])
    assert caplog.text == ""
    reinstate(registry.root, "m", 3)
    sync(registry, local, ["m"])
    assert local.offered("m") == ["1", "2", "3"]


def test_a_retired_version_comes_only_if_it_is_named(registry: Registry, local: Registry) -> None:
    done = retire(registry.root, "m", 3, "no")
    assert [copied.name for copied in sync(registry, local, ["m"])] == ["2", "1"]
    assert [copied.name for copied in sync(registry, local, ["m:3"], keep=3)] == ["3"]
    assert retirement_of(local.root / "m" / "3") == done
    assert local.offered("m") == ["1", "2"]


def test_what_the_original_does_not_have_stays_as_it_is(
    registry: Registry, local: Registry
) -> None:
    register(SOURCE, local.root, "m", 9)
    done = retire(local.root, "m", 9, "of this copy alone")
    sync(registry, local, ["m"])
    assert retirement_of(local.root / "m" / "9") == done


def test_a_copy_is_retired_though_nothing_else_is_left(registry: Registry, local: Registry) -> None:
    sync(registry, local, ["m"])
    for version in (1, 2, 3):
        retire(registry.root, "m", version, "no")
    with pytest.raises(ModelNotFoundError, match="every version of model 'm'"):
        sync(registry, local, ["m"])
    assert local.offered("m") == []
    reinstate(registry.root, "m", 2)
    sync(registry, local, [], spare=["m:2"])
    assert local.offered("m") == ["2"]


def test_the_marker_of_an_old_copy_goes_with_it(registry: Registry, local: Registry) -> None:
    retire(registry.root, "m", 1, "no")
    sync(registry, local, ["m:1"])
    assert names(local.root / "m") == ["1", "1.retired"]
    sync(registry, local, ["m"], keep=2)
    assert names(local.root / "m") == ["2", "3"]


def test_an_unreadable_marker_is_copied_once(
    registry: Registry, local: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    sync(registry, local, ["m"])
    (registry.root / "m" / "3.retired").mkdir()
    for _ in range(2):
        sync(registry, local, ["m"])
    assert is_retired(local.root / "m" / "3")
    assert caplog.text.count("its marker cannot be read") == 1


def test_words_without_a_time() -> None:
    assert str(Retirement("why", None)) == "retired: why"
