"""What the gate tells the report of a run, from the command line to the page."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.app.gate.runs import add_report, make_run
from tests.app.gate.test_command import gate
from tests.app.gate.test_page import HOSTILE, PLAIN, Elements


def decision(folder: Path) -> dict[str, Any]:
    """Return what the report of a run says of the decision."""
    told: dict[str, Any] = json.loads((folder / "report.json").read_text())["decision"]
    return told


def serve(folder: Path, registry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Publish a run as if it had been trained before the test part."""
    told = json.loads((folder / "run.json").read_text())
    told["log"]["last"] = "2026-11-01T00:00:00Z"
    (folder / "run.json").write_text(json.dumps(told))
    assert gate(capsys, str(folder), "--models-dir", str(registry))[0] == 0


def test_the_new_model_stands_beside_the_serving_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry, kept = tmp_path / "models", tmp_path / "kept"
    folder = add_report(make_run(tmp_path / "run", "similarity"), HOSTILE)
    serve(make_run(tmp_path / "before", "similarity"), registry, capsys)
    arguments = ["--models-dir", str(registry), "--keep-in", str(kept)]
    assert gate(capsys, str(folder), *arguments)[0] == 0
    [copy] = kept.iterdir()
    assert (copy / "report.html").read_text() == (folder / "report.html").read_text()
    told = decision(copy)
    assert told == decision(folder)
    [role] = told["roles"]
    assert (role["outcome"], role["version"]) == ("passed", "similarity_model:2")
    assert (role["serving"]["version"], role["serving"]["why_not"]) == ("similarity_model:1", None)
    both = {"value": 1.0, "low": 1.0, "high": 1.0}
    assert role["serving"]["kinds"] == [
        {"kind": kind, "visitors": count, "candidate": 1.0, "serving": 1.0, "ratio": both}
        for kind, count in (("all", 80), ("known", 40), ("light", 40))
    ] + [{"kind": "unknown", "visitors": 0, "candidate": None, "serving": None, "ratio": None}]
    assert len(told["examples"]) == 10
    for one in told["examples"]:
        [lists] = one["lists"]
        assert lists["candidate"] == lists["serving"]
        assert sum(item["hit"] for item in lists["candidate"]) == 3
        assert all(item["title"] == HOSTILE for item in one["history"])
    page = Elements((folder / "report.html").read_text())
    assert page.tags <= PLAIN | {"section"}
    assert "Nothing yet." not in page.text
    assert page.text.count(HOSTILE) >= 20


def test_a_serving_version_that_knows_the_test_part_shows_its_manifests_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--models-dir", str(tmp_path / "models")]
    assert gate(capsys, str(make_run(tmp_path / "before", "similarity")), *arguments)[0] == 0
    folder = add_report(make_run(tmp_path / "run", "similarity"))
    assert gate(capsys, str(folder), *arguments)[0] == 0
    [role] = decision(folder)["roles"]
    why = "similarity_model:1 has learnt from the test part already"
    assert role["serving"]["why_not"] == why
    assert role["serving"]["manifest"] == {
        "all": {"visitors": 80, "recall": 1.0},
        "known": {"visitors": 40, "recall": 1.0},
        "light": {"visitors": 40, "recall": 1.0},
        "unknown": {"visitors": 0, "recall": None},
    }
    text = Elements((folder / "report.html").read_text()).text
    assert "in the manifest of similarity_model:1: measured on another test part" in text
    assert f"not checked: {why}" in text


def test_a_kept_run_that_is_judged_again_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry, kept = tmp_path / "models", tmp_path / "kept"
    folder = add_report(make_run(tmp_path / "run", "similarity", is_good=False))
    arguments = ["--models-dir", str(registry), "--keep-in", str(kept)]
    assert gate(capsys, str(folder), *arguments)[0] == 3
    shutil.rmtree(folder)
    [copy] = kept.iterdir()
    [role] = decision(copy)["roles"]
    assert (role["outcome"], role["version"]) == ("refused", None)
    assert role["serving"]["why_not"] == "no version serves this role"
    first = (copy / "report.html").read_bytes()
    assert gate(capsys, str(copy), *arguments)[0] == 3
    assert (copy / "report.html").read_bytes() == first
    assert gate(capsys, str(copy), *arguments, "--force", "a new shop")[0] == 0
    [role] = decision(copy)["roles"]
    assert (role["outcome"], role["forced"]) == ("forced", "a new shop")
    text = Elements((copy / "report.html").read_text()).text
    assert "published by force: a new shop; published as similarity_model:1" in text
    assert "refused" not in text


def test_roles_that_were_not_judged_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = add_report(make_run(tmp_path / "run", "similarity", "ranking"))
    arguments = ["--models-dir", str(tmp_path / "models"), "--role", "similarity"]
    assert gate(capsys, str(folder), *arguments)[0] == 0
    assert decision(folder)["not_judged"] == ["ranking"]


def test_what_could_not_be_published_is_in_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = tmp_path / "models"
    registry.mkdir()
    (registry / "similarity_model").write_text("no folder")
    folder = add_report(make_run(tmp_path / "run", "similarity"))
    assert gate(capsys, str(folder), "--models-dir", str(registry))[0] == 2
    assert "similarity_model" in decision(folder)["failed"]
    assert "could not come to its end" in (folder / "report.html").read_text()


@pytest.mark.parametrize("form", [(), ("--json",)])
@pytest.mark.parametrize("damage", [None, "<p>no place", "[" * 100_000])
def test_a_damaged_report_keeps_nothing_from_being_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str | None, form: tuple[str, ...]
) -> None:
    registry, kept = tmp_path / "models", tmp_path / "kept"
    folder = add_report(make_run(tmp_path / "run", "similarity"))
    name = "report.json" if damage is not None and damage[0] == "[" else "report.html"
    if damage is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(damage)
    arguments = ["--models-dir", str(registry), "--keep-in", str(kept), *form]
    status, _, err = gate(capsys, str(folder), *arguments)
    assert status == 0
    assert (registry / "similarity_model" / "1").is_dir()
    assert (next(kept.iterdir()) / "gate.json").is_file()
    [line] = err.splitlines()
    assert line.startswith("the report does not show the decision: ")
    assert name in line


def test_examples_who_are_not_in_the_test_part_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = add_report(make_run(tmp_path / "run", "similarity"), visitors=3)
    told = json.loads((folder / "report.json").read_text())
    told["examples"][1]["visitor"] = "a stranger"
    (folder / "report.json").write_text(json.dumps(told))
    assert gate(capsys, str(folder), "--models-dir", str(tmp_path / "models"))[0] == 0
    names = [one["visitor"] for one in decision(folder)["examples"]]
    assert names == [told["examples"][0]["visitor"], told["examples"][2]["visitor"]]
