"""Raw scores against the sums written out one by one (docs/format.md, section 7.4)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turi_recommender.scoring.factorization.test_float32 import slow_dot, slow_matrix_vector
from tests.turi_recommender.scoring.synthetic import USERS, factor_model
from turi_recommender.format import LINEAR, MACHINE, MATRIX, FactorModel, SavedModel, SideTable
from turi_recommender.scoring import make_recommender

ITEMS = 30
PERIODS = ["period0", "period1", "period2", "period3"]
Entries = list[tuple[int, int, float]]

ROWS = st.fixed_dictionaries(
    {"user": st.integers(0, USERS + 1)},
    optional={
        "period": st.sampled_from([*PERIODS, "unknown", None]),
        "hour": st.sampled_from([0.0, 23.0, -1.5, None]),
    },
)


def side_entries(table: SideTable, first: int, index: int) -> Entries:
    """Return the categories of one packed row, of which every word is one."""
    if index >= len(table.starts):
        return []
    start, length = int(table.starts[index]), int(table.lengths[index])
    words = table.words[start : start + length].tolist()
    return [(first + column, word, 1.0) for column, word in enumerate(words)]


def entries(saved: SavedModel, row: dict[str, Any], item: int) -> Entries:
    """Return column, index and value of everything known of a user, a visit and an item."""
    metadata, user = saved.metadata, row["user"]
    first = len(metadata.columns)
    found: Entries = [(0, user, 1.0)] if user < USERS else []
    found.append((1, item, 1.0))
    if row.get("period") in PERIODS:
        found.append((2, PERIODS.index(row["period"]), 1.0))
    if "hour" in row:
        hour = row["hour"]
        found.append((3, 0, 0.5 if hour is None else hour))  # the trained mean
    if user < USERS:
        found += side_entries(metadata.user_side, first, user)
    after = first + len(metadata.user_side.columns)
    return found + side_entries(metadata.item_side, after, item)


def slow_score(saved: SavedModel, row: dict[str, Any], item: int) -> float:
    model = saved.details
    assert isinstance(model, FactorModel)
    features = []
    for column, index, value in entries(saved, row, item):
        place = model.offsets[column] + index
        scaled = float(model.scales[place]) * (value - float(model.shifts[place]))
        features.append((column, place, scaled))
    has_user = features[0][0] == 0
    has_side = bool(saved.metadata.user_side.columns or saved.metadata.item_side.columns)
    if model.mode == MATRIX and has_user and len(row) == 1 and not has_side:
        user, own = features[0][1], features[1][1]
        product = slow_matrix_vector(model.factors[own], model.factors[user], user)
        constant = model.intercept + float(model.weights[user])
        return constant + float(np.float32(product + model.weights[own]))
    score = model.intercept
    for number, (_, place, x) in enumerate(features):
        score += x * float(model.weights[place])
        if model.mode == MATRIX and has_user and number == 1:
            score += float(slow_dot(model.factors[features[0][1]], model.factors[place]))
    if model.mode == MACHINE:
        vectors = [np.float32(x) * model.factors[place] for _, place, x in features]
        total = np.zeros(model.num_factors, np.float32)
        for vector in vectors:
            total = total + vector
        for vector in vectors:
            score += 0.5 * float(np.float32(slow_dot(total, vector) - slow_dot(vector, vector)))
    return score


@given(
    seed=st.integers(0, 2**32 - 1),
    mode=st.sampled_from([MACHINE, MATRIX, LINEAR]),
    factors=st.integers(1, 19),
    sides=st.tuples(st.booleans(), st.booleans()),
    rows=st.lists(ROWS, min_size=1, max_size=4),
)
def test_every_score_is_the_sum_of_its_terms(
    seed: int, mode: str, factors: int, sides: tuple[bool, bool], rows: list[dict[str, Any]]
) -> None:
    saved = factor_model(
        seed, mode=mode, items=ITEMS, factors=factors, item_side=sides[0], user_side=sides[1]
    )
    answers = make_recommender(saved).recommend(rows, k=ITEMS, exclude_known=False)
    for row, ranking in zip(rows, answers.rankings, strict=True):
        assert sorted(map(int, ranking.items)) == list(range(ITEMS))
        expected = [slow_score(saved, row, int(item)).hex() for item in ranking.items]
        assert [score.hex() for score in ranking.scores] == expected


@pytest.mark.parametrize("seed", range(5))
def test_a_link_follows_the_sum(seed: int) -> None:
    saved = factor_model(seed, items=ITEMS, sigmoid=True)
    (ranking,) = make_recommender(saved).recommend([1], k=ITEMS).rankings
    for item, score in zip(ranking.items, ranking.scores, strict=True):
        raw = slow_score(saved, {"user": 1}, int(item))
        small = math.exp(-abs(raw))
        assert score == (small if raw < 0 else 1.0) / (1.0 + small)
