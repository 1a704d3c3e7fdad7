from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turi_recommender.scoring.synthetic import neighbour_model
from turi_recommender.format import NeighbourModel
from turi_recommender.scoring import limits
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


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["jaccard", "cosine", "pearson"]),
    st.lists(ENTRIES, min_size=1, max_size=5),
    st.integers(1, 12),
)
def test_many_steps_give_what_one_gives(
    seed: int, similarity: str, drawn: list[dict[int, float]], most: int
) -> None:
    neighbours = table(seed, similarity)
    histories = [history(entries) for entries in drawn]
    once = neighbours.visit(histories)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "NEIGHBOURS_AT_ONCE", most)
        stepwise = neighbours.visit(histories)
    assert [np.asarray(part).tolist() for part in stepwise] == [
        np.asarray(part).tolist() for part in once
    ]


def test_a_step_has_few_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "NEIGHBOURS_AT_ONCE", 10)
    neighbours = table(0, "jaccard")
    items = np.arange(ITEMS + 3)  # the last ones are beyond the table
    parts = neighbours._parts(items)
    assert np.concatenate([items[part] for part in parts]).tolist() == items.tolist()
    assert len(parts) > 5
    for part in parts:
        assert neighbours.count(items[part][:-1]) < 10


def test_long_histories_take_bounded_memory() -> None:
    """Four times the items take the same memory: that of one step, and of the sums."""
    saved = neighbour_model(0, items=2000)
    details = saved.details
    assert isinstance(details, NeighbourModel)
    row = details.neighbours[:1].repeat(2000)
    row["item"] = np.arange(2000)
    dense = replace(
        details, neighbours=np.tile(row, 300), bounds=np.minimum(np.arange(2001), 300) * 2000
    )
    neighbours = NeighbourTable(saved, dense, 2000)
    peaks = []
    for items in (75, 300):
        entries = History(np.arange(items), np.ones(items))
        tracemalloc.start()
        try:
            visits = neighbours.visit([entries])
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        assert (visits.sums == items * int(row["value"][0])).all()
    assert peaks[1] < 1.8 * peaks[0]
    assert peaks[1] < 40 * 2**20
