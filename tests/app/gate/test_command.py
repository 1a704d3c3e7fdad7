"""The gate, from the command line to the registry."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

from app.commands import run
from tests.app.gate.runs import make_run
from turi_recommender.versions import Registry
from turi_recommender.versions.checked import CHECKED


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
    assert status == 3
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
    assert status == 3
    assert "its log has 400 events, that of the serving version 1000" in out
    why = "similarity_model:1 has learnt from the test part already"
    assert f"NOT CHECKED against the serving version: {why}" in out
    assert gate(capsys, str(second), *arguments, "--least-log", "0.3")[0] == 0
    assert sorted(path.name for path in (registry / "similarity_model").iterdir()) == ["1", "2"]


def test_a_log_that_lost_its_newest_events_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--models-dir", str(tmp_path / "models")]
    first, second = (make_run(tmp_path / name, "similarity") for name in ("first", "second"))
    told = json.loads((second / "run.json").read_text())
    told["log"]["last"] = "2026-11-24T23:59:59Z"
    (second / "run.json").write_text(json.dumps(told))
    assert gate(capsys, str(first), *arguments)[0] == 0
    status, out, err = gate(capsys, str(second), *arguments)
    assert (status, "(broken: log)" in err) == (3, True)
    assert "its last event is of 2026-11-24T23:59:59Z" in out
    assert gate(capsys, str(second), *arguments, "--force", "events were withdrawn")[0] == 0


def test_a_log_of_which_nothing_can_be_said_is_not_called_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_run(tmp_path / "run", "similarity")
    status, out, _ = gate(capsys, str(folder), "--models-dir", str(tmp_path / "models"), "--json")
    assert status == 0
    rules = {each["rule"]: each for each in json.loads(out)["rules"]}
    unchecked = {name for name, each in rules.items() if not each["checked"]}
    assert unchecked == {"log", "figures", "columns", "against the serving version"}
    assert all(each["passed"] for each in rules.values())


def test_figures_far_below_those_of_the_manifest_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The yardsticks are of the same log, and are as bad as the candidate where that is corrupt."""
    arguments = ["--models-dir", str(tmp_path / "models")]
    first, second = (make_run(tmp_path / name, "similarity") for name in ("first", "second"))
    assert gate(capsys, str(first), *arguments)[0] == 0
    with np.load(second / "test.npz") as test:
        content = {name: test[name] for name in test.files}
    items = content["items"].reshape(-1, 3)
    items[len(items) // 4 :] = -1  # three visitors of four did what nobody could foresee
    np.savez_compressed(second / "test.npz", **{**content, "items": items.ravel()})
    status, out, err = gate(capsys, str(second), *arguments)
    assert (status, "refused: similarity (broken: figures)" in err) == (3, True)
    assert "its recall@10 is 0.2500, and the serving version's manifest says 1.0000" in out
    assert gate(capsys, str(second), *arguments, "--least-recall", "0.2")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--least-recall", "1"], "1 is not a share"),
        (["--margin", "1.5"], "1.5 is not a share"),
        (["--least-log", "-1"], "-1 is not a share"),
        (["--force", "  "], "--force needs a reason"),
        (["--force", "one\ntwo"], "--force needs a reason: one line of at most 1000 characters"),
        (["--force", "x" * 1001], "--force needs a reason: one line of at most 1000 characters"),
        (["--margin", "nan"], "nan is not a share"),
        (["--margin", "little"], "little is not a share"),
        (["--least-log", "inf"], "inf is not a share"),
        (["--least-visitors", "-1"], "a whole number, 1 or more, is needed"),
        (["--least-visitors", "0"], "a whole number, 1 or more, is needed"),
        (["--least-visitors", "many"], "a whole number, 1 or more, is needed"),
        (["--least-visitors", "9" * 5000], "a whole number, 1 or more, is needed"),
        (["--keep", "0"], "a whole number, 1 or more, is needed"),
        (["--keep-in", ""], "a path is needed"),
        (["--metrics-file", ""], "a path is needed"),
    ],
)
def test_what_cannot_be_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    folder = make_run(tmp_path / "run", "similarity")
    status, _, err = gate(capsys, str(folder), "--models-dir", str(tmp_path / "m"), *arguments)
    assert status == 2
    assert says in err


def test_roles_are_judged_by_themselves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_run(tmp_path / "run", "similarity", "ranking")
    arguments = [str(folder), "--models-dir", str(tmp_path / "models")]
    status, out, _ = gate(capsys, *arguments, "--role", "similarity", "--json")
    assert status == 0
    assert [json.loads(line)["role"] for line in out.splitlines()] == ["similarity"]
    names = {path.name for path in (tmp_path / "models").iterdir()}
    assert names == {"similarity_model", CHECKED}
    status, _, err = gate(capsys, *arguments, "--role", "newcomer")
    assert (status, "has no candidate for newcomer" in err) == (2, True)


