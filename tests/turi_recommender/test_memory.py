"""A model that nobody refers to any more is gone at once, with all its arrays and open files."""

from __future__ import annotations

import ctypes
import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.turi_recommender.golden import unpack_model
from turi_recommender import load_model
from turi_recommender.memory import give_back_freed


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def _no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collector")
@pytest.mark.parametrize(
    "name", ["similarity_jaccard", "ranking_everything", "factorization_nmf", "popularity_target"]
)
def test_it_needs_no_garbage_collector(tmp_path: Path, name: str) -> None:
    path = unpack_model(name, tmp_path)
    before = open_files()
    model = load_model(path)
    users = model.users.ids(range(3))
    model.recommend([*users, *users], k=10)
    reference = weakref.ref(model)
    assert open_files() > before
    del model
    assert reference() is None
    assert open_files() == before


class NoTrim:
    """A C library without `malloc_trim`, such as musl."""

    def __init__(self, name: str | None) -> None:
        assert name is None


def test_freed_memory_is_given_back_where_the_system_can(monkeypatch: pytest.MonkeyPatch) -> None:
    give_back_freed()
    monkeypatch.setattr(ctypes, "CDLL", NoTrim)
    give_back_freed()
