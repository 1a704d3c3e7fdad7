"""A memory for a method's answers that does not keep its object alive.

``lru_cache`` of a bound method is a reference cycle: a model that was swapped out would stay in
memory, with all its arrays, until the garbage collector looks at its oldest objects.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar
from weakref import WeakMethod

Answer = TypeVar("Answer")


def remember(
    size: int, method: Callable[..., Answer], *, typed: bool = False
) -> Callable[..., Answer]:
    """Return a method with a memory of its last answers, to be kept by the method's own object.

    Parameters
    ----------
    size : int
        How many answers are remembered.
    method : callable
        A bound method; its arguments must be hashable.
    typed : bool
        Whether arguments of different types, such as 1 and 1.0, have answers of their own.

    Raises
    ------
    ReferenceError
        By what is returned, if the method's object is gone and the answer is not remembered.
    """
    reference = WeakMethod(method)

    def call(*args: Any) -> Answer:
        bound = reference()
        if bound is None:
            raise ReferenceError("the memory has outlived its object")
        return bound(*args)

    return lru_cache(size, typed)(call)
