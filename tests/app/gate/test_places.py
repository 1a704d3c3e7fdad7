"""Where the gate may write."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from app.settings import SAMPLE_MODELS
from tests.app.gate.runs import make_run
from tests.app.gate.test_command import gate


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("run", "is the run's directory, or in it"),
        ("run/kept", "is the run's directory, or in it"),
        ("link/kept", "is the run's directory, or in it"),
        ("models", "is the registry; name a folder in it"),
        ("models/", "is the registry; name a folder in it"),
        ("models/similarity_model", "is in the folder of the model similarity_model"),
        ("models/similarity_model/kept", "is in the folder of the model similarity_model"),
        ("models/other/kept", "is in the folder of the model other"),
        ("file", "cannot be written: Not a directory"),
        ("file/kept", "cannot be written: Not a directory"),
        ("/proc/kept", "cannot be written: "),
        ("x" * 300, "cannot be written: "),
    ],
)
def test_where_runs_cannot_be_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str, says: str
) -> None:
    folder, registry = make_run(tmp_path / "run", "similarity"), tmp_path / "models"
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "file").write_text("")
    shutil.copytree(SAMPLE_MODELS / "similarity_model" / "6", registry / "other" / "1")
    arguments = [str(folder), "--models-dir", str(registry), "--keep-in", str(tmp_path / place)]
    status, out, err = gate(capsys, *arguments)
    assert (status, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 1
    assert not (registry / "similarity_model").exists()
    assert not (folder / "kept").exists()


@pytest.mark.parametrize("place", ["run", "run/models"])
def test_the_registry_is_not_in_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    folder = make_run(tmp_path / "run", "similarity")
    before = sorted(folder.rglob("*"))
    status, _, err = gate(capsys, str(folder), "--models-dir", str(tmp_path / place))
    assert (status, "--models-dir" in err) == (2, True)
    assert "is the run's directory, or in it" in err
    assert sorted(folder.rglob("*")) == before


def test_what_is_no_file_of_the_run_is_not_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, registry = make_run(tmp_path / "run", "similarity"), tmp_path / "models"
    (tmp_path / "secret").write_text("secret")
    (folder / "report.html").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "report.json")
    kept = registry / "candidates"
    arguments = [str(folder), "--models-dir", str(registry), "--keep-in", str(kept)]
    assert gate(capsys, *arguments)[0] == 0
    [copy] = kept.iterdir()
    assert {path.name for path in copy.iterdir()} == {"run.json", "gate.json"}


def test_one_that_cannot_be_published_keeps_the_others_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, registry = make_run(tmp_path / "run", "similarity", "ranking"), tmp_path / "models"
    registry.mkdir()
    (registry / "ranking_factorization_model").write_text("no folder")
    arguments = [str(folder), "--models-dir", str(registry), "--force", "try"]
    status, _, err = gate(capsys, *arguments)
    assert (status, "ranking_factorization_model: cannot be written: Not a dir" in err) == (2, True)
    assert [path.name for path in registry.iterdir()] == ["ranking_factorization_model"]
