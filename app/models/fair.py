"""A queue in which callers take turns, however much each of them has put in."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """Items of callers: the first of one caller, the first of the next, and so on in rounds."""

    def __init__(self) -> None:
        self._items: OrderedDict[str, deque[Item]] = OrderedDict()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def put(self, caller: str, item: Item) -> None:
        """Add an item behind those of the same caller.

        Parameters
        ----------
        caller : str
            Whose it is.
        item : object
            Anything.
        """
        self._items.setdefault(caller, deque()).append(item)
        self._length += 1

    def count(self, caller: str) -> int:
        """Return how many items of a caller wait."""
        items = self._items.get(caller)
        return 0 if items is None else len(items)

    def peek(self) -> Item | None:
        """Return what `pop` would return; None if there is nothing."""
        return next(iter(self._items.values()))[0] if self._items else None

    def pop(self) -> Item | None:
        """Take the first item of the caller whose turn it is; None if there is nothing."""
        if not self._items:
            return None
        caller, items = self._items.popitem(last=False)
        item = items.popleft()
        self._length -= 1
        if items:
            self._items[caller] = items  # behind the others
        return item
