"""Versions at a glance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.models.roles import assignments
from app.overview import look_over
from app.settings import SAMPLE_MODELS, Settings
from tests.turi_recommender.trained import a_training, training_json
from turi_recommender.errors import ModelNotFoundError
from turi_recommender.versions import Registry, register, retire

NAME, RANKING = "similarity_model", "ranking_factorization_model"
SOURCE = SAMPLE_MODELS / NAME / "6" / "recommendation_s.model"


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """Return versions with figures, without, and with some that cannot be read."""
    register(SOURCE, tmp_path, NAME, training=a_training())
    register(SOURCE, tmp_path, NAME)
    forced = {**training_json()["figures"], "forced": "the shop has moved", "against": {}}
    register(SOURCE, tmp_path, NAME, training=a_training(figures=forced))
    spoilt = register(SOURCE, tmp_path, "other", training=a_training()) / "manifest.json"
    spoilt.write_text(spoilt.read_text().replace("0.051", '"good"'))
    return Registry(tmp_path)


def roles(registry: Registry, name: str | None = None, **settings: Any) -> dict[str, list[str]]:
    rows = look_over(registry, assignments(Settings(**settings)), name).rows
    return {f"{row.name}:{row.version}": list(row.roles) for row in rows if len(row.roles) > 0}


def test_which_versions_a_start_takes(registry: Registry) -> None:
    assert roles(registry) == {f"{NAME}:3": ["similarity"]}
    assert roles(registry, similarity_model=f"{NAME}:1") == {f"{NAME}:1": ["similarity"]}
    retire(registry.root, NAME, 3, "no")
    assert roles(registry) == {f"{NAME}:2": ["similarity"]}
    assert roles(registry, similarity_model=f"{NAME}:3") == {f"{NAME}:3": ["similarity"]}
    path = registry.root / NAME / "1" / SOURCE.name
    chosen = roles(registry, similarity_model=str(path), ranking_model="other", newcomer_model=NAME)
    assert chosen == {
        f"{NAME}:1": ["similarity"],
        f"{NAME}:2": ["newcomer"],
        "other:1": ["ranking"],
    }
    assert roles(registry, similarity_model=str(SOURCE)) == {}


def test_roles_for_which_there_is_nothing(registry: Registry) -> None:
    overview = look_over(registry, assignments(Settings()), None)
    assert list(overview.without) == ["ranking"]
    assert overview.without["ranking"].startswith(f"no model '{RANKING}' in ")
    assert look_over(registry, assignments(Settings()), NAME).without == {}
    for version in (1, 2, 3):
        retire(registry.root, NAME, version, "no")
    overview = look_over(registry, assignments(Settings()), NAME)
    assert list(overview.without) == ["similarity"]
    assert "every version of model" in overview.without["similarity"]


def test_a_table_for_people(registry: Registry) -> None:
    retired = retire(registry.root, NAME, 2, "half of the visitors are missing")
    table = look_over(registry, assignments(Settings()), None).as_table()
    head, other, third, second, first, without = table.splitlines()
    assert head.split() == [
        "NAME", "VERSION", "TRAINED", "RECALL@10", "VISITORS", "AGAINST", "JACCARD", "MB", "SERVES",
    ]  # fmt: skip
    assert third.split()[:6] == [NAME, "3", "2026-11-26", "03:17", "0.0510", "812"]
    assert third.endswith("similarity  forced: the shop has moved")
    assert "not evaluated" in second
    assert second.endswith(str(retired))
    assert "1.28 [1.08 1.50]" in first
    assert other.split()[:3] == ["other", "1", "?"]
    assert "figures cannot be read: " in other
    assert without.startswith("ranking: no model ")
    assert third.index("0.0510") == first.index("0.0510")
    assert all(line == line.rstrip() for line in table.splitlines())


def test_json_for_programs(registry: Registry) -> None:
    retired = retire(registry.root, NAME, 2, "no")
    content = look_over(registry, assignments(Settings()), None).as_json()
    assert json.loads(json.dumps(content)) == content
    other, third, second, first = content["versions"]
    assert (third["name"], third["version"], third["serves"]) == (NAME, "3", ["similarity"])
    assert third["training"]["figures"]["forced"] == "the shop has moved"
    assert first["training"] == training_json()
    assert first["evaluation"] == "evaluated"
    assert first["bytes"] > 100_000
    assert second["evaluation"] == "not evaluated"
    assert second["retired"]["reason"] == retired.reason
    assert second["retired"]["time"].endswith("Z")
    assert (other["training"], other["retired"]) == (None, None)
    assert other["evaluation"].startswith("figures cannot be read: ")
    assert list(content["without"]) == ["ranking"]


def test_another_measure_is_named(registry: Registry) -> None:
    values = {"all": None, "known": 0.1, "light": None, "unknown": None}
    against = {"jaccard": {"ratio": None, "low": None, "high": None}}
    figures = {"measure": "ndcg@5", "values": values, "against": against}
    figures = {**training_json()["figures"], **figures}
    register(SOURCE, registry.root, NAME, training=a_training(figures=figures))
    first = look_over(registry, [], NAME).rows[0]
    assert first.cells()[3:6] == ("ndcg@5 none", "812", "no ratio")


@pytest.mark.parametrize(
    ("comparison", "says"),
    [
        ({"ratio": None, "low": 0.0, "high": None}, "no ratio"),
        ({"ratio": 1.5, "low": 0.5, "high": None}, "1.50 [0.50 inf]"),
        ({"ratio": 1.5, "low": 0.5, "high": 2.0, "visitors": 441}, "1.50 [0.50 2.00] of 441"),
        ({"ratio": 1.5, "low": 0.5, "high": 2.0, "visitors": "all"}, "1.50 [0.50 2.00]"),
    ],
)
def test_a_ratio_says_of_whom_it_is(
    registry: Registry, comparison: dict[str, Any], says: str
) -> None:
    figures = {**training_json()["figures"], "against": {"jaccard": comparison}}
    register(SOURCE, registry.root, NAME, training=a_training(figures=figures))
    assert look_over(registry, [], NAME).rows[0].cells()[5] == says


def test_models_that_no_setting_names_say_so(registry: Registry) -> None:
    def named(**settings: Any) -> dict[str, bool]:
        rows = look_over(registry, assignments(Settings(**settings)), None).rows
        for each in rows:
            assert ("no setting names it" in each.cells()[-1]) is not each.is_named
        return {row.name: row.is_named for row in rows}

    assert named() == {NAME: True, "other": False}
    pinned = named(similarity_model=f"{NAME}:1", newcomer_model="other")
    assert pinned == {NAME: True, "other": True}
    path = registry.root / "other" / "1" / SOURCE.name
    assert named(similarity_model=str(path)) == {NAME: False, "other": True}


def test_one_name_alone(registry: Registry) -> None:
    assert {row.name for row in look_over(registry, [], "other").rows} == {"other"}


@pytest.mark.parametrize("name", ["nothing", "a:b", "..", ""])
def test_a_name_without_versions(registry: Registry, name: str) -> None:
    with pytest.raises(ModelNotFoundError, match=r"no version of model .* in "):
        look_over(registry, [], name)


def test_a_registry_that_is_not_there_or_empty(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="No such file"):
        look_over(Registry(tmp_path / "nowhere"), [], None)
    with pytest.raises(ModelNotFoundError, match="no model has a version in"):
        look_over(Registry(tmp_path), [], None)
