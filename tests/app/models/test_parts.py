"""A query in parts, and their answers in its order."""

from __future__ import annotations

from typing import Any

import pytest

from app.models.parts import Part, at_places, given_for, only, put_together, without
from app.models.queries import Given, RecommendQuery
from tests.turi_recommender.scoring.synthetic import factor_model, neighbour_model
from turi_recommender.errors import QueryError
from turi_recommender.scoring import Recommender, make_recommender


@pytest.fixture(scope="module")
def models() -> list[Recommender]:
    made = [neighbour_model(1), factor_model(2), factor_model(3)]
    return [make_recommender(each) for each in made]


def rows(*users: int) -> list[dict[str, Any]]:
    return [{"user": one} for one in users]


def test_answers_are_put_together_in_the_order_of_the_query(models: list[Recommender]) -> None:
    query = RecommendQuery(rows(4, 98, 1, 99, 2), k=3)
    parts = [Part("ranking", [2, 4]), Part("similarity", [0, 3]), Part("newcomer", [1])]
    users = [[1, 2], [4, 99], [98]]
    answers = [model.recommend(some, k=3) for model, some in zip(models, users, strict=True)]
    found = put_together(query, parts, answers)
    assert found.users == [4, 98, 1, 99, 2]
    assert found.rankings == [
        answers[1].rankings[0],
        answers[2].rankings[0],
        answers[0].rankings[0],
        answers[1].rankings[1],
        answers[0].rankings[1],
    ]
    assert found.cold_users == [98, 99]
    assert found.basis == ["history", "nothing", "history", "nothing", "history"]
    assert found.unknown == []


def test_strangers_are_cold_whatever_the_other_model_knows(models: list[Recommender]) -> None:
    query = RecommendQuery(rows(4, 1), k=3)
    parts = [Part("ranking", [0]), Part("newcomer", [1], are_strangers=True)]
    answers = [models[1].recommend([4], k=3), models[2].recommend([1], k=3)]
    assert put_together(query, parts, answers).cold_users == [1]


def test_unknown_items_stay_with_their_rows(models: list[Recommender]) -> None:
    query = RecommendQuery(rows(1, 2), k=3)
    parts = [Part("ranking", [1]), Part("similarity", [0])]
    seen = [{"user": 1, "item": 999}]
    answers = [models[1].recommend([2], k=3), models[0].recommend([1], k=3, interactions=seen)]
    assert put_together(query, parts, answers).unknown == [(999,), ()]


def test_a_model_is_asked_with_no_more_than_it_understands(models: list[Recommender]) -> None:
    similarity, ranking, _ = models
    seen = [{"user": 1, "item": 2, "target": 3.0}]
    given = Given(interactions=seen, diversity=1.0)
    asked = given_for(given, ranking, similarity)
    assert asked == given._replace(interactions=[{"user": 1, "item": 2}])
    assert given_for(None, ranking, similarity) is None


def test_a_target_is_passed_on_to_a_model_that_has_it(
    models: list[Recommender], monkeypatch: pytest.MonkeyPatch
) -> None:
    similarity, ranking, _ = models
    monkeypatch.setattr(similarity, "target", "target")
    seen = [{"user": 1, "item": 2, "target": 3.0}]
    asked = given_for(Given(interactions=seen), ranking, similarity)
    assert asked is not None
    assert asked.interactions == seen


def test_rows_with_some_columns_and_without_some() -> None:
    both = [{"user": 1, "a": 2}, {"user": 3}]
    assert only(both, {"user"}) == without(both, {"a"}) == [{"user": 1}, {"user": 3}]
    assert only(both, {"a", "b"}) == [{"a": 2}, {}]
    assert without(both, ()) == both


def test_errors_name_the_place_in_the_whole_query() -> None:
    error = at_places([5, 7], QueryError(("users", 1, "month"), "wrong"))
    assert (error.path, error.message) == (("users", 7, "month"), "wrong")
    for path in ((), ("k",), ("interactions", 1), ("users",)):
        assert at_places([5, 7], QueryError(path, "wrong")).path == path
