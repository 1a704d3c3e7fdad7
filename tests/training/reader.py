"""Asks the trainer what it reads from a log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.training.environment import Trainer

HEADER = "timestamp,visitorid,event,itemid"
SUNDAY = 1430611200000  # 3 May 2015, midnight UTC
HOUR = 3600 * 1000
# The least from which something can be learnt.
GOOD = (f"{SUNDAY},1,view,10", f"{SUNDAY},1,addtocart,11", f"{SUNDAY + HOUR},2,view,10")

_READ = """
from tests.training.log_reading import read
answer = read(path, arguments, is_prepared)
"""


def lines(*rows: str, header: str = HEADER) -> bytes:
    """Return a log with a header and rows."""
    return "".join(f"{row}\n" for row in (header, *rows)).encode()


class Reader:
    """Reads logs on the trainer's Python.

    Parameters
    ----------
    trainer : Trainer
        A process of it.
    folder : Path
        For logs that are given as bytes.
    """

    def __init__(self, trainer: Trainer, folder: Path) -> None:
        self._trainer = trainer
        self._path = folder / "log"

    def answer(
        self, log: bytes | Path, *arguments: str, is_prepared: bool = False
    ) -> dict[str, Any]:
        """Return what comes of a log: a table or an error, and never a traceback."""
        if isinstance(log, bytes):
            self._path.write_bytes(log)
        path = self._path if isinstance(log, bytes) else log
        answer: dict[str, Any] = self._trainer.run(
            _READ, path=str(path), arguments=list(arguments), is_prepared=is_prepared
        )
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
