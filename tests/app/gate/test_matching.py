"""What is published is what was judged, and what the run says."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.commands import run
from app.settings import SAMPLE_MODELS
from tests.app.gate.runs import MODELS, add_report, make_run
from tests.app.gate.test_command import gate
from turi_recommender.versions.checked import CHECKED


def put(folder: Path, role: str, stage: str, other: str) -> None:
    """Put another role's model into the place of a role's."""
    name, version, file = MODELS[other]
    target = folder / role / stage / MODELS[role][2]
    shutil.rmtree(target)
    shutil.copytree(SAMPLE_MODELS / name / version / file, target)


def set_class(folder: Path, role: str, name: str) -> None:
    told = json.loads((folder / "run.json").read_text())
    told["roles"][role]["settings"]["model"] = name
    (folder / "run.json").write_text(json.dumps(told))


def link_out(folder: Path) -> None:
    file = folder / "ranking" / "final" / MODELS["ranking"][2] / "objects.bin"
    shutil.copy(file, folder / "elsewhere.bin")
    file.unlink()
    file.symlink_to(folder / "elsewhere.bin")


def other_class(role: str, name: str) -> Callable[[Path], None]:
    return lambda folder: set_class(folder, role, name)


def both(role: str, other: str, name: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        put(folder, role, "judged", other)
        put(folder, role, "final", other)
        set_class(folder, role, name)

    return spoil


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (
            lambda folder: put(folder, "similarity", "final", "newcomer"),
            "the similarity model that would be published is not the one that is judged: its class "
            "is popularity, and not item_similarity",
        ),
        (
            lambda folder: put(folder, "ranking", "final", "similarity"),
            "the ranking model that would be published is not the one that is judged: its class is",
        ),
        (
            other_class("similarity", "popularity_recommender"),
            "roles.similarity.settings.model: expected item_similarity_recommender, which the",
        ),
        (
            other_class("ranking", "factorization_recommender"),
            "roles.ranking.settings.model: expected ranking_factorization_recommender",
        ),
        (
            both("ranking", "similarity", "item_similarity_recommender"),
            "the ranking model must be a factorization model, but this is item_similarity",
        ),
        (
            both("similarity", "ranking", "ranking_factorization_recommender"),
            "the similarity model must have no side columns, but this one has month, period, week",
        ),
        (link_out, "objects.bin is a link that leads out"),
        (
            lambda folder: shutil.rmtree(folder / "ranking" / "final" / MODELS["ranking"][2]),
            "recommendation_r.model: not there",
        ),
        (
            lambda folder: os.truncate(
                folder / "ranking" / "final" / MODELS["ranking"][2] / "objects.bin", 1000
            ),
            "the ranking candidate: ",
        ),
    ],
)
@pytest.mark.parametrize("more", [(), ("--force", "we know")])
def test_what_is_not_what_it_says_is_refused_whole(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Path], None],
    says: str,
    more: tuple[str, ...],
) -> None:
    folder = add_report(make_run(tmp_path / "run", "similarity", "ranking"))
    spoil(folder)
    registry = tmp_path / "models"
    status, _, err = gate(capsys, str(folder), "--models-dir", str(registry), *more)
    assert (status, len(err.splitlines())) == (2, 1)
    assert says in err
    assert not registry.exists()


def test_ids_are_of_the_type_of_the_models(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_run(tmp_path / "run", "similarity")
    for file in ("pairs.npz", "test.npz"):
        with np.load(folder / file) as loaded:
            arrays = {name: loaded[name] for name in loaded.files}
        texts = {name: arrays[name].astype(np.str_) for name in ("users", "items")}
        np.savez_compressed(folder / file, **arrays | texts)
    status, _, err = gate(capsys, str(folder), "--models-dir", str(tmp_path / "models"))
    assert status == 2
    assert "pairs.npz: users: expected integers as in the similarity model, found strings" in err


def test_the_sample_models_are_what_they_say(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", *MODELS)
    run(
        ["gate", str(folder), "--models-dir", str(tmp_path / "models"), "--force", "the first ones"]
    )
    names = {path.name for path in (tmp_path / "models").iterdir()}
    assert names == {CHECKED, *(name for name, _, _ in MODELS.values())}
