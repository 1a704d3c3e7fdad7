from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turi_recommender.scoring.synthetic import neighbour_model
from turi_recommender.format import NeighbourModel
from turi_recommender.scoring.neighbours.visits import NeighbourTable
from turi_recommender.scoring.query import History

ITEMS = 40
ENTRIES = st.dictionaries(st.integers(0, ITEMS - 1), st.sampled_from([0.0, 1.0, -2.5]), max_size=6)


def table(seed: int, similarity: str) -> NeighbourTable:
    saved = neighbour_model(seed, similarity=similarity, items=ITEMS)
    assert isinstance(saved.details, NeighbourModel)
    return NeighbourTable(saved, saved.details, ITEMS)


def history(entries: dict[int, float]) -> History:
    items = np.array(sorted(entries), np.int32)
    return History(items, np.array([entries[item] for item in sorted(entries)]))


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["jaccard", "cosine", "pearson"]),
    st.lists(ENTRIES, min_size=1, max_size=5),
)
def test_histories_do_not_mix(seed: int, similarity: str, drawn: list[dict[int, float]]) -> None:
    neighbours = table(seed, similarity)
    together = neighbours.visit([history(entries) for entries in drawn])
    assert together.lengths == [len(entries) for entries in drawn]
    assert together.owners.tolist() == sorted(together.owners.tolist())
    for number, entries in enumerate(drawn):
        alone = neighbours.visit([history(entries)])
        mine = together.only(number)
        assert (mine.items.tolist(), mine.sums.tolist()) == (
            alone.items.tolist(),
            alone.sums.tolist(),
        )
        assert mine.items.tolist() == sorted(set(mine.items.tolist()))
        reached = {int(row) for item in entries for row in neighbours.row(item)[:, 0]}
        assert set(mine.items.tolist()) == reached  # also those that a value of 0 gave nothing


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.0, 3), (0.5, 1), (-0.5, -1), (0.4, 1), (-0.4, -1), (0.3, 0), (-0.3, 0)],
)
def test_cosine_cuts_off_towards_zero(value: float, expected: int) -> None:
    neighbours = table(0, "cosine")
    similar, items = np.array([3]), np.array([0])
    assert neighbours._deltas(similar, items, np.array([value])).tolist() == [expected]


@pytest.mark.parametrize(("value", "expected"), [(0.5, 2), (-0.5, -2), (0.49, 1), (-0.49, -1)])
def test_pearson_rounds_half_away_from_zero(value: float, expected: int) -> None:
    neighbours = table(0, "pearson")
    neighbours.item_means[0] = 0.0
    similar, items = np.array([3]), np.array([0])
    assert neighbours._deltas(similar, items, np.array([value])).tolist() == [expected]


@pytest.mark.parametrize("item", [-1, ITEMS, 10**6])
def test_an_item_beyond_the_table_has_no_neighbours(item: int) -> None:
    neighbours = table(0, "jaccard")
    assert len(neighbours) == ITEMS
    assert neighbours.row(item).shape == (0, 2)
