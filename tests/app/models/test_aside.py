"""Work on files that never ends keeps nobody: not who asked, and not the process."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.models.aside import run_aside
from tests.support.processes import ROOT
from tests.support.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.anyio

# A service whose disk has gone away: what loads a version waits for ever.
HANGING = """
import os, sys
from app.commands import run
from turi_recommender.versions import Registry
whole = Registry.load

def hang(registry, reference):
    if reference.endswith(":2"):
        print("hangs", flush=True)
        os.read(os.pipe()[0], 1)
    return whole(registry, reference)

Registry.load = hang
run(["serve"])
"""


async def test_what_it_returns_or_raises_arrives() -> None:
    assert await run_aside(divmod, 7, 2, seconds=60) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await run_aside(divmod, 7, 0, seconds=60)


async def test_what_takes_too_long_is_not_waited_for() -> None:
    end = threading.Event()
    with pytest.raises(TimeoutError):
        await run_aside(end.wait, seconds=0.01)
    end.set()


@pytest.mark.slow
def test_a_load_that_hangs_does_not_outlive_sigterm(tmp_path: Path) -> None:
    for version in ("1", "2"):
        folder = tmp_path / "similarity_model" / version
        folder.mkdir(parents=True)
    source = ROOT / "app" / "sample_models" / "similarity_model" / "6" / "recommendation_s.model"
    (tmp_path / "similarity_model" / "1" / "m.model").symlink_to(source)
    settings = {
        "RECOMMENDER_MODELS_DIR": str(tmp_path),
        "RECOMMENDER_MODELS_POLL_SECONDS": "0.05",
        "RECOMMENDER_PORT": "0",
        "RECOMMENDER_DRAIN_SECONDS": "0",
        "PATH": "",
    }
    running = subprocess.Popen(
        [sys.executable, "-c", HANGING],
        cwd=ROOT,
        env=settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert running.stdout is not None
        lines = iter(running.stdout.readline, "")
        assert any("startup complete" in line for line in lines)
        (tmp_path / "similarity_model" / "2" / "m.model").symlink_to(source)
        assert any("hangs" in line for line in lines)
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=PATIENCE_SECONDS)
        assert running.returncode == 0
    finally:
        running.kill()
        running.communicate()
