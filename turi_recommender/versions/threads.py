"""Threads that a process does not wait for when it ends.

Those of an executor do keep a process: a disk that has gone away, which a thread waits for, would
hold it up until somebody kills it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_threads(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Call a function with each item, a few at a time, and return what it returned, in order.

    Parameters
    ----------
    function : callable
        It mostly waits, or lets other threads run.
    items : sequence
        Its arguments.

    Raises
    ------
    Exception
        What the first call that failed raised.
    """
    results: dict[int, Result] = {}
    errors: list[BaseException] = []
    left = iter(range(len(items)))  # next() of it is atomic

    def work() -> None:
        for place in left:
            if errors:
                return
            try:
                results[place] = function(items[place])
            except BaseException as error:
                errors.append(error)

    threads = [
        threading.Thread(target=work, name="files", daemon=True)
        for _ in range(min(len(items), os.cpu_count() or 1))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return [results[place] for place in range(len(items))]
