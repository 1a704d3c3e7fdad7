"""The service with a leak, for `reliability.soak` to find: ``python -m reliability.leaky``."""

from __future__ import annotations

import os
from typing import Any

from app import __main__
from app.http.middleware.places import Places

_KEPT: list[object] = []
_BYTES = 4096
_FILE_EVERY = 50

_answer = Places.handle


async def _leak(self: Places, exchange: Any, scope: Any, receive: Any, send: Any) -> None:
    _KEPT.append(bytearray(os.urandom(_BYTES)))
    if len(_KEPT) % _FILE_EVERY == 0:
        _KEPT.append(open(os.devnull, "rb"))  # noqa: PTH123, SIM115 - that is the leak
    await _answer(self, exchange, scope, receive, send)


if __name__ == "__main__":
    Places.handle = _leak  # type: ignore[method-assign]
    __main__.main([])
