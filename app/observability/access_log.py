"""The access log: one line per request, with its id, route, status and time.

Keys, tokens and bodies are never in it.
"""

from __future__ import annotations

import json
import sys
import time
from functools import lru_cache
from typing import Any

from pydantic_core import to_json


class AccessLog:
    """One line per request; several lines are written together.

    Parameters
    ----------
    as_json : bool
        Whether lines are JSON; otherwise they are words for a terminal.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._lines: list[bytes] = []

    def add(self, fields: dict[str, Any]) -> bool:
        """Add a line; return whether it is the first one that waits to be written."""
        if self._as_json:
            fields["event"] = "request"
            fields["level"] = "info"
            fields["timestamp"] = _timestamp()
            self._lines.append(to_json(fields, inf_nan_mode="null") + b"\n")
        else:
            words = " ".join(f"{name}={_word(value)}" for name, value in fields.items())
            self._lines.append(f"{_timestamp()} [info     ] request {words}\n".encode())
        return len(self._lines) == 1

    def flush(self) -> None:
        """Write the lines that wait."""
        lines, self._lines = self._lines, []
        if lines:
            try:
                sys.stdout.buffer.write(b"".join(lines))
                sys.stdout.buffer.flush()
            except (OSError, ValueError, AttributeError):  # nobody reads them any more
                return


def _word(value: object) -> str:
    """Write a value as one word: a client chooses some of them."""
    text = str(value)
    return json.dumps(text) if " " in text or '"' in text else text


def _timestamp() -> str:
    now = time.time()
    return f"{_second(int(now))}.{int(now % 1 * 1e6):06d}Z"


@lru_cache(maxsize=1)
def _second(whole: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
