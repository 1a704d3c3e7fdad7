"""`fold_in` of `/recommend/users` and `/recommend/baskets`, against the model's own answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.limits import INLINE_ROWS
from app.settings import Settings
from tests.support.asking import answer_of, refusal_of
from tests.support.golden_shop import make_shop, settings_of
from tests.support.serving import serving
from turi_recommender import Recommender, load_model

USERS, BASKETS = "/recommend/users", "/recommend/baskets"
KNOWN, STRANGER, A, B, NEW = 1140, -1, 59, 134, -134
MODELS = {
    "also": "similarity_jaccard",
    "factors": "ranking_ials",
    "plain": "ranking_plain",
    "popular": "popularity_target",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shop(tmp_path_factory.mktemp("shop"), MODELS)


@pytest.fixture(scope="module")
def model(shop: Path) -> Recommender:
    return load_model(shop / "factors.model")


def settings(shop: Path, **roles: str) -> Settings:
    return settings_of(shop, **{"similarity_model": "also", "ranking_model": "factors", **roles})


@pytest.fixture(scope="module")
def served(shop: Path) -> Iterator[httpx.Client]:
    with serving(settings(shop)) as client:
        yield client


def rows(found: Any, head: str) -> list[dict[str, Any]]:
    names = (head, "item_id", "score", "rank")
    return [dict(zip(names, row, strict=True)) for row in found.rows()]


@pytest.mark.parametrize("count", [1, INLINE_ROWS + 1, 200])
def test_baskets_become_vectors(served: httpx.Client, model: Recommender, count: int) -> None:
    visit = {"items": [{"item_id": B}], "visitor": KNOWN}
    asked: list[Any] = [[{"item_id": A}, {"item_id": NEW}], visit, [{"item_id": NEW}]]
    answer = answer_of(served, BASKETS, baskets=asked * count, k=3, model="ranking", fold_in=True)
    baskets: list[Any] = [[A], {"items": [B], "user_id": KNOWN}, []]
    found = model.recommend_basket(baskets * count, k=3, fold_in=True)
    assert answer["recommendations"] == rows(found, "basket")
    assert [one["basis"] for one in answer["answered"]] == ["fold-in", "fold-in", "nothing"] * count
    assert {one["model"] for one in answer["answered"]} == {"factors"}
    assert answer["unknown_items"] == [NEW]
    plain = answer_of(served, BASKETS, baskets=asked * count, k=3, model="ranking", fold_in=False)
    assert plain == answer_of(served, BASKETS, baskets=asked * count, k=3, model="ranking")
    assert [one["basis"] for one in plain["answered"]] == ["basket", "history", "nothing"] * count
    assert {row["score"] for row in plain["recommendations"] if row["basket"] == 0} == {0.0}


@pytest.mark.parametrize("count", [1, 200])
def test_users_with_interactions(served: httpx.Client, model: Recommender, count: int) -> None:
    users = [{"user_id": STRANGER}, {"user_id": KNOWN}] * count
    done = [{"user_id": user, "item_id": A} for user in (STRANGER, KNOWN)]
    answer = answer_of(served, USERS, users=users, k=3, interactions=done, fold_in=True)
    found = model.recommend(users, k=3, interactions=done, fold_in=True)
    assert answer["recommendations"] == rows(found, "user_id")
    assert answer["model"]["name"] == "factors", "auto takes the model that can"
    assert {(one["basis"], one["model"]) for one in answer["answered"]} == {("fold-in", "factors")}


def test_terms_add_up(served: httpx.Client) -> None:
    asked: dict[str, Any] = {"baskets": [[{"item_id": A}]], "model": "ranking", "fold_in": True}
    answer = answer_of(served, BASKETS, why=True, **asked)
    for row in answer["recommendations"]:
        total = 0.0
        for term in row.pop("why"):
            total += term["value"]
        assert total == row["score"]
    assert answer == answer_of(served, BASKETS, **asked)


def test_a_model_that_cannot_is_named(served: httpx.Client, shop: Path) -> None:
    asked: dict[str, Any] = {"fold_in": True, "model": "similarity"}
    reason = "the model is of the class item_similarity, which makes no vectors of baskets"
    can = (f"{reason}; the ranking model can",)
    baskets = [[{"item_id": A}]]
    assert refusal_of(served, BASKETS, baskets=baskets, **asked) == ("fold_in", *can)
    assert refusal_of(served, BASKETS, baskets=baskets, fold_in=True)[0] == "fold_in"
    for count in (1, 300):
        users = [{"user_id": KNOWN}] * count
        assert refusal_of(served, USERS, users=users, **asked) == ("fold_in", *can)
    with serving(settings(shop, ranking_model="plain")) as client:
        assert refusal_of(client, BASKETS, baskets=baskets, **asked) == ("fold_in", reason)
        where, message = refusal_of(client, BASKETS, baskets=baskets, model="ranking", fold_in=True)
        assert (where, message) == (
            "fold_in",
            "the model was trained by the solver 'sgd', and not by 'ials'",
        )
        assert refusal_of(client, USERS, users=[{"user_id": 1}], fold_in=True)[0] == "fold_in"


def test_newcomers_with_interactions_are_no_strangers(shop: Path) -> None:
    popular = load_model(shop / "popular.model")
    users = [{"user_id": STRANGER}, {"user_id": -2}, {"user_id": -3}]
    done = [{"user_id": STRANGER, "item_id": A}, {"user_id": -3, "item_id": NEW}]
    asked: dict[str, Any] = {"users": users, "k": 3, "interactions": done, "fold_in": True}
    with serving(settings(shop, newcomer_model="popular")) as client:
        answer = answer_of(client, USERS, **asked)
        assert [(one["basis"], one["model"]) for one in answer["answered"]] == [
            ("fold-in", "factors"),
            ("nothing", "popular"),
            ("nothing", "popular"),
        ]
        theirs = [row for row in answer["recommendations"] if row["user_id"] == -2]
        assert theirs == rows(popular.recommend([-2], k=3), "user_id")
        where, message = refusal_of(client, USERS, **asked, model="similarity")
        assert (where, "; the ranking model can" in message) == ("fold_in", True)
        only = {**asked, "users": users[1:2], "model": "similarity"}
        assert refusal_of(client, USERS, **only)[0] == "fold_in", "also where nobody is known"


@pytest.mark.parametrize("value", [1, "yes", None, []])
def test_it_is_true_or_false(served: httpx.Client, value: Any) -> None:
    users, baskets = [{"user_id": KNOWN}], [[{"item_id": A}]]
    assert refusal_of(served, USERS, users=users, fold_in=value)[0] == "fold_in"
    assert refusal_of(served, BASKETS, baskets=baskets, fold_in=value)[0] == "fold_in"


def test_the_document_tells_of_it(served: httpx.Client) -> None:
    schemas = served.get("/openapi.json").json()["components"]["schemas"]
    for name in ("RecommendRequest", "BasketRequest"):
        field = schemas[name]["properties"]["fold_in"]
        assert field["type"] == "boolean"
        assert "the solver `ials` trained" in field["description"]
    for name in ("Answered", "AnsweredBasket"):
        assert "fold-in" in schemas[name]["properties"]["basis"]["enum"]
