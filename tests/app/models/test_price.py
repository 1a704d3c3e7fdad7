"""What queries cost, by all their sizes."""

from __future__ import annotations

from typing import Any

import pytest

from app.limits import INLINE_ITEMS, INLINE_ROWS, INLINE_SECONDS, PIECE_SECONDS
from app.models.loaded import LoadedModels
from app.models.pace import Pace, measure_pace
from app.models.price import Ceilings, Price, price_of_recommend, price_of_similar
from app.models.queries import RecommendQuery, SimilarQuery
from app.routers.rows import write_rows
from turi_recommender import Recommender
from turi_recommender.errors import QueryError

QUICK = Pace(0.0001, 0.0001)
CEILINGS = Ceilings(100_000, 32 * 1024 * 1024)


def price(
    model: Recommender, rows: list[dict[str, Any]], pace: Pace = QUICK, **given: Any
) -> Price:
    return price_of_recommend(RecommendQuery(rows, **given), model, pace, CEILINGS)


@pytest.fixture
def shop(service: LoadedModels) -> Recommender:
    return service.need("ranking").model


@pytest.fixture
def rich(rich_service: LoadedModels) -> Recommender:
    return rich_service.need("ranking").model


USER = {"visitorid": 6000}
RICH = {"user_id": "u1"}


def test_a_usual_query_is_small(shop: Recommender) -> None:
    assert price(shop, [USER]).is_small
    assert price(
        shop, [{**USER, "period": "Night", "month": 8, "weekday": 2}] * INLINE_ROWS
    ).is_small
    assert price(shop, [USER], items=[1] * INLINE_ITEMS).is_small


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
def test_what_is_dear(shop: Recommender, rows: list[dict[str, Any]], given: dict[str, Any]) -> None:
    assert not price(shop, rows, **given).is_small


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
    monkeypatch.setattr("app.models.price.MAX_ROW_WORK", 10_000)  # the catalogue is small
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
            assert written <= bound < 8 * written


def test_slow_models_are_not_asked_on_the_event_loop(shop: Recommender) -> None:
    slow = Pace(INLINE_SECONDS * 1.1, INLINE_SECONDS * 1.1)
    assert not price(shop, [USER], slow).is_small
    assert price(shop, [USER], slow).piece <= PIECE_SECONDS / INLINE_SECONDS
    similar = SimilarQuery([152913])
    assert price_of_similar(similar, shop, QUICK, CEILINGS).is_small
    assert not price_of_similar(similar, shop, slow, CEILINGS).is_small
    assert price_of_similar(similar, shop, Pace(0.0, float("inf")), CEILINGS).piece == 1


def test_paces_are_measured(service: LoadedModels) -> None:
    for role in ("similarity", "ranking"):
        pace = measure_pace(service.need(role).model, service.defaults)
        assert 0 < pace.row_seconds < float("inf")
        assert 0 < pace.item_seconds < float("inf")
        assert service.pace(role).row_seconds > 0
