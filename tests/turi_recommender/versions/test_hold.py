"""Processes of one machine see which versions the others have loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from turi_recommender.versions.hold import Hold, is_held

HOLDER = """
import sys, pathlib
from turi_recommender.versions.hold import Hold
hold = Hold(pathlib.Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_folder_is_held_as_long_as_somebody_refers_to_it(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    one, other = Hold(tmp_path), Hold(tmp_path)
    assert is_held(tmp_path)
    del one
    assert is_held(tmp_path)
    del other
    assert not is_held(tmp_path)


def test_what_is_not_there_is_not_held(tmp_path: Path) -> None:
    _ = Hold(tmp_path / "nothing")
    assert not is_held(tmp_path / "nothing")


def test_another_process_holds_until_it_ends_however_it_ends(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            assert is_held(tmp_path)
        finally:
            holder.kill()
        holder.wait()
        assert not is_held(tmp_path)
