"""The size of a model is what loading it adds to a process."""

from __future__ import annotations

import mmap
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.turi_recommender.golden import SAMPLE_MODELS, unpack_model
from turi_recommender.scoring.size import resident_bytes

MEGABYTE = 1_000_000
SAMPLES = sorted(SAMPLE_MODELS.glob("*/*/*.model"))

# Many copies, because a single small model is less than what the allocator sets aside.
_MEASURE = """
import sys
from pathlib import Path
from turi_recommender import load_model
from turi_recommender.scoring.size import resident_bytes

def anonymous():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Anonymous:")) * 1024

path, copies = sys.argv[1], int(sys.argv[2])
kept = [load_model(path)]
before = anonymous()
kept += [load_model(path) for _ in range(copies)]
print(anonymous() - before, sum(resident_bytes(model) for model in kept[1:]))
"""


def a_megabyte() -> NDArray[np.uint8]:
    return np.zeros(MEGABYTE, np.uint8)


@dataclass(frozen=True, slots=True)
class Slotted:
    array: NDArray[Any]
    other: object = None


class Private:
    __slots__ = ("__hidden", "never_set")

    def __init__(self, hidden: object) -> None:
        self.__hidden = hidden


class Plain:
    def __init__(self, **values: object) -> None:
        self.__dict__.update(values)

    def method(self) -> None:
        """Hold on to the object."""


def closure(array: NDArray[Any]) -> Any:
    return lambda: array


def cycle() -> list[object]:
    one: list[object] = [a_megabyte()]
    one.append(one)
    return one


@pytest.mark.parametrize(
    "thing",
    [
        a_megabyte(),
        a_megabyte()[::2],  # holds all of what it is a view of
        a_megabyte().reshape(1000, 1000).T[5:],
        np.frombuffer(bytes(MEGABYTE), np.uint8),
        np.frombuffer(memoryview(bytearray(MEGABYTE))[10:], np.uint8),
        np.array([bytes(MEGABYTE // 2), "x" * (MEGABYTE // 2)], object),
        bytes(MEGABYTE),
        [a_megabyte()] * 3,  # one array
        {"name": (a_megabyte(),)},
        frozenset({bytes(MEGABYTE)}),
        Slotted(a_megabyte()),
        Slotted(np.empty(0), Slotted(a_megabyte())),
        Private(a_megabyte()),
        Plain(one=a_megabyte()),
        Plain(one=a_megabyte()).method,
        closure(a_megabyte()),
        cycle(),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_a_megabyte_is_found(thing: object) -> None:
    assert MEGABYTE <= resident_bytes(thing) < MEGABYTE + 3000
    assert resident_bytes(thing, thing) == resident_bytes(thing)


def test_what_is_mapped_or_shared_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(MEGABYTE))
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    view = np.frombuffer(mapped, np.uint8)
    assert resident_bytes(view, mapped, memoryview(mapped), Plain(rows=view[5:])) < 1000
    assert resident_bytes(np, Plain, partial, np.dtype(np.int64)) == 0


# Below a hundred kilobytes, what the allocator rounds up is a good part.
SIZES = {
    "similarity_jaccard": 2.0, "factorization_nmf": 2.0, "popularity_target": 2.0,
    "content_with_observations": 2.0, "similarity_pearson_strings": 1.25,
    "ranking_everything": 1.4, "ranking_everything_strings": 1.4,
}  # fmt: skip


@pytest.mark.parametrize("name", SIZES)
def test_it_is_what_a_process_grows_by(tmp_path: Path, name: str) -> None:
    grown, told = measure(unpack_model(name, tmp_path), 240)
    assert grown / SIZES[name] < told < grown * SIZES[name]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: str(path.name))
def test_it_is_what_the_samples_take(path: Path) -> None:
    grown, told = measure(path, 30)
    assert grown / 1.15 < told < grown * 1.15


def measure(path: Path, copies: int) -> tuple[int, int]:
    """Return the bytes that a process grows by, and what is told of the models."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(path), str(copies)],
        capture_output=True,
        text=True,
        check=True,
    )
    grown, told = map(int, done.stdout.split())
    return grown, told
