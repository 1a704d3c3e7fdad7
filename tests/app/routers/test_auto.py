"""Which models answer requests that name none, for each setting of AUTO, over HTTP."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.limits import INLINE_ROWS
from app.settings import Settings
from tests.support.asking import answer_of
from tests.support.figures import Values, training_with, write_training
from tests.support.serving import serving
from tests.turi_recommender.golden import unpack_model
from turi_recommender import IdIndex, Recommender, load_model

MODELS = {"also": "similarity_jaccard_ties", "for_you": "ranking_context_only",
          "popular": "popularity_target"}  # fmt: skip
FIGURES: dict[str, Values] = {
    "also": {"unknown": 0.01, "light": 0.05, "known": 0.03},
    "for_you": {"unknown": None, "light": 0.02, "known": 0.06},
    "popular": {"unknown": 0.02, "light": 0.01, "known": 0.02},
}
STRANGER = -1
NIGHT = {"period": "evening", "month": 3, "weekday": 1}
ADMIN = {"x-requested-with": "tests"}
post = partial(answer_of, path="/recommend/users")


def put(root: Path, name: str, version: str, training: dict[str, Any] | None) -> None:
    """Put a version into a registry."""
    unpack_model(MODELS[name], root / name / version)
    write_training(root / name / version, training)


def shop_with(root: Path, figures: dict[str, Values] = FIGURES, **odd: dict[str, str]) -> Path:
    for name in MODELS:
        given = figures.get(name)
        put(root, name, "1", None if given is None else training_with(given, **odd.get(name, {})))
    return root


def settings(root: Path, auto: Any, **more: Any) -> Settings:
    given = {"newcomer_model": "popular", "side_data_defaults": {}, **more}
    return Settings(models_dir=root, similarity_model="also", ranking_model="for_you",
                    auto=auto, **given)  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shop_with(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def model(shop: Path) -> dict[str, Recommender]:
    return {name: load_model(shop / name / "1" / "model") for name in MODELS}


@pytest.fixture(scope="module")
def measured(shop: Path) -> Iterator[httpx.Client]:
    with serving(settings(shop, "measured")) as client:
        yield client


@pytest.fixture(scope="module")
def plain(shop: Path) -> Iterator[httpx.Client]:
    with serving(settings(shop, "side-data")) as client:
        yield client


def ids_of(index: IdIndex) -> list[int]:
    return [int(one) for part in index.chunks() for one in part.tolist()]


def items_of(model: dict[str, Recommender], user: int) -> int:
    return max(each.history_sizes([user])[0] for each in model.values())


@pytest.fixture(scope="module")
def light(model: dict[str, Recommender]) -> int:
    return next(user for user in ids_of(model["also"].users) if items_of(model, user) in (1, 2))


@pytest.fixture(scope="module")
def known(model: dict[str, Recommender]) -> int:
    knows = model["for_you"].history_sizes
    return next(user for user in ids_of(model["for_you"].users) if knows([user])[0] > 2)


def rows(model: Recommender, *users: Any, **options: Any) -> list[dict[str, Any]]:
    names = ("user_id", "item_id", "score", "rank")
    answer = model.recommend(list(users), **options)
    return [dict(zip(names, row, strict=True)) for row in answer.rows()]


def who(answer: dict[str, Any]) -> list[str]:
    return [each["model"] for each in answer["answered"]]


@pytest.mark.parametrize("count", [1, INLINE_ROWS, 240])
def test_each_visitor_is_answered_by_the_best_for_such_visitors(
    measured: httpx.Client, model: dict[str, Recommender], light: int, known: int, count: int
) -> None:
    users = [{"user_id": one} for one in (light, STRANGER, known, -2)] * count
    answer = post(measured, users=users, k=3)
    one = rows(model["also"], light, k=3) + rows(model["popular"], STRANGER, k=3)
    one += rows(model["for_you"], known, k=3) + rows(model["popular"], -2, k=3)
    assert answer["recommendations"] == one * count
    assert who(answer) == ["also:1", "popular:1", "for_you:1", "popular:1"] * count
    assert [each["user_id"] for each in answer["answered"]] == [each["user_id"] for each in users]
    assert answer["cold_users"] == [STRANGER, -2]
    assert answer["model"]["name"] == "also", "who answered the first row"


def test_alone_each_of_them_gets_the_same(measured: httpx.Client, light: int, known: int) -> None:
    for user, name in ((light, "also"), (known, "for_you"), (STRANGER, "popular")):
        users = [{"user_id": user}]
        answer = post(measured, users=users, k=3)
        assert (answer["model"]["name"], who(answer)) == (name, [f"{name}:1"])
        if name != "popular":
            asked = "similarity" if name == "also" else "ranking"
            assert answer == post(measured, users=users, k=3, model=asked)


def test_ids_in_other_words_are_the_same_visitors(
    measured: httpx.Client, light: int, known: int
) -> None:
    users = [{"user_id": str(light)}, {"user_id": float(known)}, {"user_id": str(STRANGER)}]
    assert who(post(measured, users=users)) == ["also:1", "for_you:1", "popular:1"]


def test_side_data_go_to_whoever_has_such_columns(
    measured: httpx.Client, model: dict[str, Recommender], light: int, known: int
) -> None:
    period, *_ = (one for one in model["for_you"].side_columns if one.name == "period")
    [told] = period.sample(1)
    users = [{"user_id": light, **NIGHT, "period": told}]
    users.append({"user_id": known, **NIGHT, "period": "no such"})
    answer = post(measured, users=users, k=3)
    assert answer["recommendations"] == [
        *rows(model["also"], light, k=3),
        *rows(model["for_you"], users[1], k=3),
    ]
    assert answer["unknown_values"] == [{"row": 1, "column": "period", "value": "no such"}]


def test_defaults_of_side_data_hold_for_whoever_has_such_columns(
    shop: Path, model: dict[str, Recommender], light: int, known: int
) -> None:
    given = settings(shop, "measured", side_data_defaults={"month": 8})
    with serving(given) as client:
        users = [{"user_id": known}, {"user_id": light}]
        filled, bare = (
            post(client, users=users, k=3),
            post(client, users=users, k=3, side_data_defaults=False),
        )
    assert filled["recommendations"] == [
        *rows(model["for_you"], {"user_id": known, "month": 8}, k=3),
        *rows(model["also"], light, k=3),
    ]
    assert bare["recommendations"][:3] == rows(model["for_you"], known, k=3)


def test_what_a_visitor_has_just_seen_counts(
    measured: httpx.Client, model: dict[str, Recommender]
) -> None:
    """The ranking model is best for whom much is known, and knows nothing of a basket."""
    items = ids_of(model["also"].items)[:4]
    bare = [{"user_id": STRANGER, "item_id": item} for item in items]
    seen = [{**row, "target": 2.0} for row in bare]  # a column that the model does not have
    users = [{"user_id": STRANGER}, {"user_id": -2}]
    answer = post(measured, users=users, k=3, interactions=seen)
    assert who(answer) == ["also:1", "popular:1"]
    assert answer["answered"][0]["basis"] == "basket"
    assert answer["recommendations"] == [
        *rows(model["also"], STRANGER, k=3, interactions=bare),
        *rows(model["popular"], -2, k=3),
    ]


def test_restrictions_hold_for_all(
    measured: httpx.Client, model: dict[str, Recommender], light: int, known: int
) -> None:
    users = [{"user_id": one} for one in (STRANGER, known, light)]
    free = post(measured, users=users, k=1)["recommendations"]
    out = [row["item_id"] for row in free]
    answer = post(measured, users=users, k=2, exclude_items=out, why=True)
    assert who(answer) == ["popular:1", "for_you:1", "also:1"]
    assert not {row["item_id"] for row in answer["recommendations"]} & set(out)
    assert all("why" in row for row in answer["recommendations"])


def test_a_request_that_names_a_model_is_answered_as_ever(
    measured: httpx.Client, plain: httpx.Client, light: int, known: int
) -> None:
    users = [{"user_id": one} for one in (light, STRANGER, known)]
    for name in ("similarity", "ranking"):
        asked: dict[str, Any] = {"users": users, "model": name, "k": 3}
        assert post(measured, **asked) == post(plain, **asked)


@pytest.mark.parametrize(("auto", "name"), [("ranking", "for_you"), ("similarity", "also")])
def test_a_fixed_role_answers_with_side_data_and_without(
    shop: Path, model: dict[str, Recommender], known: int, auto: str, name: str
) -> None:
    with serving(settings(shop, auto, newcomer_model="")) as client:
        users = [{"user_id": known}, {"user_id": known, **NIGHT}]
        answer = post(client, users=users, k=3)
        told = users if name == "for_you" else [{"user_id": known}] * 2
        assert answer["recommendations"] == rows(model[name], *told, k=3)
        assert who(answer) == [f"{name}:1"] * 2
        assert client.get("/models").json()["auto"] == {
            "rule": auto, "measure": None, "split": None, "kinds": {}, "reason": None,
        }  # fmt: skip


def test_side_data_decide_by_default(plain: httpx.Client, known: int, light: int) -> None:
    assert Settings().auto == "side-data"
    assert who(post(plain, users=[{"user_id": light}])) == ["also:1"]
    assert who(post(plain, users=[{"user_id": known, **NIGHT}])) == ["for_you:1"]


def test_score_follows_the_setting(
    measured: httpx.Client, plain: httpx.Client, model: dict[str, Recommender], known: int
) -> None:
    """Left at its default, the answer is the original's."""

    def score(client: httpx.Client, *records: dict[str, Any]) -> list[dict[str, Any]]:
        response = client.post("/score", json=list(records))
        assert response.status_code == 200, response.text
        found: list[dict[str, Any]] = json.loads(response.json())
        return found

    def items(name: str, row: Any) -> list[Any]:
        return [each["item_id"] for each in rows(model[name], row, k=10)]

    def scored(client: httpx.Client, *records: dict[str, Any]) -> list[Any]:
        return [each["item_id"] for each in score(client, *records)]

    one, night = {"user_id": known}, {"user_id": known, **NIGHT}
    stranger = {"user_id": STRANGER}
    assert known in model["also"].users
    assert scored(plain, one) == items("also", known)
    assert scored(measured, one) == items("for_you", known)
    assert scored(measured, night) == scored(plain, night) == items("for_you", night)
    both = items("popular", STRANGER) + items("for_you", known)
    assert scored(measured, stranger, one) == both


