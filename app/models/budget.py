"""How many bytes of answers may be held at the same time, while they are being made and sent."""

from __future__ import annotations

from contextvars import ContextVar

from ..errors import OverloadedError

_held: ContextVar[list[tuple[Budget, int]] | None] = ContextVar("held", default=None)


class Budget:
    """An amount of memory that requests share.

    Parameters
    ----------
    total : int
        The amount, in bytes.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._used = 0

    @property
    def used(self) -> int:
        """Bytes that are held."""
        return self._used

    def hold(self, amount: int) -> None:
        """Take a part until the request ends.

        Raises
        ------
        OverloadedError
            If less than that is left.
        """
        if self._used > 0 and self._used + amount > self._total:
            raise OverloadedError
        held = _held.get()
        if held is not None:
            self._used += amount
            held.append((self, amount))

    def give_back(self, amount: int) -> None:
        """Give back what was taken."""
        self._used -= amount


def begin_holding() -> None:
    """Begin the account of a request, in the current context."""
    _held.set([])


def end_holding() -> None:
    """Give back everything that the request holds."""
    for budget, amount in _held.get() or ():
        budget.give_back(amount)
    _held.set(None)
