"""Recommending with diversity: of every class, with independent selections and draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turi_recommender.golden import unpack_model
from tests.turi_recommender.scoring.diversity.test_draw import slow_draw
from tests.turi_recommender.scoring.factorization.test_likeness import own_factors
from tests.turi_recommender.scoring.synthetic import USERS, factor_model, neighbour_model
from turi_recommender import load_model, recommend
from turi_recommender.errors import QueryError
from turi_recommender.format import LINEAR, MACHINE, MATRIX
from turi_recommender.scoring import Ranking, Recommender, limits, make_recommender
from turi_recommender.scoring.diversity import key_of_row
from turi_recommender.scoring.diversity.hashes import mix
from turi_recommender.scoring.factorization.recommender import FactorizationRecommender

ITEMS = 40
SEEDS = st.integers(0, 2**32 - 1)
DRAW_SEEDS = st.integers(-(2**63), 2**63 - 1)


def expected_draw(
    model: Recommender, user: Any, k: int, selected: int, seed: int, key: int
) -> Ranking:
    """Draw from an ordinary answer, with a plain product as likeness."""
    ranking = model.recommend([user], k=selected).rankings[0]
    likeness = None
    if isinstance(model, FactorizationRecommender) and model.num_factors:
        vectors = own_factors(model)[[model.items.find(item) for item in ranking.items]]
        vectors /= np.linalg.norm(vectors, axis=1)[:, np.newaxis]

        def likeness(rank: int, others: np.ndarray) -> np.ndarray:
            products: np.ndarray = vectors[others] @ vectors[rank]
            return products

    if len(ranking.items) <= k:
        return ranking
    drawn = slow_draw(len(ranking.items), k, mix(seed, key), likeness)
    return Ranking(
        [ranking.items[place] for place in drawn], [ranking.scores[place] for place in drawn]
    )


@given(SEEDS, st.sampled_from([MACHINE, MATRIX, LINEAR]), st.integers(0, USERS), DRAW_SEEDS)
def test_factorization_models_compare_with_the_item_that_was_drawn(
    number: int, mode: str, user: int, seed: int
) -> None:
    model = make_recommender(factor_model(number, mode=mode, items=ITEMS))
    answer = model.recommend([user], k=4, diversity=3.0, seed=seed).rankings[0]
    assert answer == expected_draw(model, user, 4, 16, seed, user)


@given(SEEDS, st.sampled_from(["cosine", "pearson"]), st.integers(0, USERS), DRAW_SEEDS)
def test_other_models_draw_by_hashes(number: int, kind: str, user: int, seed: int) -> None:
    """Of more than ten, where equal scores come in ascending index."""
    model = make_recommender(neighbour_model(number, similarity=kind, items=ITEMS))
    answer = model.recommend([user], k=12, diversity=0.75, seed=seed).rankings[0]
    assert answer == expected_draw(model, user, 12, 21, seed, user)


@given(SEEDS, st.booleans())
def test_a_row_with_a_context_is_known_by_its_features(number: int, user_side: bool) -> None:
    model = make_recommender(factor_model(number, items=ITEMS, mode=LINEAR, user_side=user_side))
    assert isinstance(model, FactorizationRecommender)
    side = [(4, int(model._reader._user_side.entries(1)[0][1]), 1.0)] if user_side else []
    for row, user, context, sides in (
        ({"user": 1, "period": "period2", "hour": 3}, 1, [(2, 2, 1.0), (3, 0, 3.0)], side),
        ({"user": 99, "period": "never"}, USERS, [(2, 4, 1.0)], []),
        ({"user": 1, "hour": None}, 1, [(3, 0, 0.5)], side),
    ):
        key = key_of_row(user, context, sides)
        answer = model.recommend([row], k=3, diversity=1.0, seed=8).rankings[0]
        assert answer == expected_draw(model, row, 3, 6, 8, key)


MODELS = {
    "factors": lambda: factor_model(3, items=ITEMS, levels=1),
    "sigmoid": lambda: factor_model(3, items=ITEMS, sigmoid=True, scale=20.0),
    "linear": lambda: factor_model(3, items=ITEMS, levels=1, mode=LINEAR),
    "neighbours": lambda: neighbour_model(3, items=ITEMS),
}


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> Recommender:
    return make_recommender(MODELS[request.param]())


def test_nothing_changes_where_there_is_nothing_to_draw(model: Recommender) -> None:
    for k, wide in ((10, 0.04), (ITEMS, 5.0), (1000, 2.0), (5, 0.0)):
        plain = model.recommend([0, 1, 99], k=k)
        assert model.recommend([0, 1, 99], k=k, diversity=wide, seed=3) == plain
    few = [0, 5, 9]
    plain = model.recommend([0, 99], k=5, items=few)
    assert model.recommend([0, 99], k=5, items=few, diversity=9.0) == plain
    assert model.recommend([], diversity=2.0).rankings == []


def test_an_answer_depends_on_nobody_else(model: Recommender) -> None:
    rows: list[Any] = [0, 1, 99, 98, 2]
    if model.side_columns:
        rows += [{"user": 99, "period": "never"}, {"user": 98, "period": "nor"}, {"user": 3}]
    together = model.recommend(rows, k=7, diversity=2.0, seed=5).rankings
    each = [model.recommend([row], k=7, diversity=2.0, seed=5).rankings[0] for row in rows]
    assert together == each
    assert together[2] == together[3], "all unknown users are alike"


def test_a_seed_decides_and_none_is_zero(model: Recommender) -> None:
    def answer(**given: Any) -> Any:
        return model.recommend([0, 1], k=5, diversity=3.0, **given)

    assert answer() == answer(seed=None) == answer(seed=0)
    assert answer(seed=-4) == answer(seed=-4)
    assert len({tuple(answer(seed=seed).rankings[0].items) for seed in range(20)}) > 5


def test_answers_are_part_of_the_best_and_keep_their_order(model: Recommender) -> None:
    for k, wide, selected in ((3, 2.0, 9), (10, 1.0, 20), (12, 0.5, 18), (10, 1e300, ITEMS)):
        best = model.recommend([0, 99], k=selected)
        drawn = model.recommend([0, 99], k=k, diversity=wide, seed=1)
        for some, ranking in zip(drawn.rankings, best.rankings, strict=True):
            assert len(some.items) == k
            assert some.scores == sorted(some.scores, reverse=True)
            assert set(some.scores) <= set(ranking.scores)


def test_all_are_ranked_only_where_scores_are_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    for levels, expected in ((0, []), (1, [30])):
        model = make_recommender(factor_model(5, items=ITEMS, levels=levels, item_side=False))
        original = model._rank_in_library_order

        def counted(query: Any, out: Any, k: int, given: Any, original: Any = original) -> Any:
            calls.append(k)
            return original(query, out, k, given)

        monkeypatch.setattr(model, "_rank_in_library_order", counted)
        model.recommend([0], k=10, diversity=2.0)
        assert calls == expected


def test_scores_that_the_link_makes_equal_do_not_take_all_items(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are equal in the answer only; the raw ones decide the first choice."""
    monkeypatch.setattr(limits, "EXACT_WORK", 0)
    model = make_recommender(factor_model(3, items=4000, sigmoid=True, scale=20.0, tail=1.0))
    answer = model.recommend([0], k=30).rankings[0]
    assert len(set(answer.scores)) < 30
    monkeypatch.setattr(
        "turi_recommender.scoring.factorization.recommender.best_by_nth_element", None
    )
    assert len(model.recommend([0], k=10, diversity=2.0).rankings[0].items) == 10


