"""Runs that are kept: what of them, and how many."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.gate.candidates import Run, read_run
from app.gate.kept import DECISIONS, keep
from tests.app.gate.runs import make_run
from turi_recommender.errors import RegistrationError


def trained(folder: Path, moment: str) -> Run:
    """Make a run that was trained at a moment."""
    make_run(folder, "similarity")
    told = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**told, "trained": moment}))
    return read_run(folder)


def names(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_a_published_run_leaves_its_reports_only(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", "2026-11-26T03:17:00Z")
    (run.path / "report.html").write_text("<p>")
    (run.path / DECISIONS).write_text("of another time")
    decided: dict[str, Any] = {"decisions": []}
    kept = keep(run, [], decided, tmp_path / "kept", 3)
    assert names(kept) == ["gate.json", "report.html", "run.json"]
    assert json.loads((kept / DECISIONS).read_text()) == decided


def test_the_oldest_go_and_nothing_else_does(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    (folder / "of somebody else").mkdir(parents=True)
    for day in (24, 26, 25):
        run = trained(tmp_path / str(day), f"2026-11-{day}T03:17:00Z")
        kept = keep(run, run.candidates, {}, folder, 2)
        assert kept.name == f"2026-11-{day}T031700Z"
    assert names(folder) == ["2026-11-25T031700Z", "2026-11-26T031700Z", "of somebody else"]
    old = trained(tmp_path / "old", "2026-11-01T03:17:00Z")
    kept = keep(old, old.candidates, {}, folder, 1)
    assert names(folder) == ["2026-11-01T031700Z", "of somebody else"]  # the newcomer stays


def test_two_runs_of_one_moment(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", "2026-11-26T03:17:00Z")
    kept = [keep(run, [], {}, tmp_path / "kept", 5).name for _ in range(3)]
    assert kept == [f"2026-11-26T031700Z{end}" for end in ("", "-2", "-3")]


@pytest.mark.parametrize("moment", ["../../etc", "yesterday", ""])
def test_a_moment_that_is_none_names_no_folder(tmp_path: Path, moment: str) -> None:
    run = trained(tmp_path / "run", "2026-11-26T03:17:00Z")
    run = replace(run, told={**run.told, "trained": moment})
    kept = keep(run, [], {}, tmp_path / "kept", 5)
    assert kept.parent == tmp_path / "kept"
    assert kept.name.startswith("20")


def test_what_cannot_be_kept_is_said(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", "2026-11-26T03:17:00Z")
    (tmp_path / "kept").write_text("no folder")
    with pytest.raises(RegistrationError, match="kept"):
        keep(run, [], {}, tmp_path / "kept", 5)
