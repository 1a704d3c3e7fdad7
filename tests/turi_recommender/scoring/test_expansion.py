"""Categories that many rows have are looked up once, and none is taken for another one."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from turi_recommender.format import GenericValues
from turi_recommender.scoring.expansion import EachOnce
from turi_recommender.scoring.ids import IdIndex

TRAINED = ["a", 1, 1.0, "1", None, 2.5, "käse"]
INDEX = IdIndex(GenericValues(TRAINED), len(TRAINED))
VALUES = st.lists(st.sampled_from([*TRAINED, "never", 0, 0.0, 2]), max_size=12)


class Counting:
    """An index that remembers what was looked up."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def find_many(self, values: Sequence[object]) -> list[int]:
        self.asked += values
        return INDEX.find_many(values)


@given(st.lists(VALUES, max_size=6))
def test_they_are_what_the_index_says(rows: list[list[object]]) -> None:
    once = EachOnce(INDEX)
    assert [once.find_many(row) for row in rows] == [INDEX.find_many(row) for row in rows]


def test_each_is_looked_up_once() -> None:
    counting = Counting()
    once = EachOnce(counting)
    for _ in range(3):
        assert once.find_many([1, "a", 1.0]) == INDEX.find_many([1, "a", 1.0])
    assert counting.asked == [1, "a", 1.0]
