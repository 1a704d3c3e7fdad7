"""The trainer's environment, for tests that need real Turi Create."""

from __future__ import annotations

import os
import random
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@cache
def _training_env() -> tuple[int, str, str]:
    script = ROOT / "scripts" / "training-env"
    done = subprocess.run([str(script)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def training_python() -> str:
    """Return the Python that has Turi Create; skip the test where there is no CPython 3.8."""
    status, python, complaint = _training_env()
    if status == 3:
        pytest.skip(complaint)
    assert status == 0, complaint
    return python


def run_python(*arguments: str) -> str:
    """Run the trainer's Python from the root of the tree; return what it prints."""
    done = subprocess.run(
        [training_python(), *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def record_live(recorder: str, folder: Path) -> None:
    """Let real Turi Create train fresh models and answer for them.

    The seed is printed; the variable PARITY_SEED repeats one.

    Parameters
    ----------
    recorder : str
        The module of `training` that asks.
    folder : Path
        Where models and answers go.
    """
    seed = os.environ.get("PARITY_SEED") or str(random.SystemRandom().randrange(10, 10**6))
    print(f"PARITY_SEED={seed}")
    command = [training_python(), "-m", f"training.{recorder}", str(folder), "--seed", seed]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
