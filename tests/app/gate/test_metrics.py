"""The decisions of the gate as metrics."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.commands import run
from tests.app.gate.runs import add_report, make_run

Samples = dict[tuple[str, ...], float]
TRAINED = 1795663020.0  # 2026-11-26T03:17:00Z


def gate(*arguments: str) -> int:
    try:
        run(["gate", *arguments])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def read(path: Path) -> Samples:
    """Return each sample by its name, without the prefix, and the values of its labels."""
    order = ("role", "kind", "against")
    return {
        (
            sample.name.removeprefix("recommender_gate_"),
            *(sample.labels[label] for label in order if label in sample.labels),
        ): sample.value
        for family in text_string_to_metric_families(path.read_text())
        for sample in family.samples
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "gate.prom"


def test_what_passes(tmp_path: Path, file: Path) -> None:
    folder = make_run(tmp_path / "run", "similarity")
    registry = str(tmp_path / "models")
    assert gate(str(folder), "--models-dir", registry, "--metrics-file", str(file)) == 0
    found = read(file)
    assert abs(found.pop(("run_timestamp_seconds",)) - time.time()) < 600
    assert found.pop(("ratio", "similarity", "jaccard")) > 1
    assert found.pop(("ratio_low", "similarity", "jaccard")) > 1
    assert found == {
        ("failed",): 0,
        ("trained_timestamp_seconds",): TRAINED,
        ("passed", "similarity"): 1,
        ("published", "similarity"): 1,
        ("recall", "similarity", "all"): 1,
        ("recall", "similarity", "known"): 1,
        ("recall", "similarity", "light"): 1,
    }
    described = Path("docs/operations.md").read_text()
    assert all(f"`recommender_gate_{name}`" in described for name, *_ in found)
    assert [path.name for path in tmp_path.glob("gate.prom*")] == ["gate.prom"]


def test_what_is_refused_or_forced(tmp_path: Path, file: Path) -> None:
    folder = make_run(tmp_path / "run", "similarity", is_good=False)
    arguments = [str(folder), "--models-dir", str(tmp_path / "models"), "--metrics-file", str(file)]
    for force, published in (([], 0), (["--force", "we know"], 1)):
        assert gate(*arguments, *force) == 3 * (1 - published)
        found = read(file)
        assert found["passed", "similarity"] == 0
        assert found["published", "similarity"] == published
        assert found["failed",] == 0


def test_what_fails(tmp_path: Path, file: Path) -> None:
    registry = tmp_path / "models"
    registry.mkdir()
    (registry / "similarity_model").write_text("no folder")
    folder = make_run(tmp_path / "run", "similarity", "ranking")
    arguments = ["--models-dir", str(registry), "--metrics-file", str(file)]
    assert gate(str(folder), *arguments) == 2
    found = read(file)
    assert found["failed",] == 1
    assert [found["published", role] for role in ("similarity", "ranking")] == [0, 0]
    assert found["passed", "similarity"] == 1
    (folder / "run.json").write_text("{")
    assert gate(str(folder), *arguments) == 2
    found = read(file)
    assert set(found) == {("failed",), ("run_timestamp_seconds",)}
    assert found["failed",] == 1


@pytest.mark.parametrize("place", [".", "nowhere/gate.prom"])
def test_what_cannot_be_written_is_refused_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    folder, registry = make_run(tmp_path / "run", "similarity"), tmp_path / "models"
    path = str(tmp_path / place)
    assert gate(str(folder), "--models-dir", str(registry), "--metrics-file", path) == 2
    assert f"cannot pass: --metrics-file {path}: not a file" in capsys.readouterr().err
    assert not registry.exists()


@pytest.mark.parametrize("kind", ["fifo", "device", "nowhere"])
def test_what_is_no_file_is_never_replaced(
    tmp_path: Path, file: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    folder, registry = make_run(tmp_path / "run", "similarity"), tmp_path / "models"
    if kind == "fifo":
        os.mkfifo(file)
    else:
        file.symlink_to("/dev/full" if kind == "device" else tmp_path / "none")
    before = what_it_is(file)
    assert gate(str(folder), "--models-dir", str(registry), "--metrics-file", str(file)) == 2
    assert f"cannot pass: --metrics-file {file}: not a file" in capsys.readouterr().err
    assert not registry.exists()
    assert what_it_is(file) == before


def what_it_is(file: Path) -> tuple[int, int, int]:
    """Return what tells a file from one in its place; a link that is followed has a new atime."""
    status = file.lstat()
    return status.st_ino, status.st_mode, status.st_mtime_ns


def test_a_link_to_a_file_stays_one(tmp_path: Path, file: Path) -> None:
    folder = make_run(tmp_path / "run", "similarity")
    target = tmp_path / "target"
    target.write_text("old")
    file.symlink_to(target)
    assert gate(str(folder), "--models-dir", str(tmp_path / "m"), "--metrics-file", str(file)) == 0
    assert file.is_symlink()
    assert "recommender_gate_failed 0.0" in target.read_text()


@pytest.mark.parametrize(("is_good", "lines"), [(True, 1), (False, 2)])
def test_metrics_that_cannot_be_written_change_no_outcome(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], is_good: bool, lines: int
) -> None:
    folder = add_report(make_run(tmp_path / "run", "similarity", is_good=is_good))
    registry, file = tmp_path / "models", tmp_path / ("x" * 250)  # no room for ".PID.THREAD"
    status = gate(str(folder), "--models-dir", str(registry), "--metrics-file", str(file))
    assert status == (2 if is_good else 3)
    out, err = capsys.readouterr()
    told = err.splitlines()
    assert told[0].startswith(f"the metrics are not written: {file}: ")
    assert len(told) == lines
    assert ("published as" in out) == is_good
    assert (registry / "similarity_model" / "1").is_dir() == is_good
    if not is_good:
        assert told[1].startswith("cannot pass: refused: similarity (broken: ")
