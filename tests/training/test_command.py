"""Command lines of the trainer: what they refuse, and what they do without anybody who reads."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.training.environment import ROOT, Trainer, training_python
from tests.training.reader import GOOD, HOUR, SUNDAY, lines
from turi_recommender.versions.locations import Registry

pytestmark = pytest.mark.slow

QUICK = ("--keep", "all", "--factors", "2", "--iterations", "2", "--no-evaluation")
PARSED = """
load_turicreate()
import contextlib, io
from training.train import parse_arguments
said = io.StringIO()
with contextlib.redirect_stderr(said):
    try:
        parse_arguments(arguments)
        answer = (0, "")
    except SystemExit as error:
        answer = (error.code, said.getvalue())
"""


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """Return the line in which a command line refused."""
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def run(*arguments: str, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [training_python(), "-m", *arguments],
        cwd=ROOT,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_bytes(lines(*GOOD))
    return path


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--seed=-1", "--seed: -1 is not from 0 to 2147482647"),
        ("--seed=2147483647", "is not from 0 to 2147482647"),
        (f"--seed={10**30}", "is not from 0 to 2147482647"),
        (f"--seed={'9' * 5000}", "is no whole number"),
        ("--seed=1_0", "'1_0' is no whole number"),
        ("--seed=\u0661", "is no whole number"),
        ("--seed=", "'' is no whole number"),
        ("--factors=0", "--factors: 0 is less than 1"),
        ("--factors=-1", "--factors: -1 is less than 1"),
        ("--factors=1000000", "1000000 is not from 1 to 1000"),
        ("--iterations=-1", "--iterations: -1 is less than 1"),
        ("--iterations=0", "--iterations: 0 is less than 1"),
        ("--version=-3", "--version: -3 is not from 0"),
        (f"--version={10**18}", "is not from 0 to 999999999999999999"),
        ("--visitors=-5", "--visitors: -5 is not from 100"),
        ("--visitors=99", "--visitors: 99 is not from 100"),
        ("--items=0", "--items: 0 is not from 50"),
        ("--models-dir=", "--models-dir: '' is no name of a folder"),
        ("--models-dir=a\0b", "is no name of a folder"),
        (f"--models-dir={__file__}", "test_command.py' is no folder"),
        (f"--models-dir={__file__}/models", "test_command.py' is no folder"),
    ],
)
def test_options_that_cannot_be(trainer: Trainer, argument: str, message: str) -> None:
    status, said = trainer.run(PARSED, arguments=["--models-dir", "models", argument])
    assert status == 2
    assert message in said
    assert said.startswith("train: argument --")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "argument", ["--seed=0", "--seed=2147482647", "--version=0", "--visitors=100", "--items=50"]
)
def test_options_that_just_can_be(trainer: Trainer, argument: str) -> None:
    assert trainer.run(PARSED, arguments=["--models-dir", "models", argument]) == (0, "")


def test_a_version_that_exists_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "ranking_factorization_model" / "3").mkdir(parents=True)
    done = run("training.train", "absent.csv", "--models-dir", str(tmp_path), "--version", "3")
    assert "ranking_factorization_model/3 exists already; choose another --version" in complaint(
        done
    )
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("module", "out"), [("training.train", "--models-dir"), ("training.run", "--out")]
)
def test_a_log_without_times_is_told_what_it_lacks(tmp_path: Path, module: str, out: str) -> None:
    log = tmp_path / "log.csv"
    log.write_bytes(lines("1,10", "1,11", "2,10", header="visitorid,itemid"))
    line = complaint(run(module, str(log), out, str(tmp_path / "out")))
    assert "no column timestamp (--time); it has visitorid, itemid; a log needs the time" in line
    assert list(tmp_path.iterdir()) == [log]


def test_a_training_that_diverges_saves_nothing(tmp_path: Path) -> None:
    log, models = tmp_path / "log.csv", tmp_path / "models"
    rows = [f"{SUNDAY + HOUR * n},{n % 7},view,{n % 5},1.7e308" for n in range(70)]
    log.write_bytes(lines(*rows, header="timestamp,visitorid,event,itemid,stars"))
    arguments = (str(log), "--models-dir", str(models), "--rating", "stars", "--target", "target")
    line = complaint(run("training.train", *arguments, *QUICK))
    assert "the training diverged: the intercept is infinite" in line
    assert not models.exists()


def test_nobody_needs_to_read_the_progress(log: Path, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    arguments = ("training.train", str(log), "--models-dir", str(tmp_path / "models"), *QUICK)
    done = run(*arguments, stdout=writing)
    assert done.returncode == 0
    assert done.stderr == "no more lines of progress: Broken pipe\n"
    assert (tmp_path / "models" / "ranking_factorization_model" / "1").is_dir()
    helped = run("training.train", "--help", stdout=writing)
    os.close(writing)
    assert (helped.returncode, helped.stderr) == (0, "")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_side_data_are_parted_as_logs_are(log: Path, tmp_path: Path, separator: str) -> None:
    side = tmp_path / "items.csv"
    rows = [("colour", "itemid", "size"), ("red, or so", "10", "1"), ("blue", "11", "2")]
    quoted = [separator.join(f'"{field}"' for field in row) for row in rows]
    side.write_text("\n".join(quoted) + "\n")
    out = str(tmp_path / "models")
    done = run(*("training.train", str(log), "--models-dir", out, *QUICK, "--item-data", str(side)))
    assert done.returncode == 0, done.stderr
    model = Registry(tmp_path / "models").load("ranking_factorization_model").model
    assert [column.name for column in model.item_side_columns] == ["colour", "size"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("itemid;colour\n10;red\n".encode("utf-16"), "the file is UTF-16, not UTF-8"),
        (b"id;colour\n10;red\n", "row 1 has no column itemid; it has id, colour"),
        (b"", "No columns to parse"),
        (b"\x1f\x8bnothing", "not even its first row"),
    ],
)
def test_side_data_that_cannot_be(log: Path, tmp_path: Path, content: bytes, message: str) -> None:
    side = tmp_path / "items.csv"
    side.write_bytes(content)
    out = str(tmp_path / "models")
    line = complaint(
        run("training.train", str(log), "--models-dir", out, *QUICK, "--item-data", str(side))
    )
    assert "side data" in line
    assert message in line
    assert not (tmp_path / "models").exists()
