"""Recommending by factors: users asked together, what a search decides, and similar items."""

from __future__ import annotations

import math
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.factor_models import FactorDirectory
from tests.turi_recommender.golden import unpack_model
from tests.turi_recommender.scoring.factorization.test_float32 import slow_dot, slow_matrix_vector
from tests.turi_recommender.scoring.synthetic import USERS, factor_model
from turi_recommender import load_model
from turi_recommender.errors import ModelUnreadableError, QueryError
from turi_recommender.format import LINEAR, MACHINE, MATRIX, ColumnMode, FactorModel
from turi_recommender.scoring import limits, make_recommender
from turi_recommender.scoring.factorization.cosines import _is_unambiguous
from turi_recommender.scoring.factorization.recommender import _sigmoid

ITEMS = 40
ROWS = st.fixed_dictionaries(
    {"user": st.integers(0, USERS + 1)},
    optional={"period": st.sampled_from(["period0", "unknown"]), "hour": st.just(3.0)},
)


@settings(max_examples=50)
@given(
    seed=st.integers(0, 2**32 - 1),
    mode=st.sampled_from([MACHINE, MATRIX, LINEAR]),
    rows=st.lists(ROWS, min_size=1, max_size=9),
    searched=st.booleans(),
)
def test_users_asked_together_get_what_each_gets_alone(
    seed: int, mode: str, rows: list[dict[str, Any]], searched: bool
) -> None:
    """They are grouped by what is known of them, and some at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "QUERIES_AT_ONCE", 2)
        patch.setattr(limits, "EXACT_CHUNK", 7)
        patch.setattr(limits, "EXACT_WORK", 0 if searched else 2**60)
        model = make_recommender(factor_model(seed, mode=mode, items=ITEMS, user_side=True))
        together = model.recommend(rows, k=5).rankings
        assert together == [model.recommend([row], k=5).rankings[0] for row in rows]


@pytest.mark.parametrize("seed", range(4))
def test_similar_items_are_those_of_the_highest_cosines(seed: int) -> None:
    saved = factor_model(seed, items=ITEMS, factors=7)
    model = saved.details
    assert isinstance(model, FactorModel)
    factors = model.factors[model.offsets[1] : model.offsets[1] + ITEMS]
    recommender = make_recommender(saved)
    for item in range(ITEMS):
        own_length = np.sqrt(slow_dot(factors[item], factors[item]))
        cosines = {}
        for other in range(ITEMS):
            row = model.offsets[1] + item
            product = slow_matrix_vector(factors[other], factors[item], row)
            length = np.sqrt(slow_dot(factors[other], factors[other]))
            cosines[other] = float(np.float32(product / np.float32(own_length * length)))
        del cosines[item]
        (ranking,) = recommender.similar_items([item], k=5).rankings
        assert ranking.items == sorted(cosines, key=lambda other: -cosines[other])[:5]
        assert ranking.scores == [cosines[int(other)] for other in ranking.items]


def test_a_model_without_factors_cannot_tell_what_is_similar() -> None:
    model = make_recommender(factor_model(1, mode=LINEAR, items=ITEMS))
    with pytest.raises(QueryError, match="has no factors"):
        model.similar_items([1])


@pytest.mark.parametrize(
    ("scores", "k", "expected"),
    [
        ([3.0, 2.0, 1.0], 2, True),
        ([3.0, 2.0, 2.0], 1, True),
        ([3.0, 2.0, 2.0], 2, False),  # which of the two is among the best?
        ([3.0, 3.0, 1.0], 2, False),  # which of the two comes first?
        ([3.0, 2.0], 2, False),
        ([3.0, np.nan, 1.0], 1, False),
    ],
)
def test_ties_make_a_choice_ambiguous(scores: list[float], k: int, expected: bool) -> None:
    assert _is_unambiguous(np.array(scores), k) is expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(0.0, 0.5), (-0.0, 0.5), (math.inf, 1.0), (-math.inf, 0.0), (800.0, 1.0), (-800.0, 0.0)],
)
def test_the_link_is_finite(raw: float, expected: float) -> None:
    assert _sigmoid(raw) == expected


def test_the_link_of_what_is_no_number() -> None:
    assert math.isnan(_sigmoid(math.nan))


def test_different_sums_that_become_one_score_are_ordered_by_index() -> None:
    """Beyond ten, equal scores come in ascending index; the link can make scores equal."""
    model = make_recommender(factor_model(3, items=ITEMS, sigmoid=True, scale=100.0))
    (ranking,) = model.recommend([1], k=30, exclude_known=False).rankings
    ties = [
        (one, other)
        for one, other, a, b in zip(
            ranking.items, ranking.items[1:], ranking.scores, ranking.scores[1:], strict=False
        )
        if a == b
    ]
    assert len(ties) > 5
    assert all(int(one) < int(other) for one, other in ties)


@pytest.mark.parametrize("mode", [MACHINE, MATRIX, LINEAR])
@pytest.mark.parametrize("factors", [1, 3, 4, 9])
def test_long_rows_of_side_data_score_as_short_ones_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, factors: int
) -> None:
    """Bit for bit: what is added row by row, and in parts, is added in the same order."""
    of_items = [0, 1, 2, 90, 3, 200, 0, 65, 64]
    model = FactorDirectory(
        mode=mode,
        factors=0 if mode == LINEAR else factors,
        items=12,
        tags=250,
        user_tags=[0, 5, 70, 130],
        users=5,
        item_tags=of_items,
    ).write(tmp_path / "model")

    def answers() -> list[Any]:
        recommender = load_model(model)
        rankings = recommender.recommend(list(range(6)), k=12, exclude_known=False).rankings
        return [(ranking.items, np.array(ranking.scores).tobytes()) for ranking in rankings]

    monkeypatch.setattr(limits, "SIDE_SLOTS", 10_000)  # the plain way, one feature at a time
    monkeypatch.setattr(limits, "EXACT_WORK", 1 << 40)
    expected = answers()
    for slots, values, work in ((64, 1 << 18, 1 << 40), (0, 7, 1 << 40), (2, 7, 0), (64, 300, 0)):
        monkeypatch.setattr(limits, "SIDE_SLOTS", slots)
        monkeypatch.setattr(limits, "SIDE_VALUES", values)
        monkeypatch.setattr(limits, "ADDED_VALUES", values)
        monkeypatch.setattr(limits, "EXACT_VALUES", values * 10)
        monkeypatch.setattr(limits, "EXACT_WORK", work)
        assert answers() == expected


def test_usual_rows_cost_nothing_extra(tmp_path: Path) -> None:
    directory = FactorDirectory(user_tags=[3, 30, 0], item_tags=[3] * 20)
    model = load_model(directory.write(tmp_path / "model"))
    assert [model.extra_work({"user": user}, 10) for user in (0, 1, 2, 9, "x")] == [0] * 5


def test_a_users_own_long_side_data_has_a_price(tmp_path: Path) -> None:
    directory = FactorDirectory(users=4, user_tags=[3, 200, 20_000], factors=32, tags=20_000)
    model = load_model(directory.write(tmp_path / "model"))
    usual, long, longest, without = (model.extra_work({"user": user}, 10) for user in range(4))
    assert usual == without == model.extra_work({"user": "9"}, 10) == 0
    assert model.extra_work({"user": 1.5}, 10) == model.extra_work({}, 10) == 0  # refused later
    assert long > 200 * limits.FEATURE_WORK
    assert longest > 20_000 * 20 * 32  # all items are looked at


def test_items_with_very_much_side_data_have_a_price(tmp_path: Path) -> None:
    directory = FactorDirectory(items=300, item_tags=[1000] * 300, factors=32, tags=1000)
    model = load_model(directory.write(tmp_path / "model"))
    assert model.extra_work({"user": 0}, 10) > 300 * 1000 * 32


def test_a_missing_vector_stands_for_as_many_means_as_it_has(tmp_path: Path) -> None:
    model = load_model(unpack_model("factorization_everything", tmp_path))
    (vector,) = (each for each in model.side_columns if each.mode == ColumnMode.NUMERIC_VECTOR)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "KEPT_FEATURES", vector.size - 1)
        assert model.extra_work({model.user_column.name: 1}, 10) == 0
        assert model.extra_work({model.user_column.name: 1, vector.name: None}, 10) > 0


def test_many_long_rows_are_not_held_at_once(tmp_path: Path) -> None:
    directory = FactorDirectory(users=60, user_tags=[2000] * 60, factors=64, tags=2000, items=2)
    model = load_model(directory.write(tmp_path / "model"))
    alone = [model.recommend([user], k=2, exclude_known=False).rankings[0] for user in range(60)]
    tracemalloc.start()
    try:
        together = model.recommend(list(range(60)), k=2, exclude_known=False).rankings
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert together == alone
    one = 2000 * 64 * 4
    assert peak < limits.EXACT_VALUES * 4 * 8 + 8 * one, peak


def test_side_data_that_changed_in_place_is_unreadable(tmp_path: Path) -> None:
    path = FactorDirectory(user_tags=[3, 4, 5]).write(tmp_path / "model")
    model = load_model(path)
    row = np.array([0x05322323, 6, 6, 4], "<u8").tobytes()
    objects = path / "objects.bin"
    place = objects.read_bytes().index(row)
    with objects.open("r+b") as file:
        file.seek(place + 24)
        file.write(np.array([2**40], "<u8").tobytes())
    model.recommend([0, 2])
    with pytest.raises(ModelUnreadableError, match="the file has changed: a shorter row"):
        model.recommend([1])
