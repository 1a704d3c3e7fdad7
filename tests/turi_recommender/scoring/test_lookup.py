"""What is found in a column's ids, and above all what is not."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turi_recommender.encode import stored
from turi_recommender.scoring.lookup import UNKNOWN, make_lookup


@pytest.mark.parametrize("other", [True, 1.0, "1", 2**63, -(2**63) - 1, 2**200, [1], b"1"])
def test_only_an_int_is_an_int(other: object) -> None:
    assert make_lookup(stored([1, 2, 3]), 3).find(other) == UNKNOWN


@pytest.mark.parametrize("other", ["\ud800", "b\x00", "", "ab", 1])
def test_strings_that_are_not_there(other: object) -> None:
    assert make_lookup(stored(["a", "b"]), 2).find(other) == UNKNOWN


def test_strings_longer_than_the_hash_weights() -> None:
    values = ["x" * 10_000, "x" * 10_001, "x" * 4_096]
    lookup = make_lookup(stored(values), 3)
    assert [lookup.find(value) for value in values] == [0, 1, 2]


def test_equal_hashes_are_told_apart_by_their_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoGenerator:
        def integers(self, *_: object, **__: object) -> np.ndarray:
            return np.zeros(4096, np.uint64)

    monkeypatch.setattr(np.random, "default_rng", NoGenerator)
    values = ["one", "two", "three"]
    lookup = make_lookup(stored(values), 3)
    assert [lookup.find(value) for value in [*values, "four"]] == [0, 1, 2, UNKNOWN]


@pytest.mark.parametrize(
    "trained",
    [[5, 3, 2**62, -7], [], list(range(0, 1000, 3)), ["a", "ä", "\x00", "bc"], [None, 1, "1", 2]],
)
@pytest.mark.parametrize("count", [0, 1, 7, 8, 500])
@pytest.mark.parametrize("more", [[], [True], [1.0], ["1"], [2**63], [None], [[1]], ["\ud800"]])
def test_many_are_found_as_each_is(trained: list[object], count: int, more: list[object]) -> None:
    lookup = make_lookup(stored(trained), len(trained))
    asked = [*trained, 1, 4, 9, 2**63 - 1, -(2**63)] if 5 in trained else [*trained, "x"]
    values = [*itertools.islice(itertools.cycle(asked), count), *more]
    assert lookup.find_many(values) == [lookup.find(value) for value in values]


def test_many_integers_and_strings_are_found_as_each_is() -> None:
    for trained in (list(range(0, 3000, 3)), [f"id{number}" for number in range(1000)]):
        lookup = make_lookup(stored(trained), 900)
        asked = [*trained, *([1, 10**6, -1] if trained[0] == 0 else ["", "id", "id1000"])]
        found = lookup.find_many(asked)
        assert found == [*range(900), *[UNKNOWN] * 103]
        assert found == [lookup.find(value) for value in asked]


@pytest.mark.parametrize(
    "values",
    [
        [5, 3, 2**62, 3],
        [-(2**63), 2**63 - 1, -(2**63)],
        ["a", "b", "", ""],
        ["x" * 9_000, "y", "x" * 9_000],
        [None, "a", None],
        [None, 1, 2, 1],
    ],
)
def test_a_value_with_two_indices_is_told(values: list[object]) -> None:
    assert make_lookup(stored(values), len(values)).has_repeats()
    assert not make_lookup(stored(values), len(values) - 1).has_repeats()


@pytest.mark.parametrize("values", [[], [1], ["a"], [None, 1, "1"], [2, 1], ["a" * 5000, "a"]])
def test_different_values_are_no_repeats(values: list[object]) -> None:
    assert not make_lookup(stored(values), len(values)).has_repeats()


def test_strings_of_one_hash_are_no_repeats() -> None:
    """The weights of the hash repeat after 4,096 bytes, so anybody can make such strings."""
    one, other = "x" * 4087 + "a" * 4096 + "b" * 4096, "x" * 4087 + "b" * 4096 + "a" * 4096
    assert not make_lookup(stored([one, other]), 2).has_repeats()
    assert make_lookup(stored([one, other, one]), 3).has_repeats()


@given(
    st.lists(st.integers(-40, 40), max_size=60),
    st.sampled_from([0, 5, -(2**63) + 40, 2**63 - 41]),
)
def test_integers_are_sorted_however_dense_they_are(numbers: list[int], shift: int) -> None:
    trained = [number + shift for number in numbers]
    lookup = make_lookup(stored(trained), len(trained))
    assert lookup.has_repeats() == (len(set(trained)) < len(trained))
    integers = lookup.integers()
    if integers is not None:
        assert integers.tolist() == trained
    for value in [*trained, shift - 1, shift + 1]:
        found = lookup.find(value)
        assert (found == UNKNOWN) == (value not in trained)
        assert found == UNKNOWN or trained[found] == value
