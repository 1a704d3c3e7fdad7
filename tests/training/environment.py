"""The trainer's environment, for tests that need real Turi Create."""

from __future__ import annotations

import os
import pickle
import random
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

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


class TrainerError(Exception):
    """What code raised on the trainer's Python: the name of the class, and the message."""


class Trainer:
    """A process of the trainer's Python that evaluates code (tests/training/worker.py).

    Parameters
    ----------
    python : str
        Its path.
    """

    def __init__(self, python: str) -> None:
        self._process = subprocess.Popen(
            [python, "-m", "tests.training.worker"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def run(self, code: str, **variables: Any) -> Any:
        """Run code there, and return what it leaves in `answer`.

        Parameters
        ----------
        code : str
            `frame(rows)` makes events of tuples (user, item, time in ns); `load_turicreate()` comes
            before modules that import it.
        **variables
            Plain values that the code has by these names.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        pickle.dump((code, variables), self._process.stdin, protocol=4)
        self._process.stdin.flush()
        worked, answer = pickle.load(self._process.stdout)
        if not worked:
            raise TrainerError(answer)
        return answer

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=30)


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
