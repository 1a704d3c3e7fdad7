"""What a front tells of the items in it, and of those that are not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization.bounds import LOWEST, Directions
from turi_recommender.scoring.factorization.fronts import Front, look

NOTHING = np.empty(0, np.int64)
LENGTHS = [0.0, 1.0, 4.0]


def front(items: list[int], constants: list[float]) -> Front:
    """Return a front of items that have constants and vectors of zeros."""
    vectors = np.zeros((len(items), 2), np.float32)
    return Front(
        np.array(items),
        lambda: vectors,
        np.array(constants, np.float32),
        np.full(len(items), 2e-6, np.float32),
        LENGTHS,
        [0.0, 1.0, 5.0],
        2.0,
    )


def directions(*lengths: float) -> Directions:
    vectors = np.array([[length, 0.0] for length in lengths], np.float32)
    sizes = np.array(lengths)
    return Directions(vectors, sizes, sizes, np.zeros(len(lengths)), 1)


def test_the_best_are_found_in_ascending_order() -> None:
    found = look([front([3, 5, 8, 9], [4, 7, 1, 6])], directions(1.0), [NOTHING], 2)
    assert [items.tolist() for items in found.items] == [[5, 9]]
    assert found.is_whole == [True]
    assert 5.99 < found.thresholds[0] < 6


@pytest.mark.parametrize(
    ("length", "best", "is_whole"),
    [
        (0.0, 0.5, True),
        (1.0, 0.5, False),
        (1.0, 2.0, True),
        (3.9, 4.5, False),
        (4.0, 5.1, True),
        (6.0, 8.9, False),
        (6.0, 9.1, True),
    ],
)
def test_it_tells_whether_others_could_be_better(
    length: float, best: float, is_whole: bool
) -> None:
    found = look([front([0, 1], [best, -9])], directions(length), [NOTHING], 1)
    assert found.is_whole == [is_whole]


@pytest.mark.parametrize("kept", [0, 64])
def test_unwanted_items_are_left_out_for_their_own_query(
    monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr(limits, "FRONT_KEPT", kept)
    both = [front([3, 5, 8, 9], [4, 7, 1, 6])] * 2
    found = look(both, directions(0.0, 0.0), [np.array([1, 5, 99]), NOTHING], 1)
    assert [items.tolist() for items in found.items] == [[9], [5]]


def test_too_few_wanted_items_are_never_all() -> None:
    found = look([front([3, 5], [4, 7])], directions(0.0), [np.array([3, 5])], 1)
    assert found.is_whole == [False]
    assert found.thresholds[0] == LOWEST
    assert found.items[0].tolist() == []


@given(
    seed=st.integers(0, 2**32 - 1),
    queries=st.integers(1, 6),
    different=st.integers(1, 3),
    k=st.integers(1, 8),
    values=st.sampled_from([1, 40, 1 << 20]),
)
def test_queries_in_fronts_of_their_own_find_the_same_together(
    seed: int, queries: int, different: int, k: int, values: int
) -> None:
    draw = np.random.default_rng(seed)
    fronts = [_drawn(draw) for _ in range(different)]
    mine = [fronts[draw.integers(different)] for _ in range(queries)]
    users = draw.normal(size=(queries, 3)).astype(np.float32)
    asked = Directions.beside([*users], [0.5] * queries, np.zeros(queries), 9)
    excluded = [np.flatnonzero(draw.random(30) < 0.2) for _ in range(queries)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "FRONT_VALUES", values)
        together = look(mine, asked, excluded, k)
    for place in range(queries):
        alone = look([mine[place]], asked.some([place]), [excluded[place]], k)
        exact = mine[place].uppers.astype(float) + mine[place].vectors() @ users[place].astype(
            float
        )
        wanted = [
            score
            for item, score in zip(mine[place].items.tolist(), exact.tolist(), strict=True)
            if item not in excluded[place]
        ]
        best = sorted(wanted)[-k:]
        inside = {
            item
            for item, score in zip(mine[place].items.tolist(), exact.tolist(), strict=True)
            if item not in excluded[place] and score >= best[0]
        }
        assert inside <= set(together.items[place].tolist())
        assert inside <= set(alone.items[0].tolist())
        assert len(alone.items[0]) <= len(inside) + 1
        assert together.thresholds[place] == pytest.approx(alone.thresholds[0], abs=1e-5)


def _drawn(draw: np.random.Generator) -> Front:
    vectors = draw.normal(size=(12, 3)).astype(np.float32)
    return Front(
        np.sort(draw.choice(30, 12, replace=False)),
        lambda: vectors,
        draw.normal(size=12).astype(np.float32),
        np.full(12, 1e-5, np.float32),
        LENGTHS,
        [1.0, 2.0, 6.0],
        2.0,
    )
