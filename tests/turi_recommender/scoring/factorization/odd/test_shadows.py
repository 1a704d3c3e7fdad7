"""How far items reach along odd features: bounds that must hold."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.turi_recommender.scoring.factorization.odd.test_search import steps
from turi_recommender.scoring.factorization.features import Feature
from turi_recommender.scoring.factorization.odd.shadows import Shadows

BLOCK = 4
NUMBERS = st.sampled_from([9.0, -9.0, 1e3, -1e5, 1e7, 1e12, -1e15])


def feature(draw: np.random.Generator, x: float, width: int) -> Feature:
    raw = draw.standard_normal(width).astype(np.float32)
    return Feature(0, 0.0, raw, np.float32(x) * raw, x)


def vectors_of(draw: np.random.Generator, count: int, width: int) -> NDArray[np.float32]:
    levels = draw.integers(-2, 3, (count, width)).astype(np.float32)
    return levels if draw.random() < 0.5 else levels * draw.random(width).astype(np.float32)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 60),
    st.integers(1, 20),
    st.lists(NUMBERS, min_size=1, max_size=3),
    st.sampled_from([1, 3, 64]),
)
def test_no_item_besides_the_farthest_reaches_farther_than_its_block(
    seed: int, count: int, width: int, numbers: list[float], ends: int
) -> None:
    draw = np.random.default_rng(seed)
    vectors = vectors_of(draw, count, width)
    features = [feature(draw, x, width) for x in numbers]
    with steps({"SEARCH_BLOCK": BLOCK}):
        shadow = Shadows(vectors).of(features, ends)
    total = np.sum([each.factors.astype(np.float64) for each in features], axis=0)
    reach = vectors.astype(np.float64) @ total
    slack = shadow.slope * np.sqrt((vectors.astype(np.float64) ** 2).sum(axis=1))
    others = np.setdiff1d(np.arange(count), shadow.ends)
    assert (reach[others] <= shadow.blocks[others // BLOCK] + slack[others]).all()
    assert (np.diff(shadow.ends) > 0).all()


def test_the_farthest_are_few_though_many_reach_equally_far() -> None:
    """The control: all items at once would hold, too."""
    draw = np.random.default_rng(0)
    for vectors in (np.ones((5000, 4), np.float32), np.zeros((5000, 4), np.float32)):
        with steps({"SEARCH_BLOCK": BLOCK}):
            shadow = Shadows(vectors).of([feature(draw, 1e3, 4)], 16)
        assert len(shadow.ends) == 16
