"""The commands of docs/migrate-from-azure-ml.md that need no Azure do what the page says."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import SAMPLE_MODELS
from tests.support.processes import app_process

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "migrate-from-azure-ml.md").read_text()
REGISTERED = {  # as the notebook registered them, and where the samples have them
    "similarity_model/recommendation_s.model": "similarity_model/6/recommendation_s.model",
    "ranking_factorization_model/recommendation_r.model":
        "ranking_factorization_model/1/recommendation_r.model",
}  # fmt: skip
# What the SDK's objects do in the notebook, each with its own row.
STEPS = (
    "Workspace", "Model.register", "score.py", "Environment", "InferenceConfig",
    "LocalWebservice", "AciWebservice", "AksCompute", "AksWebservice", "Model.deploy",
    "get_logs()", "get_keys()", "get_token()", "regen_key", "scoring_uri", "service.run",
    "service.update", "service.delete()",
)  # fmt: skip


def block(begin: str) -> str:
    """Return the one block of commands that has a line with this beginning."""
    blocks = re.findall(r"^( *)```sh\n(.*?)^ *```$", PAGE, re.M | re.S)
    texts = [re.sub(rf"^{indent}", "", text, flags=re.M) for indent, text in blocks]
    [found] = [text for text in texts if re.search(rf"^{re.escape(begin)}", text, re.M)]
    return found


def shell(commands: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run commands in a folder, as somebody who has installed the command line."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    program = programs / "turi-recommender"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m app "$@"\n')
    program.chmod(0o755)
    return subprocess.run(
        ["sh", "-euc", commands],
        cwd=folder,
        env={
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            **variables,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def registered(folder: Path) -> str:
    """Return the commands that make a registry, after a download."""
    for downloaded, sample in REGISTERED.items():
        shutil.copytree(SAMPLE_MODELS / sample, folder / "download" / downloaded)
    commands = block("turi-recommender register download")
    assert commands.startswith("pip install '.[service]'\n")
    return commands.partition("\n")[2]


@pytest.mark.slow
def test_a_download_becomes_a_registry_that_answers_the_same(tmp_path: Path) -> None:
    done = shell(registered(tmp_path), tmp_path)
    assert done.returncode == 0, done.stderr
    root = tmp_path / "models"
    held = {path.parent.relative_to(root).as_posix() for path in root.glob("**/dir_archive.ini")}
    assert held == set(REGISTERED.values())
    commands = block("turi-recommender compare").replace("OLD_KEY=...", "OLD_KEY=any")
    with (
        app_process(models_dir=SAMPLE_MODELS) as (_, old),
        app_process(models_dir=tmp_path / "models") as (_, new),
    ):
        for given, address in (
            ("http://OLD-ADDRESS/api/v1/service/SERVICE", f"{old}/api/v1/service/shop"),
            ("http://127.0.0.1:6789", new),
        ):
            assert commands.count(given) == 1
            commands = commands.replace(given, address)
        done = shell(commands, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("payloads: 3\nequal byte for byte: 3\n")


@pytest.mark.slow
def test_without_the_last_level_it_works_too(tmp_path: Path) -> None:
    """As older versions of the command may have written it."""
    commands = registered(tmp_path)
    for downloaded in REGISTERED:
        whole = tmp_path / "download" / downloaded
        shutil.move(whole, tmp_path / "moved")
        whole.parent.rmdir()
        shutil.move(tmp_path / "moved", whole.parent)
        commands = commands.replace(f"download/{downloaded}", f"download/{Path(downloaded).parent}")
    done = shell(commands, tmp_path)
    assert done.returncode == 0, done.stderr
    with app_process(models_dir=tmp_path / "models") as (process, _):
        assert process.poll() is None


@pytest.mark.parametrize("step", STEPS)
def test_each_step_of_the_notebook_has_a_row(step: str) -> None:
    table = PAGE.partition("## Cell by cell")[2]
    assert any(step in line.split("|")[1] for line in table.splitlines() if line[:1] == "|")


def test_the_page_says_what_was_not_run() -> None:
    assert "No command that begins with `az` has been run" in PAGE


def test_the_old_digest_is_the_one_that_the_service_knows(tmp_path: Path) -> None:
    [command] = re.findall(r"`(printf %s .*? \| turi-recommender key --from-stdin)`", PAGE)
    old = "nQ8vX2bTz5LmY0dRkW7cJ4hGs1fPa9Ue"
    done = shell(command, tmp_path, OLD_KEY=old)
    assert done.stdout == f"digest: sha256:{hashlib.sha256(old.encode()).hexdigest()}\n"


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *ROOT.glob("docs/*.md")], ids=lambda page: page.name
)
def test_who_installs_for_the_command_line_gets_it(page: Path) -> None:
    """The command line belongs to the service, which is an extra."""
    for text in re.findall(r"^ *```sh\n(.*?)^ *```$", page.read_text(), re.M | re.S):
        if re.search(r"^turi-recommender ", text, re.M):
            assert not re.search(r"pip install \.(\s|$)", text), text
