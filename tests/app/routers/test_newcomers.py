"""Users whom the model of a request does not know, answered by another one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.errors import ConfigurationError, RefusedVersionError
from app.limits import INLINE_ROWS
from app.models.loading import load_models
from app.models.successor import check_successor
from app.settings import Settings
from reliability import variants
from tests.support.asking import answer_of
from tests.support.golden_shop import make_shop, settings_of
from tests.support.serving import serving
from turi_recommender import Recommender, load_model, register

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


@pytest.fixture(scope="module")
def factors_first(shop: Path) -> Iterator[httpx.Client]:
    """Serve a ranking model without side data, beside a newcomer model that knows the visit."""
    chosen = {"ranking_model": "factors", "newcomer_model": "for_you"}
    with serving(settings(shop, **chosen)) as client:
        yield client


@pytest.mark.parametrize(
    ("choice", "known"), [("auto", "also"), ("similarity", "also"), ("ranking", "factors")]
)
def test_a_newcomer_model_is_told_of_the_visit_what_the_others_do_not_know(
    factors_first: httpx.Client, model: dict[str, Recommender], choice: str, known: str
) -> None:
    users = [{"user_id": STRANGER, **NIGHT}, {"user_id": 1140, **NIGHT}, {"user_id": 1140}]
    answer = post(factors_first, users=users, k=3, model=choice)
    assert answer["recommendations"] == [
        *rows(model["for_you"], users[:1], k=3),
        *rows(model[known], [1140, 1140], k=3),
    ]
    assert who(answer)[0] == (STRANGER, "context", "for_you")
    told = [(each["row"], each["column"]) for each in answer["unknown_values"]]
    assert told == [(0, "period")], "the golden model knows other names of periods"
    alone = post(factors_first, users=users[1:2], k=3, model=choice)
    assert alone["recommendations"] == rows(model[known], [1140], k=3)


def test_the_present_moment_reaches_a_newcomer_model(factors_first: httpx.Client) -> None:
    users = [{"user_id": STRANGER}, {"user_id": 1140}]
    for choice in ("auto", "similarity"):
        answer = post(factors_first, users=users, context="now", model=choice)
        assert [each[1:] for each in who(answer)] == [("context", "for_you"), ("history", "also")]


def test_what_a_newcomer_model_does_not_know_is_told(factors_first: httpx.Client) -> None:
    users = [{"user_id": 1140, "period": "never"}, {"user_id": STRANGER, "period": "never"}]
    answer = post(factors_first, users=users)
    assert answer["unknown_values"] == [{"row": 1, "column": "period", "value": "never"}]
    wrong = factors_first.post("/recommend/users", json={"users": [{"user_id": 1, "period": 5}]})
    assert wrong.json()["errors"][0]["field"] == "users.0.period"


def test_what_the_visit_is_for_others_alone_is_refused(factors_first: httpx.Client) -> None:
    """Baskets and pairs go to no newcomer model."""
    schemas = factors_first.get("/openapi.json").json()["components"]["schemas"]
    assert "month" in schemas["User"]["properties"]
    assert "month" not in schemas["Pair"]["properties"]
    pair = {"user_id": 1140, "item_id": 134, "month": 1}
    for path, body, field in (
        ("/recommend/baskets", {"baskets": [{"items": [{"item_id": 134}], "month": 1}]}, "baskets"),
        ("/predict", {"pairs": [pair]}, "pairs.0.month"),
    ):
        response = factors_first.post(path, json=body)
        assert response.status_code == 422
        assert response.json()["errors"][0]["field"].startswith(field)


def test_defaults_reach_a_newcomer_model(shop: Path, model: dict[str, Recommender]) -> None:
    chosen = settings(shop, ranking_model="factors", newcomer_model="for_you")
    with serving(chosen.model_copy(update={"side_data_defaults": {"month": 8}})) as client:
        answer = post(client, users=[{"user_id": STRANGER}], k=3)
        wanted = rows(model["for_you"], [{"user_id": STRANGER, "month": 8}], k=3)
        assert answer["recommendations"] == wanted
        listed = {each["role"]: each for each in client.get("/models").json()["models"]}
        assert listed["newcomer"]["side_data_defaults"] == {"month": 8}
        assert listed["ranking"]["side_data_defaults"] == {}
        drop_in = client.post("/score", json=[{"user_id": STRANGER}]).json()
        assert f'"item_id":{wanted[0]["item_id"]},' in drop_in.split("}")[0]


def test_score_tells_a_newcomer_model_of_the_visit(
    factors_first: httpx.Client, model: dict[str, Recommender]
) -> None:
    told = factors_first.post("/score", json=[{"user_id": STRANGER, **NIGHT, "more": 1}]).json()
    best = rows(model["for_you"], [{"user_id": STRANGER, **NIGHT}], k=1)[0]["item_id"]
    assert f'"item_id":{best},' in told.split("}")[0]
    known = [{"user_id": 1140, **NIGHT}]
    plain = factors_first.post("/score", json=[{"user_id": 1140}]).json()
    assert factors_first.post("/score", json=known).json() == plain


def following(shop: Path, registry: Path) -> Settings:
    """Return settings of a service that follows the versions of a newcomer model, when told to."""
    return Settings(
        models_dir=registry,
        similarity_model=str(shop / "also.model"),
        ranking_model=str(shop / "factors.model"),
        newcomer_model="new",
        models_poll_seconds=0,
    )


def test_a_newcomer_model_may_be_followed_by_one_of_another_class(
    shop: Path, model: dict[str, Recommender], tmp_path: Path
) -> None:
    """What is best for newcomers changes from night to night."""
    check_successor("newcomer", model["for_you"], model["popular"], {})
    check_successor("newcomer", model["popular"], model["for_you"], {"month": 8})
    with pytest.raises(RefusedVersionError, match="side columns changed"):
        check_successor("ranking", model["for_you"], model["factors"], {})
    register(shop / "for_you.model", tmp_path, "new", 1)
    chosen = following(shop, tmp_path)
    users = [{"user_id": STRANGER, **NIGHT}]
    with serving(chosen) as client:
        assert who(post(client, users=users)) == [(STRANGER, "context", "new:1")]
        register(shop / "popular.model", tmp_path, "new", 2)
        swapped = client.post("/admin/models/new/reload", headers={"x-requested-with": "tests"})
        assert swapped.status_code == 200, swapped.text
        answer = post(client, users=users, k=3)
        assert answer["recommendations"] == rows(model["popular"], [STRANGER], k=3)
        assert who(answer) == [(STRANGER, "nothing", "new:2")]


def test_columns_that_come_with_a_later_version_are_told_after_the_next_start(
    shop: Path, model: dict[str, Recommender], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    register(shop / "popular.model", tmp_path, "new", 1)
    chosen = following(shop, tmp_path)
    with serving(chosen) as client:
        register(shop / "for_you.model", tmp_path, "new", 2)
        swapped = client.post("/admin/models/new/reload", headers={"x-requested-with": "tests"})
        assert swapped.status_code == 200, swapped.text
        warned = [
            each.getMessage() for each in caplog.records if "not told of" in each.getMessage()
        ]
        assert len(warned) == 1
        assert "new version 2 is not told of" in warned[0]
        assert "month" in warned[0]
        answer = post(client, users=[{"user_id": STRANGER}], k=3)
        assert answer["recommendations"] == rows(model["for_you"], [STRANGER], k=3)


def test_defaults_that_no_model_has_stop_the_start(shop: Path) -> None:
    chosen = settings(shop, ranking_model="factors", newcomer_model="for_you")
    for wrong, why in (
        ({"hour": 1}, "neither the ranking nor the newcomer"),
        ({"month": []}, "month"),
    ):
        given = chosen.model_copy(update={"side_data_defaults": wrong})
        with pytest.raises(ConfigurationError, match=why):
            load_models(given)


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


@pytest.mark.parametrize("reference", ["popular:7", "/nowhere/popular.model"])
def test_a_newcomer_model_that_is_not_there_stops_the_start(shop: Path, reference: str) -> None:
    with pytest.raises(ConfigurationError, match="RECOMMENDER_NEWCOMER_MODEL"):
        load_models(settings(shop, newcomer_model=reference))


def test_a_newcomer_model_without_a_version_yet_keeps_nobody_from_answers(
    shop: Path, plain: httpx.Client, tmp_path: Path
) -> None:
    """Its first version may have been refused by the gate."""
    chosen = Settings(
        models_dir=tmp_path,
        similarity_model=str(shop / "also.model"),
        ranking_model=str(shop / "for_you.model"),
        newcomer_model="new",
    )
    users = [{"user_id": STRANGER}, {"user_id": KNOWN}]
    for is_damaged in (False, True):
        if is_damaged:
            variants.truncated(shop / "popular.model", tmp_path / "new" / "1" / "m.model")
        with serving(chosen) as client:
            answer = post(client, users=users)
            assert answer["recommendations"] == post(plain, users=users)["recommendations"]
            listed = {each["role"]: each for each in client.get("/models").json()["models"]}
            assert not listed["newcomer"]["loaded"]
            assert "new" in listed["newcomer"]["reason"]
            assert client.get("/healthz/ready").status_code == 200


def test_a_newcomer_model_alone_is_no_service(shop: Path, tmp_path: Path) -> None:
    given = Settings(models_dir=tmp_path, newcomer_model=str(shop / "popular.model"))
    with pytest.raises(ConfigurationError, match="no model found"):
        load_models(given)
