"""What candidates are compared with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from app.errors import ConfigurationError
from app.gate.candidates import read_run
from app.gate.decide import Rules
from app.gate.judge import Decision, Judge
from app.gate.loading import load_judged
from app.gate.publish import publish
from app.settings import SAMPLE_MODELS, Settings, load_settings
from tests.app.gate.runs import VISITORS, make_run

ALL = ("similarity", "ranking", "newcomer")
LATER = {"test_from": "2026-11-26T00:00:00Z"}  # after what the first run learnt from


def decide(folder: Path, registry: Path) -> dict[str, Decision]:
    """Return what is decided about each candidate of a run."""
    run = read_run(folder)
    judge = Judge(run, registry, Rules(), load_settings(), told=False)
    return {each.role: judge.decide(each) for each in run.candidates}


def words(decision: Decision, rule: str) -> tuple[bool, str]:
    [found] = [each for each in decision.verdicts if each.rule == rule]
    return found.passed, found.words


def change(path: Path, **arrays: object) -> None:
    with np.load(path) as loaded:
        content = {name: loaded[name] for name in loaded.files}
    np.savez_compressed(path, **{**content, **arrays})


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """A registry in which all three roles are played, with what they learnt from."""
    root = tmp_path / "models"
    run = read_run(make_run(tmp_path / "first", *ALL))
    judge = Judge(run, root, Rules(), Settings(), told=False)
    for each in run.candidates:
        publish(run, judge.decide(each), root, "the first ones")
    return root


def later(folder: Path, *roles: str) -> Path:
    """Make a run whose test part is later than all that the first run learnt from."""
    make_run(folder, *roles)
    told = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**told, **LATER}))
    return folder


def damage(registry: Path, name: str) -> None:
    [path] = (registry / name / "1").glob("*/objects.bin")
    path.write_bytes(b"damaged")


@pytest.mark.parametrize("damaged", [1, 2, 3])
def test_a_damaged_version_hides_no_other_one(registry: Path, tmp_path: Path, damaged: int) -> None:
    names = ["ranking_factorization_model", "similarity_model", "popularity_model"]
    for name in names[:damaged]:
        damage(registry, name)
    decisions = decide(later(tmp_path / "run", *ALL), registry)
    for decision in decisions.values():
        passed, said = words(decision, "against the serving version")
        if decision.candidate.name in names[:damaged]:
            assert passed
            assert said.startswith("the version that serves could not be read, so nothing is comp")
            assert f"{decision.candidate.name}/1" in said
            assert "in the manifest" in said
            assert set(decision.figures.against) & {"serving"} == set()
        else:
            assert "times that of the serving version" in said or "a single hit" in said
            assert "serving" in decision.figures.against


def test_a_damaged_version_can_be_replaced(registry: Path, tmp_path: Path) -> None:
    damage(registry, "similarity_model")
    assert decide(later(tmp_path / "run", "similarity"), registry)["similarity"].passed


def test_of_retired_versions_none_serves(registry: Path, tmp_path: Path) -> None:
    (registry / "similarity_model" / "1.retired").touch()
    decision = decide(later(tmp_path / "run", "similarity"), registry)["similarity"]
    said = words(decision, "against the serving version")
    assert said == (True, "no version serves this role")


@pytest.mark.parametrize("role", ALL)
def test_each_role_is_judged_alone(registry: Path, tmp_path: Path, role: str) -> None:
    decision = decide(later(tmp_path / "run", role), registry)[role]
    assert "serving" in decision.figures.against


def test_models_of_the_settings_are_not_needed(
    registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for role in ("SIMILARITY", "RANKING", "NEWCOMER"):
        monkeypatch.setenv(f"RECOMMENDER_{role}_MODEL", "elsewhere")
    decision = decide(later(tmp_path / "run", "similarity"), registry)["similarity"]
    assert "serving" in decision.figures.against


def test_side_data_have_the_defaults_of_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    defaults = {"period": "Morning", "month": 3, "weekday": 4}
    monkeypatch.setenv("RECOMMENDER_SIDE_DATA_DEFAULTS", json.dumps(defaults))
    run = read_run(make_run(tmp_path / "run", "similarity", "ranking"))
    models = load_judged(run.candidates, run.path, load_settings())
    assert models.defaults == {column.name: defaults[column.name] for column in models.side_columns}


def test_newcomers_have_a_yardstick_of_their_own(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", "newcomer")
    strangers = -1 - np.arange(VISITORS)
    change(folder / "test.npz", users=strangers, kinds=np.array(["unknown"] * VISITORS))
    with np.load(folder / "pairs.npz") as pairs:
        count = len(pairs["users"])
        latest = pairs["items"][-1]
    decision = decide(folder, tmp_path / "none")["newcomer"]
    assert set(decision.figures.against) == {"popularity"}
    assert "that of popularity" in words(decision, "against popularity")[1]
    recent = np.zeros(count, np.bool_)
    recent[-1] = True
    change(folder / "pairs.npz", recent=recent)
    lengths, items = np.ones(VISITORS, np.int64), np.array([latest] * VISITORS)
    change(folder / "test.npz", lengths=lengths, items=items)
    decision = decide(folder, tmp_path / "none")["newcomer"]
    assert set(decision.figures.against) == {"recent popularity"}
    passed, said = words(decision, "against recent popularity")
    assert (passed, "that of recent popularity" in said) == (False, True)


def test_a_candidate_that_is_none_is_named(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", "similarity", "ranking")
    model = folder / "ranking" / "judged" / "recommendation_r.model"
    shutil.rmtree(model)
    shutil.copytree(SAMPLE_MODELS / "similarity_model" / "6", model)
    with pytest.raises(ConfigurationError, match=r"the ranking candidate: .*no dir_archive\.ini"):
        decide(folder, tmp_path / "none")


@pytest.mark.parametrize("role", ["similarity", "ranking"])
def test_without_figures_nobody_knows_of_a_collapse(tmp_path: Path, role: str) -> None:
    folder = make_run(tmp_path / "run", role)
    told = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**told, "figures": []}))
    passed, said = words(decide(folder, tmp_path / "none")[role], "collapse")
    assert (passed, "the run has no figures of it" in said) == (False, True)


def test_a_yardstick_without_hits_is_no_yardstick(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", "similarity")
    with np.load(folder / "pairs.npz") as pairs:
        items = -1 - np.arange(len(pairs["items"]))  # of which no two visitors have the same
    change(folder / "pairs.npz", items=items)
    decision = decide(folder, tmp_path / "none")["similarity"]
    passed, said = words(decision, "against jaccard")
    assert (passed, "has no hit among the visitors that judge it" in said) == (False, True)
    assert not decision.passed