def test_models_show_what_it_follows_from(measured: httpx.Client, plain: httpx.Client) -> None:
    assert measured.get("/models").json()["auto"] == {
        "rule": "measured",
        "measure": "recall@10",
        "split": "time",
        "kinds": {
            "unknown": {
                "role": "newcomer",
                "figures": {"similarity": 0.01, "ranking": None, "newcomer": 0.02},
            },
            "light": {
                "role": "similarity",
                "figures": {"similarity": 0.05, "ranking": 0.02, "newcomer": 0.01},
            },
            "known": {
                "role": "ranking",
                "figures": {"similarity": 0.03, "ranking": 0.06, "newcomer": 0.02},
            },
        },
        "reason": None,
    }
    assert plain.get("/models").json()["auto"]["rule"] == "side-data"


def test_a_new_version_changes_who_is_asked_at_once(
    tmp_path: Path, light: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    root = shop_with(tmp_path)
    with serving(settings(root, "measured")) as client:
        users = [{"user_id": one} for one in (STRANGER, light)]
        assert who(post(client, users=users)) == ["popular:1", "also:1"]
        told = [line for line in caplog.messages if line.startswith("auto: ")]
        assert told == [
            "auto: measured, by recall@10 (split: time), unknown newcomer, light similarity, "
            "known ranking"
        ]
        put(root, "popular", "2", training_with({"unknown": 0.001, "light": 0.9, "known": 0.001}))
        response = client.post("/admin/models/popular/reload", headers=ADMIN)
        assert response.status_code == 200
        assert who(post(client, users=users)) == ["also:1", "popular:2"]
        assert client.get("/models").json()["auto"]["kinds"]["light"]["role"] == "newcomer"
        told = [line for line in caplog.messages if line.startswith("auto: ")]
        assert "unknown similarity, light newcomer, known ranking" in told[-1]
        put(root, "popular", "3", None)
        assert client.post("/admin/models/popular/reload", headers=ADMIN).status_code == 200
        assert who(post(client, users=users)) == ["also:1", "also:1"]


def test_figures_that_cannot_be_compared_decide_nothing(
    tmp_path: Path, plain: httpx.Client, light: int, known: int, caplog: pytest.LogCaptureFixture
) -> None:
    root = shop_with(tmp_path, for_you={"split": "author"})
    with serving(settings(root, "measured")) as client:
        for side in ({}, NIGHT):
            users = [{"user_id": one, **side} for one in (known, STRANGER, light)]
            assert post(client, users=users) == post(plain, users=users)
        auto = client.get("/models").json()["auto"]
    assert auto["reason"].startswith("figures of different measures or splits are not compared")
    assert {each["role"] for each in auto["kinds"].values()} == {None}
    assert auto["kinds"]["known"]["figures"]["ranking"] == 0.06
    [line] = [each for each in caplog.messages if each.startswith("auto: ")]
    assert "similarity recall@10 (time), ranking recall@10 (author)" in line


def test_where_no_version_has_figures_side_data_decide(
    tmp_path: Path, plain: httpx.Client, light: int, known: int
) -> None:
    with serving(settings(shop_with(tmp_path, {}), "measured")) as client:
        for side in ({}, NIGHT):
            users = [{"user_id": one, **side} for one in (known, STRANGER, light)]
            assert post(client, users=users) == post(plain, users=users)
        assert client.get("/models").json()["auto"]["reason"] == (
            "no version that serves has figures"
        )


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({"for_you": {"known": 0.1}}, ["for_you:1", "popular:1", "also:1"]),
        ({"also": dict.fromkeys(("unknown", "light", "known"), 0.0)}, ["also:1"] * 3),
        (
            dict.fromkeys(MODELS, dict.fromkeys(("unknown", "light", "known"), 0.5)),
            ["also:1", "popular:1", "also:1"],
        ),
        ({"popular": {"unknown": 0.1}, "also": {"light": 0.1}}, ["also:1", "popular:1", "also:1"]),
    ],
    ids=["one figure", "zeros", "equal", "one each"],
)
def test_odd_figures(
    tmp_path: Path,
    light: int,
    known: int,
    figures: dict[str, Values],
    expected: list[str],
) -> None:
    with serving(settings(shop_with(tmp_path, figures), "measured")) as client:
        answer = post(client, users=[{"user_id": one} for one in (known, STRANGER, light)])
    assert who(answer) == expected
