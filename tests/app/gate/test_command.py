"""The gate, from the command line to the registry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.commands import run
from tests.app.gate.runs import make_run
from turi_recommender.versions import Registry


def gate(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run the command; return its status, and what it printed."""
    status = 0
    try:
        run(["gate", *arguments])
    except SystemExit as end:
        status = int(end.code or 0)
    out, err = capsys.readouterr()
    return status, out, err


def test_what_passes_is_published_with_its_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, registry = make_run(tmp_path / "run", "similarity"), tmp_path / "models"
    status, out, _ = gate(capsys, str(folder), "--models-dir", str(registry))
    assert status == 0
    assert "similarity (similarity_model): passed" in out
    entry = Registry(registry).load("similarity_model:1")
    assert entry.training is not None
    assert entry.training.figures is not None
    figures = entry.training.figures
    assert figures.values["all"] == figures.values["known"] == 1.0
    assert (figures.values["unknown"], figures.visitors["light"]) == (None, 40)
    assert set(figures.against) == {"jaccard"}
    assert entry.training.log.events == 1000


def test_what_is_worthless_stays_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, registry = make_run(tmp_path / "run", "similarity", is_good=False), tmp_path / "models"
    arguments = [str(folder), "--models-dir", str(registry)]
    status, out, err = gate(capsys, *arguments)
    assert status == 2
    assert "similarity (similarity_model): refused" in out
    assert "BROKEN" in out
    assert "cannot pass: refused: similarity" in err
    assert not registry.exists()
    status, out, _ = gate(capsys, *arguments, "--force", "the shop has changed", "--json")
    assert status == 0
    answer = json.loads(out)
    assert (answer["passed"], answer["figures"]["forced"]) == (False, None)
    entry = Registry(registry).load("similarity_model:1")
    assert entry.training is not None
    assert entry.training.figures is not None
    assert entry.training.figures.forced == "the shop has changed"


def test_a_log_that_shrank_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    registry = tmp_path / "models"
    arguments = ["--models-dir", str(registry)]
    first, second = (
        make_run(tmp_path / str(events), "similarity", events=events) for events in (1000, 400)
    )
    assert gate(capsys, str(first), *arguments)[0] == 0
    status, out, _ = gate(capsys, str(second), *arguments)
    assert status == 2
    assert "its log has 400 events, that of the serving version 1000" in out
    assert "similarity_model:1 has learnt from the test part already" in out
    assert gate(capsys, str(second), *arguments, "--least-log", "0.3")[0] == 0
    assert sorted(path.name for path in (registry / "similarity_model").iterdir()) == ["1", "2"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--margin", "1.5"], "1.5 is not a share"),
        (["--least-log", "-1"], "-1 is not a share"),
        (["--force", "  "], "--force needs a reason"),
    ],
)
def test_what_cannot_be_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    folder = make_run(tmp_path / "run", "similarity")
    status, _, err = gate(capsys, str(folder), "--models-dir", str(tmp_path / "m"), *arguments)
    assert status == 2
    assert says in err
