"""How much memory a model holds: the sum over what it refers to.

The difference that loading makes to the process is no measure: it contains what was freed before,
and what other threads did meanwhile. What a model maps from its file does not count, because it is
not touched while the model serves.
"""

from __future__ import annotations

import mmap
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

# What all models share, or what the interpreter has anyway.
_SHARED = (type, ModuleType, np.dtype, np.generic, mmap.mmap)
_LEAVES = (bool, int, float, complex, str, bytes, bytearray, type(None))


def resident_bytes(*things: object) -> int:
    """Return the bytes of memory that objects hold, with all that they refer to.

    Parameters
    ----------
    *things : object
        Such as a loaded model. What several of them share is counted once.

    Returns
    -------
    int
        Arrays, and Python's own objects as `sys.getsizeof` tells it. Neither mapped files nor what
        functions import or cache.

    Examples
    --------
    >>> resident_bytes(model) > 1_000_000
    True
    """
    seen: set[int] = set()
    waiting: list[object] = list(things)
    total = 0
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, _SHARED):
            continue
        seen.add(id(thing))
        total += _own_bytes(thing)
        if type(thing) not in _LEAVES:  # most are: values that side data can have
            waiting.extend(_parts(thing))
    return total


def _own_bytes(thing: object) -> int:
    if isinstance(thing, np.ndarray):
        return thing.nbytes if thing.base is None else 0
    return sys.getsizeof(thing)  # of a memoryview, without what it shows


def _parts(thing: object) -> Iterable[object]:
    """Return what an object refers to."""
    if isinstance(thing, _LEAVES):
        return ()
    if isinstance(thing, np.ndarray):
        return _parts_of_array(thing)
    if isinstance(thing, memoryview):
        return (thing.obj,)
    if isinstance(thing, Mapping):
        return (*thing.keys(), *thing.values())
    if isinstance(thing, list | tuple | set | frozenset):
        return (*thing, *_attributes(thing))
    if isinstance(thing, MethodType):
        return (thing.__self__, thing.__func__)
    if isinstance(thing, FunctionType):
        return [cell.cell_contents for cell in thing.__closure__ or () if _is_filled(cell)]
    return _attributes(thing)


def _parts_of_array(array: np.ndarray[Any, Any]) -> Iterable[object]:
    """Return what a view is of, or the objects in an array of objects."""
    if array.base is not None:
        return (array.base,)
    return array.ravel().tolist() if array.dtype.hasobject else ()


def _attributes(thing: object) -> Iterator[object]:
    yield from getattr(thing, "__dict__", {}).values()
    for kind in type(thing).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__"):
                value = getattr(thing, _mangled(kind, name), None)
                if value is not None:
                    yield value


def _mangled(kind: type, name: str) -> str:
    """Return the name under which a class keeps a slot whose name begins with two underscores."""
    is_private = name.startswith("__") and not name.endswith("__")
    return f"_{kind.__name__.lstrip('_')}{name}" if is_private else name


def _is_filled(cell: Any) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True
