"""What a compiled part of the search would bring: ``python -m benchmarks.compiled``. Needs gcc.

Two candidates (`compiled.c`), each beside what the library does with NumPy, in turns, on one
thread: one look at a front of 64 items, and a scan of all items whose factors are kept in 8 bits.
What is measured is processor time. The decision is docs/decisions/no-compiled-part.md.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"

import numpy as np  # noqa: E402 - the variables above come first

from benchmarks.results import save  # noqa: E402
from turi_recommender.scoring.factorization.bounds import Directions  # noqa: E402
from turi_recommender.scoring.factorization.fronts import Front, look  # noqa: E402

SOURCE = Path(__file__).with_name("compiled.c")
ARCHITECTURE = "x86-64-v3"  # processors since 2013
FRONT, K = 64, 10
SIZES = ((233_397, 32), (1_000_000, 64))
ROUNDS = 15


def main() -> None:
    """Run the command line."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "part.so"
        flags = ["-O3", "-ffast-math", f"-march={ARCHITECTURE}", "-shared", "-fPIC"]
        subprocess.run(["gcc", *flags, "-o", str(library), str(SOURCE)], check=True)
        part = ctypes.CDLL(str(library))
        measured = {"front": look_at_front(part), "library_bytes": library.stat().st_size}
        for items, width in SIZES:
            measured[f"scan of {items} x {width}"] = scan_all(part, items, width)
    for name, figures in measured.items():
        print(name, figures)
    save("compiled", measured)


def look_at_front(part: ctypes.CDLL) -> dict[str, float]:
    """Return microseconds of one look at a front, by NumPy and compiled.

    Parameters
    ----------
    part : CDLL
        The compiled part.
    """
    draw = np.random.default_rng(0)
    vectors, user = _normal(draw, FRONT, 32), _normal(draw, 32)
    uppers, spans = _normal(draw, FRONT), np.full(FRONT, 1e-6, np.float32)
    front = Front(np.arange(FRONT), lambda: vectors, uppers, spans, [0.0], [0.0], 0.0)
    asked = Directions.beside([user], [1.0], np.zeros(1), 80)
    nothing = [np.empty(0, np.int64)]
    scores, best, found = (np.empty(FRONT, np.float32) for _ in range(3))
    arguments = (
        *map(_pointer, (vectors, uppers, spans, user)),
        ctypes.c_float(float(asked.errors[0])),
        *map(ctypes.c_size_t, (FRONT, 32, K)),
        *map(_pointer, (scores, best, found)),
    )
    times = _in_turns(
        numpy=lambda: [look([front], asked, nothing, K) for _ in range(500)],
        compiled=lambda: [part.look(*arguments) for _ in range(500)],
    )
    return {name: round(seconds / 500 * 1e6, 2) for name, seconds in times.items()}


def scan_all(part: ctypes.CDLL, items: int, width: int) -> dict[str, float]:
    """Return milliseconds of a scan of all items, in float32 by NumPy and in 8 bits compiled.

    Parameters
    ----------
    part : CDLL
        The compiled part.
    items, width : int
        Size of the catalogue.
    """
    draw = np.random.default_rng(0)
    vectors, constants = _normal(draw, items, width), _normal(draw, items)
    user = _normal(draw, width)
    scales = np.abs(vectors).max(axis=1) / np.float32(127)
    narrow = np.round(vectors / scales[:, np.newaxis]).astype(np.int8)
    scale = np.abs(user).max() / np.float32(127)
    asked = np.round(user / scale).astype(np.int8)
    uppers = constants + np.abs(vectors).sum(axis=1) * scale / 2 + np.abs(user).sum() * scales / 2
    threshold = float(np.partition(vectors @ user + constants, items - K)[items - K])
    scales *= scale
    found = np.empty(items, np.int32)
    arguments = (
        *map(_pointer, (narrow, scales, uppers, asked)),
        ctypes.c_float(threshold),
        *map(ctypes.c_size_t, (items, width)),
        _pointer(found),
    )
    times = _in_turns(numpy=lambda: vectors @ user, compiled=lambda: part.scan(*arguments))
    return {name: round(seconds * 1e3, 2) for name, seconds in times.items()}


def _in_turns(**calls: Callable[[], object]) -> dict[str, float]:
    """Return the median processor time of each call, in seconds."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            started = time.thread_time()
            call()
            times[name].append(time.thread_time() - started)
    return {name: median(taken) for name, taken in times.items()}


def _normal(draw: np.random.Generator, *shape: int) -> Any:
    return draw.standard_normal(shape, dtype=np.float32)


def _pointer(array: Any) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


if __name__ == "__main__":
    main()
