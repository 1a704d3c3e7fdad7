"""What queries for the scores of pairs cost, and what telling why adds to any query."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.limits import INLINE_SECONDS, PIECE_SECONDS, SHORT_SECONDS, SMALL_ANSWER_BYTES
from app.models.loaded import LoadedModels
from app.models.pace import Pace
from app.models.price import Ceilings, Price, price_of_recommend
from app.models.price_pairs import price_of_predict
from app.models.queries import PredictQuery, RecommendQuery
from app.models.roles import Role
from app.routers.rows import write_predictions, write_rows
from turi_recommender import Recommender
from turi_recommender.errors import QueryError

QUICK = Pace(0.0001, 0.0001, explained_seconds=0.001, pair_seconds=0.0001, why_bytes=1000)
CEILINGS = Ceilings(100_000, 32 * 1024 * 1024)
PAIR = {"visitorid": 6000, "itemid": 2250}
RICH = {"user_id": "u1", "item_id": "i1"}


def price(
    model: Recommender, pairs: list[dict[str, Any]], pace: Pace = QUICK, **given: Any
) -> Price:
    return price_of_predict(PredictQuery(pairs, **given), model, pace, CEILINGS)


def test_a_few_pairs_are_small(ranking: Recommender) -> None:
    assert price(ranking, [PAIR]).is_small
    assert not price(ranking, [PAIR]).takes_turn
    assert price(ranking, [PAIR] * 40).is_small
    assert price(ranking, [PAIR] * 40).takes_turn


def test_they_are_dear_where_they_take_long(ranking: Recommender, rich: Recommender) -> None:
    assert not price(ranking, [PAIR] * int(INLINE_SECONDS / QUICK.pair_seconds + 2)).is_small
    slow = replace(QUICK, pair_seconds=INLINE_SECONDS * 1.1)
    assert not price(ranking, [PAIR], slow).is_small
    assert price(ranking, [PAIR], slow).piece <= PIECE_SECONDS / INLINE_SECONDS
    assert not price(ranking, [{**PAIR, "month": 1_000_000}]).is_small
    assert not price(rich, [{**RICH, "tags": ["x"] * 10_000}]).is_small
    assert not price(ranking, [PAIR], Pace(0.0, 0.0)).is_small  # nobody measured it


def test_telling_why_has_a_price(ranking: Recommender, rich: Recommender) -> None:
    assert price(ranking, [PAIR], why=True).takes_turn
    assert QUICK.explained_seconds > SHORT_SECONDS
    assert not price(ranking, [PAIR] * 10, why=True).is_small
    dear = [{**RICH, "tags": ["x"] * 10_000}]
    assert price(rich, dear * 9, why=True).piece <= price(rich, dear * 9).piece
    large = replace(QUICK, why_bytes=SMALL_ANSWER_BYTES)
    assert price(ranking, [PAIR], large).is_small
    assert not price(ranking, [PAIR], large, why=True).is_small


def test_a_pair_that_takes_too_long_is_refused_by_name(
    rich: Recommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.models.work.MAX_ROW_WORK", 10_000)
    pairs: list[dict[str, Any]] = [RICH, {**RICH, "hour": 1e9, "tags": ["x"] * 1000}]
    with pytest.raises(QueryError, match=r"pairs\.1: .*more than 10000 operations: send less"):
        price(rich, pairs)


def test_too_much_is_refused(ranking: Recommender) -> None:
    with pytest.raises(QueryError, match=r"k: 3 answers .*MAX_ANSWERS"):
        price_of_predict(PredictQuery([PAIR] * 3), ranking, QUICK, Ceilings(2, 1 << 25))
    with pytest.raises(QueryError, match=r"pairs: .*MAX_ANSWER_BYTES"):
        price_of_predict(PredictQuery([PAIR] * 3, why=True), ranking, QUICK, Ceilings(9, 2000))
    long = [{"visitorid": "u" * 10_000, "itemid": 1}]
    with pytest.raises(QueryError, match=r"pairs: .*MAX_ANSWER_BYTES"):
        price_of_predict(PredictQuery(long), ranking, QUICK, Ceilings(9, 2000))


def recommended(model: Recommender, k: int, pace: Pace = QUICK, rows: int = 1) -> Price:
    query = RecommendQuery([{"visitorid": 6000}] * rows, k=k, why=True)
    return price_of_recommend(query, model, pace, CEILINGS)


def test_why_of_recommendations_goes_by_the_number_of_items(ranking: Recommender) -> None:
    assert recommended(ranking, 10).is_small
    assert not recommended(ranking, 100).is_small
    assert recommended(ranking, 100, rows=9).piece < recommended(ranking, 10, rows=9).piece
    assert not recommended(ranking, 10, replace(QUICK, why_bytes=SMALL_ANSWER_BYTES)).is_small
    with pytest.raises(QueryError, match=r"k: .*MAX_ANSWER_BYTES"):
        recommended(ranking, 100, rows=1000)


@pytest.mark.parametrize("role", ["similarity", "ranking"])
def test_the_bound_holds_for_real_answers(
    service: LoadedModels, rich_service: LoadedModels, role: Role
) -> None:
    for models in (service, rich_service):
        model, pace = models.need(role).model, models.pace(role)
        assert 0 < pace.pair_seconds < float("inf")
        assert 0 < pace.explained_seconds < float("inf")
        user, item = model.user_column.name, model.item_column.name
        users, items = model.user_column.sample(5), model.item_column.sample(5)
        some = Ceilings(100_000, 1 << 40)
        query = RecommendQuery([{user: one} for one in users], k=50, choice=role, why=True)
        _, found = models.recommend(query)
        written = len(write_rows(user, item, found.users, found.rankings))
        bound = price_of_recommend(query, model, pace, some).answer_bytes
        assert written <= bound < 30 * written
        pairs = [{user: one, item: other} for one in users for other in items] * 20
        asked = PredictQuery(pairs, role, why=True)
        bound = price_of_predict(asked, model, pace, some).answer_bytes
        assert len(write_predictions(user, item, models.predict(asked)[1])) <= bound
