"""Asks the trainer what it reads from a log."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.training.environment import ROOT, training_python

HEADER = "timestamp,visitorid,event,itemid"
SUNDAY = 1430611200000  # 3 May 2015, midnight UTC
HOUR = 3600 * 1000
# The least from which something can be learnt.
GOOD = (f"{SUNDAY},1,view,10", f"{SUNDAY},1,addtocart,11", f"{SUNDAY + HOUR},2,view,10")


def lines(*rows: str, header: str = HEADER) -> bytes:
    """Return a log with a header and rows."""
    return "".join(f"{row}\n" for row in (header, *rows)).encode()


class Reader:
    """A process of the trainer's Python that reads logs."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "log"
        self._process = subprocess.Popen(
            [training_python(), "-m", "tests.training.log_worker"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        self._process.communicate(timeout=60)

    def answer(
        self, log: bytes | Path, *arguments: str, is_prepared: bool = False
    ) -> dict[str, Any]:
        """Return what comes of a log: a table or an error, and never a traceback."""
        if isinstance(log, bytes):
            self._path.write_bytes(log)
        path = self._path if isinstance(log, bytes) else log
        question = {"path": str(path), "arguments": arguments, "is_prepared": is_prepared}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(question), file=self._process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert "traceback" not in answer, answer["traceback"]
        return answer

    def events(self, log: bytes | Path, *arguments: str) -> dict[str, list[Any]]:
        """Return the events of a log, column by column."""
        answer = self.answer(log, *arguments)
        assert "error" not in answer, answer["error"]
        columns: dict[str, list[Any]] = answer["columns"]
        return columns

    def rows(self, log: bytes | Path, *arguments: str) -> dict[str, list[Any]]:
        """Return the training rows of a log, column by column."""
        answer = self.answer(log, *arguments, is_prepared=True)
        assert "error" not in answer, answer["error"]
        columns: dict[str, list[Any]] = answer["columns"]
        return columns

    def error(self, log: bytes | Path, *arguments: str, is_prepared: bool = False) -> str:
        """Return why a log is refused: one line."""
        answer = self.answer(log, *arguments, is_prepared=is_prepared)
        assert "error" in answer, answer
        error: str = answer["error"]
        assert len(error.splitlines()) == 1
        assert len(error) < 2500
        return error
