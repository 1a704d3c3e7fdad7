"""The vectorised partition against the textbook's, pointer by pointer."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from turi_recommender.scoring.selection.partition import Movable, partition_few


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.integers(0, 6).map(float), min_size=4, max_size=60),
    st.integers(0, 3),
    st.integers(0, 3),
)
def test_every_element_ends_where_the_textbook_leaves_it(
    scores: list[float], before: int, after: int
) -> None:
    keys, order = scores.copy(), list(range(len(scores)))
    first, last = (before, len(scores) - after) if len(scores) > 10 else (0, len(scores))
    cut = partition_few(keys, order, first, last)
    moved = Movable(np.array(scores))
    assert moved._partition_around_median(first, last) == cut
    assert moved.keys.tolist() == keys
    assert moved.order.tolist() == order
