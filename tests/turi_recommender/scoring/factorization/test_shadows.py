"""What items reach along odd features, and what these add by themselves: bounds that must hold."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.turi_recommender.scoring.factorization.test_odd import steps
from turi_recommender.scoring.factorization.features import Feature, Others, QueryFeatures
from turi_recommender.scoring.factorization.rounding import Rounding
from turi_recommender.scoring.factorization.shadows import Boxes, Shadows

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
    with steps({"SEARCH_BLOCK": BLOCK, "ODD_ENDS": ends}):
        shadow = Shadows(vectors).of(features)
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
        with steps({"SEARCH_BLOCK": BLOCK, "ODD_ENDS": 16}):
            shadow = Shadows(vectors).of([feature(draw, 1e3, 4)])
        assert len(shadow.ends) == 16


def rounding_of(draw: np.random.Generator, numbers: list[float], width: int) -> Rounding:
    user = feature(draw, 1.0, width) if draw.random() < 0.5 else None
    features = [feature(draw, x, width) for x in (1.0, *numbers, -2.0)]
    return Rounding(QueryFeatures(user, Others(tuple(features), width)), 0, 0.0, 0.0)


def odd_terms(rounding: Rounding, own: NDArray[np.float32]) -> float:
    """Return the odd features' own terms for one item, number by number."""
    rows = list(rounding.rows)
    sums = rows.pop(0) + own if rounding.has_user else own.copy()
    for row in rows:
        sums = sums + row
    total = 0.0
    for row, square in zip(
        rounding.rows[rounding.odd], rounding.squares[rounding.odd], strict=True
    ):
        total += 0.5 * float(lane_sum(sums * row) - square)
    return total


def lane_sum(products: NDArray[np.float32]) -> Any:
    """Add up as Eigen does: two vectors of four lanes in turn, then what is left."""
    zero = np.zeros(4, np.float32)
    groups = [products[low : low + 4] for low in range(0, len(products) // 4 * 4, 4)]
    pairs = len(groups) // 2
    even, odd = zero, zero
    for place in range(pairs):
        even, odd = even + groups[2 * place], odd + groups[2 * place + 1]
    lanes = even + odd
    if len(groups) % 2:
        lanes = lanes + groups[-1]
    total = (lanes[0] + lanes[2]) + (lanes[1] + lanes[3])
    for product in products[len(groups) * 4 :]:
        total = total + product
    return total


@settings(deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 30),
    st.integers(1, 20),
    st.lists(NUMBERS, min_size=1, max_size=3),
)
def test_odd_terms_are_exact_for_items_and_bounded_for_blocks(
    seed: int, count: int, width: int, numbers: list[float]
) -> None:
    draw = np.random.default_rng(seed)
    vectors = vectors_of(draw, count, width)
    rounding = rounding_of(draw, numbers, width)
    places = np.arange(count)
    with steps({"SEARCH_BLOCK": BLOCK, "EXACT_CHUNK": 3}):
        boxes = Boxes(vectors)
        of_items = boxes.of_items(rounding, places)
        of_blocks = boxes.of_blocks(rounding, np.arange(-(-count // BLOCK)))
        of_all = boxes.of_all(rounding)
    assert of_items.tolist() == [odd_terms(rounding, own) for own in vectors]
    assert (of_items <= of_blocks[places // BLOCK]).all()
    assert (of_blocks <= of_all).all()


def test_where_items_vanish_in_the_rounding_all_corners_agree() -> None:
    draw = np.random.default_rng(1)
    vectors = vectors_of(draw, 40, 8)
    rounding = rounding_of(draw, [1e12], 8)
    boxes = Boxes(vectors)
    assert len(np.unique(boxes.of_items(rounding, np.arange(40)))) == 1
    assert boxes.of_all(rounding)[0] == boxes.of_items(rounding, np.arange(1))[0]
