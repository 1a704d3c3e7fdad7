"""Refuse requests, at once, while too many others are being answered.

While at least half of the places are taken, no caller may hold more than a fair part of them if
others want some.
"""

from __future__ import annotations

import time
from collections import OrderedDict

from starlette.types import ASGIApp, Receive, Scope, Send

from ...errors import OverloadedError
from ...limits import REMEMBERED_CALLERS, WANTING_SECONDS
from ..exchange import Exchange
from ..lifecycle import Lifecycle
from .part import Part


class Places(Part):
    """The part that counts requests in and out.

    Parameters
    ----------
    app : ASGI application
        What comes next.
    limit : int
        Most requests that are answered at the same time.
    lifecycle : Lifecycle
        Where they are counted.
    """

    def __init__(self, app: ASGIApp, limit: int, lifecycle: Lifecycle) -> None:
        super().__init__(app)
        self._limit = limit
        self._lifecycle = lifecycle
        self._held: dict[str, int] = {}
        self._wanting: OrderedDict[str, float] = OrderedDict()

    async def handle(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        """See `Part.handle`."""
        caller = exchange.caller
        if exchange.declaration.takes_place and not self._is_free_for(caller):
            raise OverloadedError
        self._lifecycle.in_flight += 1
        self._held[caller] = self._held.get(caller, 0) + 1
        try:
            await self._next(exchange, scope, receive, send)
        finally:
            exchange.release()
            self._lifecycle.in_flight -= 1
            if self._held[caller] == 1:
                del self._held[caller]
            else:
                self._held[caller] -= 1

    def _is_free_for(self, caller: str) -> bool:
        """Tell whether a caller may have one more place; remember it if not."""
        taken = self._lifecycle.in_flight
        if taken < self._limit // 2:
            return True
        if taken < self._limit and self._held.get(caller, 0) < self._fair_part(caller):
            return True
        self._wanting[caller] = time.monotonic()
        self._wanting.move_to_end(caller)
        if len(self._wanting) > REMEMBERED_CALLERS:
            self._wanting.popitem(last=False)
        return False

    def _fair_part(self, caller: str) -> int:
        """Return how many places a caller may hold, by how many others hold or want some."""
        long_ago = time.monotonic() - WANTING_SECONDS
        while self._wanting and next(iter(self._wanting.values())) < long_ago:
            self._wanting.popitem(last=False)
        callers = len(self._held.keys() | self._wanting.keys() | {caller})
        return max(-(-self._limit // callers), 1)
