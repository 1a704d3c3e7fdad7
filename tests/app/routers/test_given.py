"""What users of `/recommend/users` bring along, against the models' own answers."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx
import pytest

from app.limits import INLINE_ROWS
from app.models.loaded import LoadedModels
from app.settings import Settings
from tests.support.asking import answer_of, refusal_of
from tests.support.serving import serving
from turi_recommender import Recommendations

PATH = "/recommend/users"
post, refusal = partial(answer_of, path=PATH), partial(refusal_of, path=PATH)
SIMILARITY, RANKING = "similarity_model:6", "ranking_factorization_model:1"
A, B, NEW, STRANGER = 2250, 7891, 99_999_999, 1
USER_SIDE = {"state": "1", "month.1": 3.0, "tags.1": ["new"], "price": 1.5}
ITEM_SIDE = {
    "category": "category1",
    "month.2": 1.0,
    "price.1": 2.0,
    "vector.1": [0.5, 0.25, 0.125],
    "tags.2": ["new", "sale"],
    "weights.1": {"a": 1.0},
}


def rows(found: Recommendations, user: str = "visitorid", item: str = "itemid") -> list[Any]:
    names = (user, item, "score", "rank")
    return [dict(zip(names, row, strict=True)) for row in found.rows()]


def done(user: int, *items: int, **more: Any) -> list[dict[str, Any]]:
    return [{"visitorid": user, "itemid": item, **more} for item in items]


@pytest.mark.parametrize("count", [1, INLINE_ROWS + 1, 200])
def test_interactions_count_as_history(
    client: httpx.Client, service: LoadedModels, count: int
) -> None:
    users = [{"visitorid": STRANGER}, {"visitorid": 6000}] * count
    seen = [*done(STRANGER, A, B, NEW), *done(6000, A, target=10), *done(257597, B)]
    answer = post(client, users=users, k=3, interactions=seen)
    wanted = service.need("similarity").model.recommend(users, k=3, interactions=seen)
    assert answer["recommendations"] == rows(wanted)
    assert answer["unknown_items"] == [NEW]
    assert answer["cold_users"] == [STRANGER]
    assert [one["basis"] for one in answer["answered"]] == ["basket", "history"] * count
    assert {one["model"] for one in answer["answered"]} == {SIMILARITY}


def test_interactions_of_others_have_no_effect(client: httpx.Client) -> None:
    users = [{"visitorid": STRANGER}]
    assert post(client, users=users, interactions=done(6000, A)) == post(client, users=users)


def test_ids_of_interactions_may_be_digits(client: httpx.Client) -> None:
    asked = [{"visitorid": "1", "itemid": str(A)}]
    answer = post(client, users=[{"visitorid": 1.0}], interactions=asked)
    assert answer["answered"][0]["basis"] == "basket"


@pytest.mark.parametrize("count", [1, INLINE_ROWS + 1])
def test_side_data_of_users(
    rich_client: httpx.Client, rich_service: LoadedModels, count: int
) -> None:
    model = rich_service.need("ranking").model
    users = [{"user_id": "nobody"}, {"user_id": "user-1000"}] * count
    told = [{"user_id": "nobody", **USER_SIDE}, {"user_id": "somebody", **USER_SIDE}]
    given: dict[str, Any] = {"user_data": told, "side_data_defaults": False}
    answer = post(rich_client, users=users, k=4, **given)
    wanted = model.recommend(users, k=4, user_data=told)
    assert answer["recommendations"] == rows(wanted, "user_id", "item_id")
    assert answer["model"]["kind"] == model.kind, "auto takes the model that knows side data"
    assert [one["basis"] for one in answer["answered"]] == ["side data", "history"] * count
    plain = post(rich_client, users=users, k=4, model="ranking", side_data_defaults=False)
    assert plain["recommendations"] != answer["recommendations"]


@pytest.mark.parametrize("count", [1, 100])
def test_items_that_the_model_never_saw_can_win(
    rich_client: httpx.Client, rich_service: LoadedModels, count: int
) -> None:
    model = rich_service.need("ranking").model
    users = [{"user_id": "user-1000"}] * count
    told = [{"item_id": f"new {n}", **ITEM_SIDE, "price.1": n * 10.0} for n in range(3)]
    given: dict[str, Any] = {"k": 200, "item_data": told}
    answer = post(rich_client, users=users, side_data_defaults=False, **given)
    assert answer["recommendations"] == rows(model.recommend(users, **given), "user_id", "item_id")
    assert {"new 0", "new 1", "new 2"} <= {row["item_id"] for row in answer["recommendations"]}
    only = post(rich_client, users=users, item_data=told, items=["new 1"])
    assert {row["item_id"] for row in only["recommendations"]} == {"new 1"}


def test_a_column_may_have_the_name_that_it_had_before_training(rich_client: httpx.Client) -> None:
    def score(side: dict[str, Any]) -> float:
        body: dict[str, Any] = {
            "users": [{"user_id": "user-1000"}],
            "item_data": [{"item_id": "new", **side}],
        }
        (row,) = post(rich_client, **body, items=["new"])["recommendations"]
        found: float = row["score"]
        return found

    assert "price" not in ITEM_SIDE
    renamed = {name.replace("price.1", "price"): value for name, value in ITEM_SIDE.items()}
    assert score(renamed) == score(ITEM_SIDE)


def test_side_data_goes_with_baskets_too(
    rich_client: httpx.Client, rich_service: LoadedModels
) -> None:
    told = [{"item_id": "new", **ITEM_SIDE}]
    body = {"baskets": [[], {"items": [], "visitor": "user-1000"}], "model": "ranking", "k": 200}
    response = rich_client.post(
        "/recommend/baskets", json={**body, "item_data": told, "side_data_defaults": False}
    )
    visits: list[Any] = [[], {"items": [], "user_id": "user-1000"}]
    model = rich_service.need("ranking").model
    wanted = model.recommend_basket(visits, k=200, item_data=told)
    found = response.json()["recommendations"]
    assert [row["score"] for row in found] == [score for _, _, score, _ in wanted.rows()]
    assert "new" in {row["item_id"] for row in found}


def test_diversity_draws_by_a_seed(client: httpx.Client, service: LoadedModels) -> None:
    users = [{"visitorid": 6000}, {"visitorid": 257597}]
    model = service.need("similarity").model
    drawn = {}
    for seed in (None, 0, 1, -(2**63), 2**63 - 1):
        answer = post(client, users=users, k=5, diversity=2, seed=seed)
        assert answer == post(client, users=users, k=5, diversity=2, seed=seed)
        assert answer["recommendations"] == rows(
            model.recommend(users, k=5, diversity=2.0, seed=seed)
        )
        drawn[seed] = answer["recommendations"]
    assert drawn[None] == drawn[0] != drawn[1]


@pytest.mark.parametrize("given", [{"diversity": None}, {"diversity": 0, "seed": 7}, {"seed": 5}])
def test_without_diversity_a_seed_has_no_effect(
    client: httpx.Client, given: dict[str, Any]
) -> None:
    users = [{"visitorid": 6000}]
    assert post(client, users=users, **given) == post(client, users=users)


def test_nothing_given_is_the_plain_answer(client: httpx.Client) -> None:
    users = [{"visitorid": 6000}, {"visitorid": STRANGER}]
    plain = post(client, users=users)
    for field in ("interactions", "user_data", "item_data"):
        nothing: dict[str, Any] = {field: None}
        none_given: dict[str, Any] = {field: []}
        assert post(client, users=users, **nothing) == plain
        assert post(client, users=users, **none_given) == plain


def test_where_an_error_is(client: httpx.Client, rich_client: httpx.Client) -> None:
    users = [{"visitorid": 6000}]
    field, message = refusal(client, users=users, interactions=done(6000, A, price=1))
    assert field == "interactions.0.price"
    assert message.endswith("known are visitorid, itemid, target")
    assert refusal(client, users=users, interactions=[{"visitorid": 1}])[0] == (
        "interactions.0.itemid"
    )
    field, message = refusal(client, users=users, user_data=[{"visitorid": 1, "state": "1"}])
    assert (field, message.endswith("known are visitorid")) == ("user_data.0.state", True)
    assert refusal(client, users=users, diversity=-1)[0] == "diversity"
    assert refusal(client, users=users, seed=2**63)[0] == "seed"
    asked: list[Any] = [{"user_id": "user-1000"}] * 200
    twice = [{"user_id": "a", **USER_SIDE}] * 2
    assert refusal(rich_client, users=asked, user_data=twice)[0] == "user_data.1.user_id"
    few = [{"item_id": "new", "category": "category1"}]
    assert refusal(rich_client, users=asked, item_data=few)[0] == "item_data.0.month.2"
    wrong = [{"item_id": "new", **ITEM_SIDE, "price.1": "1"}]
    assert refusal(rich_client, users=asked, item_data=wrong)[0] == "item_data.0.price.1"


def test_limits_have_names() -> None:
    with serving(Settings(max_users=2, max_items=3, max_answers=50)) as client:
        users = [{"visitorid": 6000}]
        for field, setting, row, count in (
            ("interactions", "MAX_ITEMS", {"visitorid": 1, "itemid": A}, 4),
            ("item_data", "MAX_ITEMS", {"itemid": A}, 4),
            ("user_data", "MAX_USERS", {"visitorid": 1}, 3),
        ):
            many: dict[str, Any] = {field: [row] * count}
            where, message = refusal(client, users=users, **many)
            assert (where, f"({setting})" in message) == (field, True)
        where, message = refusal(client, users=users, k=10, diversity=5)
        assert (where, "60 items to draw from" in message) == ("diversity", True)
        assert post(client, users=users, k=10, diversity=4)["recommendations"]


def test_every_answer_says_who_gave_it(client: httpx.Client) -> None:
    users = [{"visitorid": id} for id in (STRANGER, 6000, STRANGER)]
    answer = post(client, users=users, k=1, items=[A])
    assert answer["answered"] == [
        {"visitorid": id, "basis": basis, "model": SIMILARITY}
        for id, basis in ((STRANGER, "nothing"), (6000, "history"), (STRANGER, "nothing"))
    ]
    assert answer["answered"] == post(client, users=users, items=[NEW])["answered"], "without rows"
    night = post(client, users=[{"visitorid": STRANGER, "period": "Night"}])["answered"]
    assert night == [{"visitorid": STRANGER, "basis": "context", "model": RANKING}]


def test_models_without_a_version_are_named(rich_client: httpx.Client) -> None:
    (one,) = post(rich_client, users=[{"user_id": 'a"\u0001'}])["answered"]
    assert one == {"user_id": 'a"\u0001', "basis": "nothing", "model": "similarity_model"}
