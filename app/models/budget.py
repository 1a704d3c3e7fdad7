"""How many bytes of answers may be held at the same time, while they are being made and sent."""

from __future__ import annotations

from ..errors import OverloadedError
from .current import current


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
        """Take a part until the current request ends.

        Raises
        ------
        OverloadedError
            If less than that is left.
        """
        if self._used > 0 and self._used + amount > self._total:
            raise OverloadedError
        request = current()
        if request is not None:
            self._used += amount
            request.hold(self, amount)

    def give_back(self, amount: int) -> None:
        """Give back what was taken."""
        self._used -= amount
