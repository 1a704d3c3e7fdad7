"""The hash function: recorded values, and one at a time as all at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from turi_recommender.scoring.diversity.hashes import mix, mix_counts


def test_hashes_as_the_library_does() -> None:
    assert mix(0, 0) == 0x9589007CCD02CBBD
    assert mix(42, 7) == 0xE97DA12786F5114E
    assert mix(-5, 1) == mix(2**64 - 5, 1) == 0x3471C1915F6E0CBD


@given(st.integers(-(2**63), 2**64 - 1), st.integers(0, 300))
def test_all_at_once_are_those_one_at_a_time(seed: int, count: int) -> None:
    assert mix_counts(seed, count).tolist() == [mix(seed, number) for number in range(count)]
