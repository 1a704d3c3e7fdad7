"""What queries cost, by all their sizes."""

from __future__ import annotations

from typing import Any

import pytest

from app.limits import INLINE_ITEMS, INLINE_ROWS, INLINE_SECONDS, PIECE_SECONDS
from app.models.loaded import LoadedModels
from app.models.pace import Pace, measure_pace
from app.models.price import (
    Ceilings,
    Price,
    price_of_baskets,
    price_of_recommend,
    price_of_similar,
)
from app.models.queries import BasketQuery, Given, RecommendQuery, SimilarQuery
from app.routers.rows import write_answered, write_rows
from tests.turi_recommender.scoring.synthetic import ials_model
from turi_recommender import Recommender
from turi_recommender.errors import QueryError
from turi_recommender.scoring import make_recommender

QUICK = Pace(0.0001, 0.0001)
CEILINGS = Ceilings(100_000, 32 * 1024 * 1024)


def price(
    model: Recommender, rows: list[dict[str, Any]], pace: Pace = QUICK, **given: Any
) -> Price:
    return price_of_recommend(RecommendQuery(rows, **given), model, pace, CEILINGS)


USER = {"visitorid": 6000}
RICH = {"user_id": "u1"}


def test_a_usual_query_is_small(ranking: Recommender) -> None:
    assert price(ranking, [USER]).is_small
    assert price(
        ranking, [{**USER, "period": "Night", "month": 8, "weekday": 2}] * INLINE_ROWS
    ).is_small
    assert price(ranking, [USER], items=[1] * INLINE_ITEMS).is_small


@pytest.mark.parametrize(
    ("rows", "given"),
    [
        ([USER] * (INLINE_ROWS + 1), {}),
        ([USER] * 2, {"k": 501}),
        ([USER], {"items": [1] * (INLINE_ITEMS + 1)}),
        ([USER], {"exclude": [1] * (INLINE_ITEMS + 1)}),
        ([{**USER, "month": 1_000_000}], {}),
        ([{**USER, "month": -1e300}], {}),
        ([{**USER, "weekday": 10**400}], {}),
    ],
    ids=str,
)
def test_what_is_dear(
    ranking: Recommender, rows: list[dict[str, Any]], given: dict[str, Any]
) -> None:
    assert not price(ranking, rows, **given).is_small


@pytest.mark.parametrize(
    "side",
    [
        {"tags": ["new"] * 100},
        {"tags": ["x"] * 10_000},
        {"weights": {str(number): 1.0 for number in range(100)}},
        {"weights": {"a": 1e9}},
        {"vector": [1e9, 0.0, 0.0]},
        {"hour": 1e9},
    ],
    ids=lambda side: next(iter(side)),
)
def test_side_data_that_is_dear(rich: Recommender, side: dict[str, Any]) -> None:
    assert not price(rich, [{**RICH, **side}]).is_small


@pytest.mark.parametrize(
    "side",
    [
        {"tags": ["new", "old"]},
        {"weights": {"a": 1.0}},
        {"vector": [0.1, 0.2, 0.3]},
        {"hour": 3.0},
        {"tags": None, "weights": None, "vector": None, "hour": None},
    ],
    ids=str,
)
def test_side_data_that_is_usual(rich: Recommender, side: dict[str, Any]) -> None:
    assert price(rich, [{**RICH, **side}]).is_small


@pytest.mark.parametrize("value", ["text", {"a": 1}, [1], True, object()])
def test_side_data_of_another_type_has_a_price_too(rich: Recommender, value: Any) -> None:
    for name in ("tags", "weights", "vector", "hour"):
        price(rich, [{**RICH, name: value}])  # the model refuses it when it is asked


