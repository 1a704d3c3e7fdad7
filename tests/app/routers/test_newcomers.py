"""Users whom the model of a request does not know, answered by another one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.errors import ConfigurationError
from app.limits import INLINE_ROWS
from app.models.loading import load_models
from app.settings import Settings
from tests.support.asking import answer_of
from tests.support.golden_shop import make_shop, settings_of
from tests.support.serving import serving
from turi_recommender import Recommender, load_model

KNOWN, STRANGER = 1084, -1
MODELS = {
    "also": "similarity_jaccard",
    "for_you": "ranking_context_only",
    "popular": "popularity_target",
    "factors": "ranking_ials",
    "other": "ranking_plain",
}
NIGHT = {"period": "evening", "month": 3, "weekday": 1}
post = partial(answer_of, path="/recommend/users")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shop(tmp_path_factory.mktemp("shop"), MODELS)


@pytest.fixture(scope="module")
def model(shop: Path) -> dict[str, Recommender]:
    return {name: load_model(shop / f"{name}.model") for name in MODELS}


def settings(shop: Path, **roles: str) -> Settings:
    return settings_of(shop, **{"similarity_model": "also", "ranking_model": "for_you", **roles})


@pytest.fixture(scope="module")
def plain(shop: Path) -> Iterator[httpx.Client]:
    with serving(settings(shop)) as client:
        yield client


@pytest.fixture(scope="module")
def welcoming(shop: Path) -> Iterator[httpx.Client]:
    with serving(settings(shop, newcomer_model="popular")) as client:
        yield client


def rows(model: Recommender, users: list[Any], **options: Any) -> list[dict[str, Any]]:
    names = ("user_id", "item_id", "score", "rank")
    answer = model.recommend(users, **options)
    return [dict(zip(names, row, strict=True)) for row in answer.rows()]


def who(answer: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(each["user_id"], each["basis"], each["model"]) for each in answer["answered"]]


@pytest.mark.parametrize("count", [1, INLINE_ROWS, 300])
def test_strangers_are_answered_by_the_newcomer_model(
    welcoming: httpx.Client, model: dict[str, Recommender], count: int
) -> None:
    users = [{"user_id": STRANGER}, {"user_id": KNOWN}, {"user_id": -2}] * count
    answer = post(welcoming, users=users, k=3)
    one = [rows(model["popular"], [STRANGER], k=3), rows(model["also"], [KNOWN], k=3)]
    one.append(rows(model["popular"], [-2], k=3))
    assert answer["recommendations"] == [row for part in one for row in part] * count
    assert answer["model"]["name"] == "also", "the one that was chosen"
    assert answer["cold_users"] == [STRANGER, -2]
    assert (
        who(answer)
        == [
            (STRANGER, "nothing", "popular"),
            (KNOWN, "history", "also"),
            (-2, "nothing", "popular"),
        ]
        * count
    )


def test_also_where_a_model_is_asked_for_by_name(
    welcoming: httpx.Client, model: dict[str, Recommender]
) -> None:
    users = [{"user_id": STRANGER, **NIGHT}, {"user_id": KNOWN, **NIGHT}]
    answer = post(welcoming, users=users, k=3, model="ranking")
    assert answer["recommendations"] == [
        *rows(model["popular"], [STRANGER], k=3),
        *rows(model["for_you"], users[1:], k=3),
    ]


def test_only_strangers(welcoming: httpx.Client, model: dict[str, Recommender]) -> None:
    answer = post(welcoming, users=[{"user_id": STRANGER}], k=3, exclude_items=[1], items=[59, 92])
    wanted = rows(model["popular"], [STRANGER], k=3, exclude=[1], items=[59, 92])
    assert answer["recommendations"] == wanted
    assert len(wanted) > 0


def test_only_those_who_are_known(plain: httpx.Client, welcoming: httpx.Client) -> None:
    users = [{"user_id": KNOWN}, {"user_id": str(KNOWN)}, {"user_id": float(KNOWN)}]
    assert post(welcoming, users=users) == post(plain, users=users)


def test_a_basket_tells_the_similarity_model_enough(
    welcoming: httpx.Client, model: dict[str, Recommender]
) -> None:
    users = [{"user_id": STRANGER}, {"user_id": -2}, {"user_id": -3}]
    seen = [{"user_id": STRANGER, "item_id": 134}, {"user_id": -2, "item_id": -134}]
    answer = post(welcoming, users=users, k=3, interactions=seen)
    assert who(answer) == [
        (STRANGER, "basket", "also"),
        (-2, "nothing", "popular"),
        (-3, "nothing", "popular"),
    ]
    assert answer["unknown_items"] == [-134]
    assert answer["recommendations"][:3] == rows(
        model["also"], [STRANGER], k=3, interactions=seen[:1]
    )


def test_a_basket_tells_a_factorization_model_nothing(
    welcoming: httpx.Client, model: dict[str, Recommender]
) -> None:
    best = rows(model["popular"], [STRANGER], k=1)[0]["item_id"]
    seen = [{"user_id": STRANGER, "item_id": best, "target": 2.0}]
    answer = post(welcoming, users=[{"user_id": STRANGER}], k=3, model="ranking", interactions=seen)
    assert {each["model"] for each in answer["answered"]} == {"popular"}
    assert best not in {row["item_id"] for row in answer["recommendations"]}


def test_a_newcomer_model_may_know_the_visit(shop: Path, model: dict[str, Recommender]) -> None:
    chosen = {"ranking_model": "for_you", "newcomer_model": "for_you"}
    filled = settings(shop, **chosen).model_copy(update={"side_data_defaults": {"month": 8}})
    with serving(filled) as client:
        users = [{"user_id": STRANGER}, {"user_id": KNOWN}]
        answer = post(client, users=users, k=3)
        assert answer["recommendations"] == [
            *rows(model["for_you"], [{"user_id": STRANGER, "month": 8}], k=3),
            *rows(model["also"], [KNOWN], k=3),
        ]
        assert who(answer)[0] == (STRANGER, "context", "for_you")


def test_errors_name_the_row_of_the_request(welcoming: httpx.Client) -> None:
    users: list[Any] = [{"user_id": STRANGER}] * 3 + [{"user_id": KNOWN, "month": 1}]
    response = welcoming.post("/recommend/users", json={"users": users, "model": "similarity"})
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "users.3.month"


def test_score_answers_strangers_by_it_and_else_as_ever(
    plain: httpx.Client, welcoming: httpx.Client, model: dict[str, Recommender]
) -> None:
    known, stranger = [{"user_id": KNOWN}], [{"user_id": STRANGER}]
    assert welcoming.post("/score", json=known).content == plain.post("/score", json=known).content
    before, after = (one.post("/score", json=stranger).json() for one in (plain, welcoming))
    assert before != after
    best = rows(model["popular"], [STRANGER], k=10)[0]["item_id"]
    assert f'"user_id":-1,"item_id":{best},' in after.split("}")[0]


def test_auto_serves_no_arbitrary_list_where_there_is_better(
    shop: Path, model: dict[str, Recommender]
) -> None:
    """A model of ials has factors alone: to a stranger, all items score 0."""
    with serving(settings(shop, similarity_model="factors")) as client:
        users = [{"user_id": STRANGER}, {"user_id": 1140}]
        answer = post(client, users=users, k=3)
        assert answer["recommendations"] == [
            *rows(model["for_you"], [STRANGER], k=3),
            *rows(model["factors"], [1140], k=3),
        ]
        assert [each[2] for each in who(answer)] == ["for_you", "factors"]
        asked = post(client, users=users[:1], k=3, model="similarity")
        assert who(asked) == [(STRANGER, "nothing", "factors")]
        assert {row["score"] for row in asked["recommendations"]} == {0.0}
        drop_in = client.post("/score", json=users[:1]).json()
        assert '"score":0.0' in drop_in.split("}")[0], "as the original answered"


def test_the_role_is_listed_with_the_others(plain: httpx.Client, welcoming: httpx.Client) -> None:
    def roles(client: httpx.Client) -> list[tuple[str, str]]:
        models = client.get("/models").json()["models"]
        return [(each["role"], each["name"]) for each in models]

    assert roles(plain) == [("similarity", "also"), ("ranking", "for_you")]
    assert roles(welcoming) == [*roles(plain), ("newcomer", "popular")]
    lines = welcoming.get("/metrics").text.splitlines()
    (line,) = [
        each for each in lines if each.startswith("recommender_model_info{") and "newc" in each
    ]
    assert 'name="popular"' in line


def test_new_versions_of_it_are_taken_up(shop: Path, tmp_path: Path) -> None:
    for name in ("also", "popular"):
        (tmp_path / name / "1").mkdir(parents=True)
        (tmp_path / name / "1" / "m.model").symlink_to(shop / f"{name}.model")
    given = Settings(models_dir=tmp_path, similarity_model="also", newcomer_model="popular")
    with serving(given) as client:

        def answered() -> list[str]:
            return [each["model"] for each in post(client, users=[{"user_id": -1}])["answered"]]

        assert answered() == ["popular:1"]
        (tmp_path / "popular" / "2").mkdir()
        (tmp_path / "popular" / "2" / "m.model").symlink_to(shop / "popular.model")
        headers = {"x-requested-with": "tests"}
        assert client.post("/admin/models/popular/reload", headers=headers).status_code == 200
        assert answered() == ["popular:2"]


def test_nobody_can_ask_for_the_role_by_name(welcoming: httpx.Client) -> None:
    for path in ("/recommend/users", "/similar/items", "/recommend/baskets"):
        response = welcoming.post(path, json={"model": "newcomer"})
        assert response.status_code == 422
        assert any(each["field"] == "model" for each in response.json()["errors"])


def test_a_newcomer_model_that_is_not_there_stops_the_start(shop: Path) -> None:
    with pytest.raises(ConfigurationError, match="RECOMMENDER_NEWCOMER_MODEL"):
        load_models(settings(shop, newcomer_model="nowhere"))


def test_a_newcomer_model_alone_is_no_service(shop: Path, tmp_path: Path) -> None:
    given = Settings(models_dir=tmp_path, newcomer_model=str(shop / "popular.model"))
    with pytest.raises(ConfigurationError, match="no model found"):
        load_models(given)
