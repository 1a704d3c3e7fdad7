"""Neighbour models against the sums written out item by item (docs/format.md, section 7.3)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turi_recommender.golden import unpack_model
from tests.turi_recommender.scoring.synthetic import USERS, neighbour_model
from turi_recommender import load_model
from turi_recommender.errors import ModelUnreadableError
from turi_recommender.format import Interactions, NeighbourModel, SavedModel, read_model
from turi_recommender.scoring import limits, make_recommender
from turi_recommender.scoring.neighbours.recommender import ItemSimilarityRecommender

KINDS = st.sampled_from(["jaccard", "cosine", "pearson"])
SEEDS = st.integers(0, 2**32 - 1)
ITEMS = 40


def delta(kind: str, similar: int, value: float, mean: float) -> int:
    """Return what one item of a history adds to one neighbour."""
    match kind:
        case "jaccard":
            return similar if value != 0 else 0
        case "cosine":
            return math.trunc(float(similar) * value)
        case _:
            product = Fraction(float(similar) * (value - mean))
            whole = math.floor(abs(product) + Fraction(1, 2))
            return whole if product > 0 else -whole


def slow_scores(saved: SavedModel, history: Sequence[tuple[int, float]]) -> list[float]:
    """Score every item for a history, one addition at a time."""
    model = saved.details
    assert isinstance(model, NeighbourModel)
    is_pearson = model.similarity == "pearson"
    for entries in (history, list(zip(model.seed_items, model.seed_values, strict=True))):
        sums: dict[int, int] = {}
        for item, value in entries:
            for neighbour in range(int(model.bounds[item]), int(model.bounds[item + 1])):
                other, similar = (int(field) for field in model.neighbours[neighbour])
                mean = float(model.item_means[item]) if is_pearson else 0.0
                added = delta(model.similarity, similar, float(value), mean)
                sums[other] = sums.get(other, 0) + added
        if sums:
            means = model.item_means.tolist() if is_pearson else [0.0] * ITEMS
            return [
                mean + sums.get(item, 0) / 2.0**24 / len(entries) for item, mean in enumerate(means)
            ]
    spread = max(1.0, model.mean_max - model.mean_min)
    return [(score - model.mean_min) / spread for score in model.mean_scores.tolist()]


@given(SEEDS, KINDS, st.integers(0, USERS), st.booleans())
def test_scores_are_those_of_the_sums(seed: int, kind: str, user: int, exclude_known: bool) -> None:
    saved = neighbour_model(seed, similarity=kind, items=ITEMS)
    items, values = saved.interactions.row(user) if user < USERS else (np.empty(0), np.empty(0))
    history = list(zip(items.tolist(), values.tolist(), strict=True))
    expected = slow_scores(saved, history)
    (answer,) = (
        make_recommender(saved).recommend([user], k=ITEMS, exclude_known=exclude_known).rankings
    )
    left = set(range(ITEMS)) - (set(items.tolist()) if exclude_known else set())
    assert set(answer.items) == left
    assert answer.scores == [expected[int(item)] for item in answer.items]
    assert answer.scores == sorted(answer.scores, reverse=True)


@given(SEEDS, KINDS, st.lists(st.integers(0, USERS), min_size=1, max_size=9), st.integers(1, 20))
def test_users_asked_together_get_what_each_gets_alone(
    seed: int, kind: str, users: list[int], k: int
) -> None:
    model = make_recommender(neighbour_model(seed, similarity=kind, items=ITEMS))
    together = model.recommend(users, k=k).rankings
    assert together == [model.recommend([user], k=k).rankings[0] for user in users]


def test_sums_that_differ_but_make_one_score_are_a_tie() -> None:
    """Beyond 2**53 not every sum is a float64; the lower one can come first."""
    saved = neighbour_model(0, items=4)
    table = saved.details
    assert isinstance(table, NeighbourModel)
    row = np.array([(1, 2**60), (2, 2**60 + 1), (3, 2**59)], table.neighbours.dtype)
    model = make_recommender(
        replace(
            saved,
            details=replace(table, neighbours=row, bounds=np.array([0, 3, 3, 3, 3], np.uint64)),
            interactions=Interactions(np.array([0, 1]), np.zeros(1, np.int32), np.ones(1)),
        )
    )
    (ranking,) = model.recommend([0], k=1).rankings
    assert (ranking.items, ranking.scores) == ([1], [2.0**36])


@pytest.mark.parametrize("kind", ["jaccard", "cosine", "pearson"])
@pytest.mark.parametrize("user", [0, USERS + 1], ids=["known", "cold"])
def test_nobody_gets_an_item_where_none_is_a_candidate(kind: str, user: int) -> None:
    model = make_recommender(neighbour_model(1, similarity=kind, items=ITEMS))
    assert model.recommend([user], exclude=range(ITEMS)).rankings[0].items == []
    assert model.recommend([user], items=[]).rankings[0].items == []
    assert model.recommend([user], items=[ITEMS + 5]).rankings[0].items == []


@given(SEEDS, st.integers(1, 60))
def test_similar_items_are_the_row_of_the_item(seed: int, k: int) -> None:
    saved = neighbour_model(seed, items=ITEMS)
    table = saved.details
    assert isinstance(table, NeighbourModel)
    model = make_recommender(saved)
    for item in range(ITEMS):
        row = table.neighbours[int(table.bounds[item]) : int(table.bounds[item + 1])]
        stored = dict(zip(row["item"].tolist(), row["value"].tolist(), strict=True))
        (answer,) = model.similar_items([item], k=k).rankings
        assert len(answer.items) == min(k, len(stored))
        assert answer.scores == [stored[int(other)] / 2.0**24 for other in answer.items]
        assert answer.scores == sorted((s / 2.0**24 for s in stored.values()), reverse=True)[:k]


@given(SEEDS, KINDS, st.integers(1, 12), st.integers(1, 3))
def test_passes_are_bounded_and_change_nothing(
    seed: int, kind: str, neighbours: int, histories: int
) -> None:
    model = make_recommender(neighbour_model(seed, similarity=kind, items=ITEMS))
    assert isinstance(model, ItemSimilarityRecommender)
    users = [*range(USERS + 1)] * 3
    expected = model.recommend(users, k=7)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "NEIGHBOURS_AT_ONCE", neighbours)
        patch.setattr(limits, "HISTORIES_AT_ONCE", histories)
        assert model.recommend(users, k=7) == expected
        queries = [model._queries.read(user, 0) for user in users]
        passes = list(model._passes(queries))
    assert [query for here in passes for query in queries[here]] == queries
    for here in passes:
        counts = [model._table.count(model._history(query).items) for query in queries[here]]
        assert 1 <= len(counts) <= histories
        assert len(counts) == 1 or sum(counts) <= neighbours


@pytest.mark.parametrize("similarity", ["jaccard", "cosine", "pearson"])
@pytest.mark.parametrize("index", [ITEMS, 2**62, 2**63, 2**64 - 1])
def test_a_table_that_changed_in_place_is_unreadable(
    tmp_path: Path, similarity: str, index: int
) -> None:
    """What was checked when the model was loaded need not hold any more: no IndexError."""
    name = {"cosine": "similarity_cosine", "jaccard": "similarity_jaccard_strings"}
    path = unpack_model(name.get(similarity, "similarity_pearson"), tmp_path)
    model = load_model(path)
    users = model.users.ids(range(model.num_users))
    items = model.items.ids(range(model.num_items))
    details = read_model(path).details
    assert isinstance(details, NeighbourModel)
    rows = details.neighbours.copy()
    assert len(rows) > 20
    old = rows.tobytes()
    rows["item"] = np.uint64(index)
    objects = path / "objects.bin"
    data = objects.read_bytes()
    place = data.index(old)
    with objects.open("r+b") as file:
        file.seek(place)
        file.write(rows.tobytes())
    with pytest.raises(ModelUnreadableError, match="the file has changed"):
        model.recommend(users, exclude_known=False)
    with pytest.raises(ModelUnreadableError, match="the file has changed"):
        model.recommend(users[:1])
    with pytest.raises(ModelUnreadableError, match="the file has changed"):
        model.similar_items(items)
