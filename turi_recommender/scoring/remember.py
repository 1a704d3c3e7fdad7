"""A memory for a method's answers that does not keep its object alive.

``lru_cache`` of a bound method is a reference cycle: a model that was swapped out would stay in
memory, with all its arrays, until the garbage collector comes round to its oldest objects.
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
    """Return the method with a memory of its last `size` answers, to be kept by its own object."""
    reference = WeakMethod(method)

    def call(*args: Any) -> Answer:
        bound = reference()
        if bound is None:
            raise ReferenceError("the memory has outlived its object")
        return bound(*args)

    return lru_cache(size, typed)(call)
