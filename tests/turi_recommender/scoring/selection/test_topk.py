from __future__ import annotations

from collections.abc import Sequence
from heapq import heappush, heapreplace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turi_recommender.golden import groups, read_answers, unpack_model
from turi_recommender import load_model
from turi_recommender.scoring import limits
from turi_recommender.scoring.selection.topk import EXACT_TIES_UP_TO, kth_largest, select

FEW_VALUES = st.sampled_from([0.0, -0.0, 0.25, 0.5, 1.0, -1.0, np.inf, -np.inf])
SCORES = st.lists(FEW_VALUES | st.floats(-2, 2), min_size=1, max_size=60)


def stream_into_places(scores: Sequence[float], k: int) -> list[int]:
    """Choose as the library does for k <= 10 (docs/format.md, section 7.6): a stream into k places.

    The lowest place is given up for each score that is greater. Of equal scores the one that came
    last stands first, so it is the first of them that is given up.
    """
    places: list[tuple[float, int]] = []
    for index, score in enumerate(scores):
        if len(places) < k:
            heappush(places, (score, index))
        elif score > places[0][0]:
            heapreplace(places, (score, index))
    return [index for _, index in sorted(places, reverse=True)]


@given(SCORES, st.integers(1, EXACT_TIES_UP_TO), st.booleans())
def test_up_to_ten_follow_the_library(scores: list[float], k: int, short: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "SELECT_FEW", len(scores) if short else 0)
        patch.setattr(limits, "SELECT_BLOCK", 4)
        best = select(np.array(scores), k).tolist()
    if len(scores) > k:
        assert best == stream_into_places(scores, k)
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


def boundary_ties(scores: list[float], k: int) -> int:
    """Return how many scores are equal to the k-th best but not among the best k."""
    ordered = sorted(scores, reverse=True)
    return ordered[k:].count(ordered[k - 1])


@pytest.mark.parametrize(
    ("name", "queries", "tied"),
    [("popularity_counts", 68, 32), ("similarity_jaccard_ties", 69, 27)],
)
def test_the_stream_is_the_librarys(tmp_path: Path, name: str, queries: int, tied: int) -> None:
    """The oracle itself against recorded answers; the whole ranking does not depend on its rule."""
    model = load_model(unpack_model(name, tmp_path))
    seen = decided = 0
    for query in read_answers(name)["recommend"]:
        k = query["k"]
        if k > EXACT_TIES_UP_TO:
            continue
        asked: dict[str, Any] = {
            part: query[part] for part in ("exclude_known", "items", "exclude")
        }
        whole = model.recommend(query["users"], k=model.num_items, **asked)
        recorded = groups([tuple(row) for row in query["rows"]])
        for ranking in whole.rankings:
            if len(ranking.items) == 0:
                continue
            rows = next(recorded)
            by_index = sorted(
                zip(map(model.items.find, ranking.items), ranking.scores, strict=True)
            )
            scores = [score for _, score in by_index]
            if len(scores) <= k:
                continue
            places = stream_into_places(scores, k)
            chosen = [by_index[place][0] for place in places]
            assert model.items.ids(chosen) == [row[1] for row in rows]
            seen += 1
            decided += boundary_ties(scores, k) > 0
        assert list(recorded) == []
    assert (seen, decided) == (queries, tied)
