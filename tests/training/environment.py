"""The trainer's environment, for tests that need real Turi Create."""

from __future__ import annotations

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
