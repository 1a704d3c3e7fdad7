from __future__ import annotations

import gc
import weakref

import pytest

from turi_recommender.scoring.remember import remember


class Doubler:
    def __init__(self, size: int, *, typed: bool = False) -> None:
        self.asked: list[object] = []
        self.remembered = remember(size, self.double, typed=typed)

    def double(self, value: float) -> float:
        self.asked.append(value)
        return 2 * value


def test_an_answer_is_computed_once() -> None:
    doubler = Doubler(2)
    assert [doubler.remembered(value) for value in (3, 4, 3, 3)] == [6, 8, 6, 6]
    assert doubler.asked == [3, 4]


def test_the_oldest_answer_is_forgotten() -> None:
    doubler = Doubler(2)
    for value in (1, 2, 3, 1):
        doubler.remembered(value)
    assert doubler.asked == [1, 2, 3, 1]


def test_types_can_be_told_apart() -> None:
    doubler = Doubler(9, typed=True)
    assert [doubler.remembered(value) for value in (1, 1.0, True, 1)] == [2, 2.0, 2, 2]
    assert list(map(type, doubler.asked)) == [int, float, bool]


def test_the_memory_does_not_keep_its_object() -> None:
    gc.collect()
    gc.disable()
    try:
        doubler = Doubler(2)
        doubler.remembered(1)
        reference = weakref.ref(doubler)
        kept = doubler.remembered
        del doubler
        assert reference() is None
    finally:
        gc.enable()
    assert kept(1) == 2  # what is remembered needs nobody
    with pytest.raises(ReferenceError, match="outlived"):
        kept(5)
