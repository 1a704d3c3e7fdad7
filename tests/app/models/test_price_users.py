"""What queries for similar users cost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.limits import INLINE_ROWS
from app.models import price_users
from app.models.loaded import LoadedModels
from app.models.pace import Pace
from app.models.price import Ceilings, Price
from app.models.price_users import price_of_similar_users
from app.models.queries import SimilarUsersQuery
from app.routers.rows import write_rows
from tests.turi_recommender.scoring.synthetic import factor_model
from turi_recommender import Recommender
from turi_recommender.errors import QueryError
from turi_recommender.scoring import make_recommender

PACE = Pace(0.0, 0.0, longest_user=6)
CEILINGS = Ceilings(100_000, 32 * 1024 * 1024)


def price(model: Recommender, count: int, k: int = 10, pace: Pace = PACE) -> Price:
    return price_of_similar_users(SimilarUsersQuery([6000] * count, k), model, pace, CEILINGS)


def test_a_few_users_among_few_take_a_turn(ranking: Recommender) -> None:
    assert price(ranking, 1).is_small
    assert price(ranking, INLINE_ROWS).takes_turn
    assert not price(ranking, INLINE_ROWS + 1).is_small
    assert not price(ranking, 2, 501).is_small
    assert not price(ranking, 1, pace=replace(PACE, longest_user=1000)).is_small


def test_many_users_are_never_compared_on_the_event_loop(
    ranking: Recommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = ranking.num_users * (ranking.num_factors or 0)
    monkeypatch.setattr(price_users, "INLINE_COMPARED", 2 * values)
    assert price(ranking, 2).is_small
    assert not price(ranking, 3).is_small
    monkeypatch.setattr(price_users, "INLINE_COMPARED", values - 1)
    assert not price(ranking, 1).is_small


def test_a_piece_is_one_pass_through_the_users(
    ranking: Recommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(price_users, "PIECE_COMPARISONS", 3 * ranking.num_users + 1)
    assert price(ranking, 100).piece == 3
    monkeypatch.setattr(price_users, "PIECE_COMPARISONS", 1)
    assert price(ranking, 100).piece == 1


def test_too_much_is_refused(ranking: Recommender) -> None:
    with pytest.raises(QueryError, match=r"k: 200000 answers .*MAX_ANSWERS"):
        price(ranking, 200, 1000)
    with pytest.raises(QueryError, match=r"k: .*MAX_ANSWER_BYTES"):
        price(ranking, 100, 1000, replace(PACE, longest_user=100_000))


def test_more_users_than_can_be_compared_are_refused_by_number(
    ranking: Recommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = ranking.num_users * (ranking.num_factors or 0)
    monkeypatch.setattr(price_users, "MAX_COMPARED", 7 * values)
    assert not price(ranking, 7).is_small
    with pytest.raises(QueryError, match=r"^users: .* a request may name 7 at most"):
        price(ranking, 8)
    monkeypatch.setattr(price_users, "MAX_COMPARED", values // 2)
    assert price(ranking, 1).is_small  # one can always be asked for
    with pytest.raises(QueryError, match=r"may name 1 at most"):
        price(ranking, 2)


def test_the_bound_holds_for_real_answers(service: LoadedModels) -> None:
    model, pace = service.need("ranking").model, service.pace("ranking")
    users = model.user_column.sample(8)
    found = model.similar_users(users, k=300)
    bound = price_of_similar_users(SimilarUsersQuery(users, 300), model, pace, CEILINGS)
    written = len(write_rows("visitorid", "similar", found.users, found.rankings))
    assert written <= bound.answer_bytes < 8 * written


def test_a_model_without_factors_has_a_price_too() -> None:
    saved: Any = factor_model(1, mode="pure_linear_model")
    model = make_recommender(saved)
    assert price(model, 1).is_small
