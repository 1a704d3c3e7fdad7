from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turi_recommender.scoring.selection.topk import EXACT_TIES_UP_TO, kth_largest, select

FEW_VALUES = st.sampled_from([0.0, -0.0, 0.25, 0.5, 1.0, -1.0, np.inf, -np.inf])
SCORES = st.lists(FEW_VALUES | st.floats(-2, 2), min_size=1, max_size=60)


def heap_of_the_library(scores: list[float], k: int) -> list[int]:
    """Rule b by another road: a stream into k places, as the format document describes it."""
    threshold = sorted(scores, reverse=True)[k - 1]
    greater = [i for i, score in enumerate(scores) if score > threshold]
    first_k = [i for i, score in enumerate(scores) if score >= threshold][:k]
    tied = [i for i in first_k if scores[i] == threshold]
    chosen = greater + tied[len(tied) - (k - len(greater)) :]
    return sorted(chosen, key=lambda i: (-scores[i], -i))


@given(SCORES, st.integers(1, EXACT_TIES_UP_TO))
def test_up_to_ten_follow_the_library(scores: list[float], k: int) -> None:
    best = select(np.array(scores), k).tolist()
    if len(scores) > k:
        assert best == heap_of_the_library(scores, k)
    else:
        assert best == sorted(range(len(scores)), key=lambda i: (-scores[i], i))


@given(SCORES, st.integers(EXACT_TIES_UP_TO + 1, 70))
def test_beyond_ten_ties_ascend(scores: list[float], k: int) -> None:
    best = select(np.array(scores), k).tolist()
    assert best == sorted(range(len(scores)), key=lambda i: (-scores[i], i))[:k]


@given(SCORES, st.integers(1, 30))
def test_a_part_that_holds_all_that_reach_the_kth_best_is_enough(
    scores: list[float], k: int
) -> None:
    whole = np.array(scores)
    if len(whole) <= k:
        return
    part = np.flatnonzero(whole >= kth_largest(whole, k))
    best = select(whole[part], k, total=len(whole))
    assert part[best].tolist() == select(whole, k).tolist()


@given(SCORES, st.integers(1, 60), st.integers(1, 2000))
def test_kth_largest(scores: list[float], k: int, repeat: int) -> None:
    tiled = np.tile(np.array(scores), repeat)
    k = min(k, len(tiled))
    assert kth_largest(tiled, k) == np.sort(tiled)[-k]


@pytest.mark.parametrize("k", [1, 3, 20])
def test_nan_comes_last(k: int) -> None:
    scores = np.array([np.nan, 1.0, np.nan, 3.0, 2.0])
    assert select(scores, k).tolist()[:3] == [3, 4, 1][:k]


def test_ties_up_to_ten_are_not_in_ascending_order() -> None:
    """The control: the plain rule would answer otherwise, so the tests above can fail."""
    assert select(np.zeros(30), 3).tolist() == [2, 1, 0]
