"""What odd features add by themselves: exact for items, and bounds that must hold for blocks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.turi_recommender.scoring.factorization.odd.test_search import steps
from tests.turi_recommender.scoring.factorization.odd.test_shadows import NUMBERS, feature
from tests.turi_recommender.scoring.synthetic import factor_model
from turi_recommender.format import FactorModel
from turi_recommender.scoring.factorization.catalogue import ItemFeatures
from turi_recommender.scoring.factorization.features import Others, QueryFeatures
from turi_recommender.scoring.factorization.odd.boxes import Boxes
from turi_recommender.scoring.factorization.odd.rounding import Rounding

BLOCK = 4


def rounding_of(draw: np.random.Generator, numbers: list[float], width: int) -> Rounding:
    user = feature(draw, 1.0, width) if draw.random() < 0.5 else None
    features = [feature(draw, x, width) for x in (1.0, *numbers, -2.0)]
    return Rounding(QueryFeatures(user, Others(tuple(features), width)), 0, 0.0, 0.0)


def odd_terms(
    rounding: Rounding, own: NDArray[np.float32], side: Iterable[NDArray[np.float32]]
) -> float:
    """Return the odd features' own terms for one item, number by number."""
    rows = list(rounding.rows)
    sums = rows.pop(0) + own if rounding.has_user else own.copy()
    for row in [*rows, *side]:
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
    st.booleans(),
)
def test_they_are_exact_for_items_and_bounded_for_blocks(
    seed: int, count: int, width: int, numbers: list[float], item_side: bool
) -> None:
    draw = np.random.default_rng(seed)
    rounding = rounding_of(draw, numbers, width)
    saved = factor_model(seed, items=count, factors=width, item_side=item_side)
    assert isinstance(saved.details, FactorModel)
    catalogue = ItemFeatures(saved.details, saved.metadata)
    order = draw.permutation(count).astype(np.int32)
    catalogue.reorder(order)
    places = np.arange(count)
    with steps({"SEARCH_BLOCK": BLOCK, "EXACT_CHUNK": 3, "FOLD_CHUNK": 5}):
        boxes = Boxes(catalogue, order)
        of_items = boxes.of_items(rounding, places)
        of_blocks = boxes.of_blocks(rounding, np.arange(-(-count // BLOCK)))
        of_all = boxes.of_all(rounding)
    for place, item in enumerate(order.tolist()):
        side = np.arange(catalogue.side_starts[item], catalogue.side_starts[item + 1])
        own = catalogue.stored[place]
        assert of_items[place] == odd_terms(rounding, own, catalogue.side_factors(side))
    assert (of_items <= of_blocks[places // BLOCK]).all()
    assert (of_blocks <= of_all).all()


@pytest.mark.parametrize("item_side", [False, True])
def test_where_items_vanish_in_the_rounding_all_corners_agree(item_side: bool) -> None:
    saved = factor_model(1, items=40, factors=8, item_side=item_side)
    assert isinstance(saved.details, FactorModel)
    catalogue = ItemFeatures(saved.details, saved.metadata)
    rounding = rounding_of(np.random.default_rng(1), [1e12], 8)
    boxes = Boxes(catalogue, np.arange(40, dtype=np.int32))
    assert len(np.unique(boxes.of_items(rounding, np.arange(40)))) == 1
    assert boxes.of_all(rounding)[0] == boxes.of_items(rounding, np.arange(1))[0]