def test_work_is_estimated_and_bounded() -> None:
    model = make_recommender(factor_model(1, items=ITEMS))
    linear = make_recommender(factor_model(1, items=ITEMS, mode=LINEAR))
    assert model.spread_work(10, 0.0) == (10, 0, 0)
    assert model.spread_work(1000, 5.0) == (ITEMS, 0, 0)
    assert model.spread_work(10, 1e300).selected == ITEMS
    assert model.spread_work(12, 1.0).ties == 0
    assert model.spread_work(5, 0.2) == (6, 5 * 6 * (64 + 6 * 24), 0)
    assert model.spread_work(10, 2.0)[:2] == (30, 10 * 30 * (64 + 6 * 24))
    assert linear.spread_work(10, 2.0).draw == 10 * 30 * 64
    assert model.spread_work(10, 2.0).ties > linear.spread_work(10, 2.0).ties > 0
    with pytest.raises(QueryError):
        model.spread_work(10, -1.0)


def test_every_way_to_ask_takes_them(tmp_path: Path) -> None:
    path = unpack_model("popularity_target", tmp_path)
    model = load_model(path)
    user = next(iter(model.users.ids([0])))
    asked = model.recommend([user], k=5, diversity=2.0, seed=6)
    assert recommend(path, [user], k=5, diversity=2.0, seed=6) == asked
    assert recommend(model, [user], k=5, diversity=2.0, seed=7) != asked
    for wrong in ({"diversity": -1}, {"seed": 2**63}):
        with pytest.raises(QueryError):
            recommend(model, [user], **wrong)  # type: ignore[arg-type]


def test_the_order_of_equal_scores_is_that_of_the_whole_selection() -> None:
    """Whoever only looks at the items that reach the cut orders them otherwise."""
    model = make_recommender(factor_model(2, items=ITEMS, levels=1, item_side=False))
    stable = model.recommend([99], k=30).rankings[0]
    query = model._queries.read(99, 0)
    items, scores = model._rank_in_library_order(query, model._everything, 30, None)
    assert scores.tolist() == stable.scores
    assert items.tolist() != stable.items
