"""Interactions, baskets and side data of whole models (docs/queries.md, sections 1 - 3, 10)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turi_recommender.golden import unpack_model
from tests.turi_recommender.scoring.synthetic import USERS, factor_model, neighbour_model
from turi_recommender import load_model, recommend, recommend_basket
from turi_recommender.errors import QueryError
from turi_recommender.scoring import Recommender, make_recommender

ITEMS = 40
SEEDS = st.integers(0, 2**32 - 1)
BASKETS = st.lists(st.integers(0, ITEMS - 1), max_size=6)


@given(SEEDS, BASKETS, st.sampled_from(["jaccard", "cosine", "pearson"]))
def test_unknown_items_are_ignored_and_do_not_dilute(
    seed: int, basket: list[int], similarity: str
) -> None:
    """Turi Create counts them in the divisor."""
    model = make_recommender(neighbour_model(seed, similarity=similarity, items=ITEMS))
    answer = model.recommend_basket([basket, [*basket, 777, 888, 777]])
    assert answer.rankings[0] == answer.rankings[1]
    assert answer.unknown_items == [777, 888]
    assert answer.basis == (["basket"] * 2 if basket else ["nothing"] * 2)


@given(SEEDS, BASKETS, st.integers(0, USERS - 1), st.booleans())
def test_a_basket_with_a_user_is_that_users_interactions(
    seed: int, basket: list[int], user: int, exclude_known: bool
) -> None:
    model = make_recommender(neighbour_model(seed, items=ITEMS))
    rows = [{"user": user, "item": item} for item in basket]
    rows += [{"user": (user + 1) % USERS, "item": item} for item in range(9)]
    asked: dict[str, Any] = {"exclude_known": exclude_known, "exclude": [3]}
    named = model.recommend([user], interactions=rows, **asked)
    by_basket = model.recommend_basket([{"user": user, "items": basket}], **asked)
    assert named.rankings == by_basket.rankings
    assert named.basis == by_basket.basis == ["history"]
    if not basket:
        assert named.rankings == model.recommend([user], **asked).rankings


@given(SEEDS, BASKETS, st.booleans())
def test_a_basket_only_excludes_where_scores_have_no_history(
    seed: int, basket: list[int], exclude_known: bool
) -> None:
    model = make_recommender(factor_model(seed, items=ITEMS))
    visit = {"period": "period1"}
    given_basket = [{**visit, "items": basket}]
    answer = model.recommend_basket(given_basket, exclude_known=exclude_known)
    left_out = basket if exclude_known else []
    plain = model.recommend([{"user": 99, **visit}], exclude=left_out)
    assert answer.rankings == plain.rankings
    assert answer.basis == (["basket"] if basket else ["context"])


def test_the_same_user_twice_has_the_same_basket() -> None:
    model = make_recommender(neighbour_model(3, items=ITEMS))
    rows = [{"user": 99, "item": 2}, {"user": 99, "item": 5}, {"user": 99, "item": 555}]
    answer = model.recommend([99, 0, 99], interactions=rows)
    assert answer.rankings[0] == answer.rankings[2]
    assert answer.basis == ["basket", "history", "basket"]
    assert answer.cold_users == [99]
    assert answer.unknown_items == [555]
    assert answer.unknown == [(555,), (), (555,)]


@given(SEEDS, st.data())
def test_the_trained_side_data_given_again_changes_nothing(seed: int, data: st.DataObject) -> None:
    model = make_recommender(factor_model(seed, items=ITEMS, levels=2))
    side = factor_model(seed, items=ITEMS, levels=2).metadata.item_side
    items = data.draw(st.lists(st.integers(0, ITEMS - 1), unique=True, max_size=8))
    rows = [_side_row(side.entries(np.array([item])), item) for item in items]
    whole = [row for row in rows if None not in row.values()]
    k = data.draw(st.integers(1, 12))
    users = [0, 3, 99]
    assert model.recommend(users, k=k, item_data=whole) == model.recommend(users, k=k)


def _side_row(entries: Any, item: int) -> dict[str, Any]:
    found = dict(zip(entries.columns.tolist(), entries.indices.tolist(), strict=True))
    row: dict[str, Any] = {"item": item, "category": None, "brand": None}
    for position, name in enumerate(("category", "brand")):
        if position in found:
            row[name] = f"{name}{found[position]}"
    return row


def test_a_new_item_can_win_and_be_excluded() -> None:
    model = make_recommender(factor_model(5, items=ITEMS))
    new = [{"item": 900 + n, "category": f"category{n % 3}", "brand": "brand1"} for n in range(6)]
    everything = model.recommend([99], k=100, item_data=new).rankings[0]
    assert len(everything.items) == ITEMS + 6
    scores = dict(zip(everything.items, everything.scores, strict=True))
    assert scores[900] == scores[903]  # the same side data, and nothing else
    kept = model.recommend([99], k=100, items=[1, 900, 901], exclude=[901], item_data=new)
    assert set(kept.rankings[0].items) == {1, 900}
    basket = model.recommend_basket([[900, 5]], k=100, item_data=new)
    assert {900, 5}.isdisjoint(basket.rankings[0].items)
    assert basket.unknown_items == [900]
    assert 900 not in model.recommend([99], k=100).rankings[0].items


def test_tied_new_items_rank_in_the_order_of_their_records() -> None:
    model = make_recommender(factor_model(5, items=ITEMS))
    row = {"category": "category1", "brand": "brand0"}
    ids = [905, 901, 903]
    new = [{"item": item, **row} for item in ids]
    answer = model.recommend([99], k=3, items=ids, item_data=new)
    assert answer.rankings[0].items == ids


@given(SEEDS, st.sampled_from(["jaccard", "pearson"]))
def test_models_without_item_side_data_ignore_it(seed: int, similarity: str) -> None:
    model = make_recommender(neighbour_model(seed, similarity=similarity, items=ITEMS))
    new = [{"item": 900, "colour": "red"}]
    assert model.recommend([0, 99], k=50, item_data=new) == model.recommend([0, 99], k=50)


@pytest.mark.parametrize("name", ["similarity_item_side", "popularity_item_side"])
def test_new_items_do_not_mix_with_other_histories(tmp_path: Path, name: str) -> None:
    """Also where new items are excluded and several users share a pass."""
    model = load_model(unpack_model(name, tmp_path))
    sides = {"category": "category1", "price": 1.0, "tags": ["new"]}
    columns = {column.name for _, column, _ in model._given.item_side._columns}
    row = {side: value for side, value in sides.items() if side in columns}
    new = [{"item_id": 10**9 + n, **row} for n in range(5)]
    users = model.users.ids(range(6))
    for excluded in ([], [10**9 + 1], [10**9 + n for n in range(5)]):
        asked: dict[str, Any] = {"k": 7, "item_data": new, "exclude": excluded}
        together = model.recommend(users, **asked).rankings
        assert together == [model.recommend([user], **asked).rankings[0] for user in users]
        if len(excluded) == len(new):
            assert together == model.recommend(users, k=7).rankings


def test_side_data_of_users_tells_strangers_apart() -> None:
    model = make_recommender(factor_model(5, items=ITEMS, user_side=True))
    rows = [{"user": 99, "country": "country1"}, {"user": 0, "country": "country2"}]
    answer = model.recommend([99, 98, 0], user_data=rows)
    plain = model.recommend([99, 98, 0])
    assert answer.basis == ["side data", "nothing", "history"]
    assert answer.rankings[1] == plain.rankings[1]
    assert answer.rankings[0] != plain.rankings[0]
    twice = [rows[0], rows[0]]
    with pytest.raises(QueryError, match=r"user_data\.1\.user: another row"):
        model.recommend([98], user_data=twice)


@pytest.mark.parametrize(
    ("baskets", "field"),
    [
        ([[1], 7], "baskets.1"),
        ([{"user": 1}], "baskets.0.items"),
        ([{"items": 5}], "baskets.0.items"),
        ([{"items": [1], "colour": 5}], "baskets.0.colour"),
        ([{"items": [1], "user": 1.5}], "baskets.0.user"),
        ([{"items": [1, {"item": "x"}]}], "baskets.0.items.1.item"),
        ("abc", "baskets"),
    ],
)
def test_an_error_names_its_place(baskets: Any, field: str) -> None:
    model = make_recommender(neighbour_model(0, items=ITEMS))
    with pytest.raises(QueryError) as caught:
        model.recommend_basket(baskets)
    assert caught.value.field == field


def test_nothing_given_is_nothing() -> None:
    model: Recommender = make_recommender(factor_model(0, items=ITEMS, user_side=True))
    empty: Any = {"interactions": [], "user_data": [], "item_data": []}
    assert model.recommend([0, 99], **empty) == model.recommend([0, 99], interactions=[])
    assert model.recommend_basket([]).rankings == []
    assert model.recommend_basket([[]]).rankings == model.recommend([99]).rankings


def test_the_functions_ask_the_model() -> None:
    model = make_recommender(factor_model(0, items=ITEMS, user_side=True))
    new = [{"item": 900, "category": "category1", "brand": "brand1"}]
    given_rows: Any = {
        "interactions": [{"user": 1, "item": 2}],
        "user_data": [{"user": 99, "country": "country1"}],
        "item_data": new,
    }
    assert recommend(model, [1, 99], **given_rows) == model.recommend([1, 99], **given_rows)
    answer = recommend_basket(model, [[1], [2]], k=3, item_data=new)
    assert answer == model.recommend_basket([[1], [2]], k=3, item_data=new)


def test_what_is_given_has_a_price() -> None:
    similar = make_recommender(neighbour_model(0, items=ITEMS))
    assert similar.extra_work({"user": 1}, 10, interactions=8) == 0
    assert similar.extra_work({"user": 1}, 10, interactions=100_000) >= 100_000
    ranking = make_recommender(factor_model(0, items=ITEMS, user_side=True))
    assert ranking.extra_work({"user": 1}, 10, user_data={"user": 1, "country": "country1"}) == 0
    rows = [{"item": n, "category": "category1", "brand": "brand1"} for n in range(10)]
    assert ranking.item_data_work(rows[:5]) * 2 == ranking.item_data_work(rows) > 0


def test_long_lists_and_large_numbers_have_a_higher_price(tmp_path: Path) -> None:
    model = load_model(unpack_model("ranking_everything", tmp_path))
    row = {"user_id": 1, "state": "state1", "month.1": 5, "tags.1": ["new"], "price": 9.0}
    visit = {"user_id": 1}
    assert model.extra_work(visit, 10, user_data=row) == 0
    far = model.extra_work(visit, 10, user_data={**row, "price": 1e9})
    long = model.extra_work(visit, 10, user_data={**row, "tags.1": ["new"] * 10_000})
    assert long > far >= 0
    assert long > 10_000


@pytest.mark.parametrize(
    ("basket", "got"), [(5, "int"), (None, "null"), ("5", "str"), (b"5", "bytes"), (1.5, "float")]
)
def test_what_is_no_basket_is_told_both_forms(basket: Any, got: str) -> None:
    model = make_recommender(neighbour_model(0, items=ITEMS))
    with pytest.raises(QueryError) as caught:
        model.recommend_basket([basket])
    assert caught.value.path == ("baskets", 0)
    assert caught.value.message == (
        f"expected a list of items, or a mapping with 'items', got {got}"
    )
    with pytest.raises(QueryError, match=rf"^baskets.0.items: expected a list, got {got}$"):
        model.recommend_basket([{"items": basket}])