def test_a_row_that_takes_too_long_is_refused_by_name(
    rich: Recommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.models.work.MAX_ROW_WORK", 10_000)  # the catalogue is small
    rows: list[dict[str, Any]] = [RICH, {**RICH, "hour": 1e9, "tags": ["x"] * 1000}]
    with pytest.raises(QueryError, match=r"users\.1: .*more than 10000 operations: ask"):
        price(rich, rows)


def test_long_ids_are_counted_as_often_as_they_are_answered(rich: Recommender) -> None:
    many = [{"user_id": "u" * 1000}] * (INLINE_ROWS + 1)
    assert price(rich, many, k=10).answer_bytes >= len(many) * 10 * 1000
    with pytest.raises(QueryError, match=r"k: .*MAX_ANSWER_BYTES"):
        price(rich, [{"user_id": "u" * 1_000_000}], k=100)


def test_the_bound_holds_for_real_answers(
    service: LoadedModels, rich_service: LoadedModels
) -> None:
    for models, rows in ((service, [USER] * 5), (rich_service, [{"user_id": "\u0001" * 50}] * 5)):
        for role in ("similarity", "ranking"):
            query = RecommendQuery(rows, k=50, choice=role)
            entry, found = models.recommend(query)
            bound = price_of_recommend(query, entry.model, QUICK, CEILINGS).answer_bytes
            names = (entry.model.user_column.name, entry.model.item_column.name)
            written = len(write_rows(*names, found.users, found.rankings))
            written += len(write_answered(names[0], found.users, found.basis, entry))
            assert written <= bound < 8 * written


def done(count: int) -> list[dict[str, Any]]:
    return [{"visitorid": 6000, "itemid": item} for item in range(count)]


def test_a_few_things_that_a_user_brings_along_are_small(ranking: Recommender) -> None:
    few = Given(done(8), [{"visitorid": 6000}], [{"itemid": 1}], 1.0)
    assert price(ranking, [USER], given=few).is_small
    assert price(ranking, [USER], given=few).takes_turn, "as everything that is not batched"


@pytest.mark.parametrize(
    "given",
    [
        Given(interactions=done(2000)),
        Given(user_data=[{"visitorid": one} for one in range(1000)]),
        Given(item_data=[{"itemid": one} for one in range(1000)]),
        Given(diversity=500.0),
    ],
    ids=["interactions", "user data", "item data", "diversity"],
)
def test_much_that_a_user_brings_along_is_dear(ranking: Recommender, given: Given) -> None:
    assert not price(ranking, [USER], given=given).is_small
    assert price(ranking, [USER] * 50, given=given).answer_bytes > 0


def test_what_is_read_for_each_piece_does_not_take_most_of_the_time(ranking: Recommender) -> None:
    many = Given(interactions=[{"visitorid": 1, "itemid": 1}] * 40_000)
    plain, dear = price(ranking, [USER] * 500), price(ranking, [USER] * 500, given=many)
    assert dear.piece > 2 * plain.piece


def test_long_lists_in_side_data_are_counted(rich: Recommender) -> None:
    long = {"item_id": "new", "tags.2": ["x"] * 5000}
    assert not price(rich, [RICH], given=Given(item_data=[long])).is_small


def test_ids_of_new_items_are_part_of_the_answer(rich: Recommender) -> None:
    new = Given(item_data=[{"item_id": "n" * 1000}])
    assert not price(rich, [RICH], given=new).is_small
    assert price(rich, [RICH] * 9, given=new).answer_bytes > 9 * 1000
    with pytest.raises(QueryError, match=r"k: .*MAX_ANSWER_BYTES"):
        price(rich, [RICH] * 100, given=Given(item_data=[{"item_id": "n" * 100_000}]))


def test_items_to_draw_from_are_answers_too(ranking: Recommender) -> None:
    few = Ceilings(100, 1 << 25)
    query = RecommendQuery([USER] * 2, k=10, given=Given(diversity=4.0))
    assert price_of_recommend(query, ranking, QUICK, few).is_small
    more = query._replace(given=Given(diversity=4.1))
    with pytest.raises(QueryError, match=r"diversity: 2 rows times 51 items .*\(MAX_ANSWERS\)"):
        price_of_recommend(more, ranking, QUICK, few)


def test_baskets_are_priced_by_their_items(service: LoadedModels) -> None:
    model = service.need("similarity").model

    def cost(*sizes: int, **given: Any) -> Price:
        baskets = [[{"itemid": 1}] * size for size in sizes]
        return price_of_baskets(BasketQuery(baskets, **given), model, QUICK, CEILINGS)

    assert cost(8).is_small
    assert cost(*[8] * INLINE_ROWS).is_small
    assert not cost(*[8] * (INLINE_ROWS + 1)).is_small
    assert not cost(2000).is_small
    assert cost(*[1] * 50).piece > 2 * cost(*[500] * 50).piece
    with pytest.raises(QueryError, match=r"k: .*MAX_ANSWERS"):
        cost(*[1] * 1000, k=101)


def test_a_basket_that_takes_too_long_is_refused_by_name(
    service: LoadedModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.models.work.MAX_ROW_WORK", 10_000)
    query = BasketQuery([[{"itemid": 1}], [{"itemid": 1}] * 5000])
    with pytest.raises(QueryError, match=r"baskets\.1: .*more than 10000 operations"):
        price_of_baskets(query, service.need("similarity").model, QUICK, CEILINGS)


def test_slow_models_are_not_asked_on_the_event_loop(ranking: Recommender) -> None:
    slow = Pace(INLINE_SECONDS * 1.1, INLINE_SECONDS * 1.1)
    assert not price(ranking, [USER], slow).is_small
    assert price(ranking, [USER], slow).piece <= PIECE_SECONDS / INLINE_SECONDS
    similar = SimilarQuery([152913])
    assert price_of_similar(similar, ranking, QUICK, CEILINGS).is_small
    assert not price_of_similar(similar, ranking, slow, CEILINGS).is_small
    assert price_of_similar(similar, ranking, Pace(0.0, float("inf")), CEILINGS).piece == 1


def test_paces_are_measured(service: LoadedModels) -> None:
    for role in ("similarity", "ranking"):
        pace = measure_pace(service.need(role).model, service.defaults)
        assert 0 < pace.row_seconds < float("inf")
        assert 0 < pace.item_seconds < float("inf")
        assert service.pace(role).row_seconds > 0


def test_vectors_of_baskets_have_a_price(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one also takes the products of all items."""
    model = make_recommender(ials_model(0, items=20_000, factors=32))

    def price_of(count: int, **given: Any) -> Price:
        basket = [{"item": item} for item in range(count)]
        query = BasketQuery([basket], role="ranking", given=Given(**given))
        return price_of_baskets(query, model, QUICK, CEILINGS)

    assert price_of(3).is_small
    assert not price_of(3, fold_in=True).is_small
    model.recommend_basket([[1]], fold_in=True)
    assert price_of(3, fold_in=True).is_small
    rows = [{"user": 1, "item": item} for item in range(3)]
    query = RecommendQuery([{"user": 1}], given=Given(interactions=rows, fold_in=True))
    assert price_of_recommend(query, model, QUICK, CEILINGS).is_small
    monkeypatch.setattr("turi_recommender.scoring.limits.USUAL_FOLDING", 0)
    assert not price_of(3, fold_in=True).is_small
    assert not price_of_recommend(query, model, QUICK, CEILINGS).is_small
    monkeypatch.setattr("app.models.work.MAX_ROW_WORK", 10_000)
    with pytest.raises(QueryError, match=r"baskets\.0: .*more than 10000 operations"):
        price_of(3, fold_in=True)