def test_the_log_has_a_line_for_each_decision(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECOMMENDER_LOG_FORMAT", "json")
    registry = tmp_path / "models"
    arguments = ["--models-dir", str(registry), "--keep-in", str(registry / "candidates")]
    good = make_run(tmp_path / "good", "similarity")
    bad = make_run(tmp_path / "bad", "similarity", is_good=False, events=400)
    root, level = logging.getLogger(), logging.getLogger().level
    before = list(root.handlers)
    try:
        answers = [
            gate(capsys, str(good), *arguments),
            gate(capsys, str(bad), *arguments),
            gate(capsys, str(bad), *arguments, "--force", "a smaller shop"),
        ]
    finally:
        root.handlers = before
        root.setLevel(level)
    lines = [[json.loads(line) for line in out.splitlines()] for _, out, _ in answers]
    judged = [one for each in lines for one in each if one["event"] == "candidate judged"]
    kept = [one for each in lines for one in each if one["event"] == "candidates kept"]
    assert [one["outcome"] for one in judged] == ["passed", "refused", "forced"]
    assert [one["level"] for one in judged] == ["info", "warning", "warning"]
    assert judged[0]["published"] == str(registry / "similarity_model" / "1")
    assert (judged[1]["published"], judged[1]["role"]) == (None, "similarity")
    assert set(judged[1]["broken"]) == {"log", "figures", "against jaccard"}
    assert set(judged[1]["not_checked"]) == {"against the serving version"}
    assert "at least 80% of them are needed" in judged[1]["broken"]["log"]
    assert judged[2]["forced"] == "a smaller shop"
    assert len(kept) == 3
    missing = [one for each in lines for one in each if one["event"] == "report not completed"]
    assert [(one["level"], "report.html" in one["why"]) for one in missing] == [
        ("warning", True)
    ] * 3
    refused = "cannot pass: refused: similarity (broken: log, figures, against jaccard)"
    assert refused in answers[1][2]


def test_a_refused_run_is_kept_and_can_be_forced_from_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = tmp_path / "models"
    kept = registry / "candidates"
    arguments = ["--models-dir", str(registry)]
    folder = make_run(tmp_path / "run", "similarity", "ranking")
    found = [
        {"name": "similarity", "findings": []},
        {"name": "ranking", "findings": ["all visitors get the same list"]},
    ]
    told = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**told, "figures": found}))
    status, out, err = gate(capsys, str(folder), *arguments, "--keep-in", str(kept))
    assert status == 3
    assert "refused: ranking (broken: collapse)" in err
    [name] = [path.name for path in kept.iterdir()]
    assert name == "2026-11-26T031700Z"
    assert f"kept in {kept / name}" in out
    files = {path.name for path in (kept / name).iterdir()}
    assert files == {"run.json", "pairs.npz", "test.npz", "ranking", "gate.json"}
    told = json.loads((kept / name / "gate.json").read_text())
    assert told["failed"] is None
    assert [(one["role"], one["passed"]) for one in told["decisions"]] == [
        ("similarity", True),
        ("ranking", False),
    ]
    shutil.rmtree(folder)
    again = [str(kept / name), *arguments, "--keep-in", str(kept), "--force", "we know"]
    status, _, err = gate(capsys, *again)
    assert (status, "--role names the candidates" in err) == (2, True)
    assert gate(capsys, *again, "--role", "ranking")[0] == 0
    assert [path.name for path in kept.iterdir()] == [name]
    entry = Registry(registry).load("ranking_factorization_model:1")
    assert entry.training is not None
    assert entry.training.figures is not None
    assert entry.training.figures.forced == "we know"


def test_a_run_that_cannot_be_published_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry, kept = tmp_path / "models", tmp_path / "kept"
    registry.mkdir()
    (registry / "similarity_model").write_text("no folder")
    folder = make_run(tmp_path / "run", "similarity")
    arguments = [str(folder), "--models-dir", str(registry), "--keep-in", str(kept)]
    status, _, err = gate(capsys, *arguments)
    assert (status, "similarity_model" in err) == (2, True)
    [run] = kept.iterdir()
    assert "similarity_model" in json.loads((run / "gate.json").read_text())["failed"]
    assert (run / "similarity" / "final").is_dir()


def test_candidates_are_no_model_of_the_registry(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = tmp_path / "models"
    folder = make_run(tmp_path / "run", "similarity")
    kept = str(registry / "candidates")
    assert gate(capsys, str(folder), "--models-dir", str(registry), "--keep-in", kept)[0] == 0
    run(["versions", "--models-dir", str(registry), "--json"])
    versions = json.loads(capsys.readouterr().out)["versions"]
    assert [(each["name"], each["version"]) for each in versions] == [("similarity_model", "1")]
