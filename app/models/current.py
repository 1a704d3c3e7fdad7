"""The request for which the service works at the moment: its caller, its notes, what it holds."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any, Protocol


class Holding(Protocol):
    """Something of which a request holds a part; see `budget`."""

    def give_back(self, amount: int) -> None:
        """Take a part back."""


class Current:
    """What whoever works for a request may know of it.

    Attributes
    ----------
    caller : str
        Who asks: a name for the key or token, else the client's address.
    notes : dict
        Further fields of the log line.
    is_long : bool
        Whether what it says takes long to look at.
    """

    __slots__ = ("_held", "caller", "is_long", "notes")

    def __init__(self) -> None:
        self.caller = ""
        self.is_long = False
        self.notes: dict[str, Any] = {}
        self._held: list[tuple[Holding, int]] | None = None

    async def until_gone(self) -> None:
        """Wait until nobody waits for the answer any more: for ever, where that cannot be known."""
        await asyncio.get_running_loop().create_future()

    def hold(self, budget: Holding, amount: int) -> None:
        """Remember a part that is given back when the request ends.

        Parameters
        ----------
        budget : Holding
            To whom.
        amount : int
            How much.
        """
        if self._held is None:
            self._held = []
        self._held.append((budget, amount))

    def release(self) -> None:
        """Give back everything that the request holds."""
        if self._held is not None:
            for budget, amount in self._held:
                budget.give_back(amount)
            self._held = None


_current: ContextVar[Current | None] = ContextVar("current", default=None)


def begin(request: Current) -> None:
    """Let this be the request of the present context."""
    _current.set(request)


def current() -> Current | None:
    """Return the request of the present context, if there is one."""
    return _current.get()


def note(**fields: Any) -> None:
    """Add fields to the log line of the request that is being answered, if one is."""
    request = _current.get()
    if request is not None:
        request.notes.update(fields)


def caller() -> str:
    """Return a name for the key, token or address that asks."""
    request = _current.get()
    return "" if request is None else request.caller


def is_long() -> bool:
    """Tell whether what the present request says takes long to look at."""
    request = _current.get()
    return request is not None and request.is_long
