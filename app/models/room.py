"""Memory for what is being worked on: who finds no room waits, in turn for all callers."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from .fair import FairQueue


class _Waiting(NamedTuple):
    future: asyncio.Future[None]
    amount: int


class Room:
    """An amount that can be taken in parts.

    Parameters
    ----------
    size : int
        The amount, in bytes.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self.free = size
        self._waiting: FairQueue[_Waiting] = FairQueue()

    async def take(self, caller: str, amount: int) -> int:
        """Wait for room.

        Parameters
        ----------
        caller : str
            Who asks; callers who wait are served one after the other.
        amount : int
            How much, in bytes.

        Returns
        -------
        int
            What was taken and must be given back: never more than the whole room.
        """
        amount = min(amount, self._size)
        if self._waiting.peek() is None and amount <= self.free:
            self.free -= amount
            return amount
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.put(caller, _Waiting(future, amount))
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.give_back(amount)  # it was given, and nobody takes it
            else:
                self._let_in()  # those behind it may fit
            raise
        return amount

    def give_back(self, amount: int) -> None:
        """Give back what was taken."""
        self.free += amount
        self._let_in()

    def _let_in(self) -> None:
        while (first := self._waiting.peek()) is not None:
            if first.future.done():  # its caller has gone
                self._waiting.pop()
            elif first.amount <= self.free:
                self._waiting.pop()
                self.free -= first.amount
                first.future.set_result(None)
            else:
                return
