"""`/predict` against the models' own answers."""

from __future__ import annotations

from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.models.loaded import LoadedModels
from app.settings import SAMPLE_MODELS, Settings
from tests.app.routers.test_given import ITEM_SIDE, USER_SIDE
from tests.support.asking import answer_of
from tests.support.problems import assert_problem
from tests.support.serving import serving
from turi_recommender import Recommender

NIGHT = {"period": "Night", "month": 8, "weekday": 2}
PAIR = {"visitorid": 6000, "itemid": 2250}
UNKNOWN = 987654321


def predict(client: httpx.Client, *pairs: dict[str, Any], **given: Any) -> dict[str, Any]:
    return answer_of(client, "/predict", pairs=pairs, **given)


def rows(model: Recommender, *pairs: dict[str, Any]) -> list[dict[str, Any]]:
    names = ("visitorid", "itemid", "score")
    return [dict(zip(names, row, strict=True)) for row in model.predict(pairs).rows()]


def test_the_ranking_model_scores_pairs_in_their_order(
    client: httpx.Client, ranking: Recommender
) -> None:
    items = [2250, 5949, UNKNOWN, 240, 2250]
    users = [6000, UNKNOWN, 28868, 6000, 59846]
    pairs = [{"visitorid": user, "itemid": item} for user, item in zip(users, items, strict=True)]
    pairs[1]["period"] = "Morning"  # type: ignore[assignment]
    answer = predict(client, *pairs)
    assert list(answer) == [
        "model",
        "predictions",
        "cold_users",
        "unknown_items",
        "unknown_values",
    ]
    assert answer["model"] == {
        "name": "ranking_factorization_model",
        "version": "1",
        "kind": "ranking_factorization_recommender",
    }
    assert answer["predictions"] == rows(ranking, *({**NIGHT, **pair} for pair in pairs))
    assert len({row["score"] for row in answer["predictions"]}) > 3


def test_it_is_the_score_of_the_recommendation(client: httpx.Client) -> None:
    user = {"visitorid": 6000, "period": "Night"}
    best = client.post("/recommend/users", json={"users": [user], "k": 1}).json()
    [row] = best["recommendations"]
    [same] = predict(client, {**user, "itemid": row["itemid"]})["predictions"]
    assert same == {"visitorid": 6000, "itemid": row["itemid"], "score": row["score"]}


def test_a_model_can_be_named(client: httpx.Client, similarity: Recommender) -> None:
    answer = predict(client, PAIR, {**PAIR, "itemid": 7891}, model="similarity")
    assert answer["model"]["name"] == "similarity_model"
    assert answer["predictions"] == rows(similarity, PAIR, {**PAIR, "itemid": 7891})
    refused = client.post(
        "/predict", json={"pairs": [PAIR, {**PAIR, "month": 8}], "model": "similarity"}
    )
    assert [error["field"] for error in assert_problem(refused, 422)["errors"]] == ["pairs.1.month"]


def test_defaults_can_be_left_out(client: httpx.Client, ranking: Recommender) -> None:
    bare = predict(client, PAIR, side_data_defaults=False)["predictions"]
    assert bare == rows(ranking, PAIR)
    assert bare != predict(client, PAIR)["predictions"]


@pytest.mark.parametrize("model", ["similarity", "ranking"])
@pytest.mark.parametrize("count", [1, 400])
def test_why(client: httpx.Client, service: LoadedModels, model: Any, count: int) -> None:
    users = [6000, 28868, UNKNOWN]
    pairs = [
        {"visitorid": users[number % 3], "itemid": [2250, 7891, UNKNOWN][number % 2]}
        for number in range(count)
    ]
    plain = predict(client, *pairs, model=model)["predictions"]
    told = predict(client, *pairs, model=model, why=True)["predictions"]
    given = [{**NIGHT, **pair} if model == "ranking" else pair for pair in pairs]
    expected = service.need(model).model.predict(given, explain=True)
    assert expected.why is not None
    for row, bare, why in zip(told, plain, expected.why, strict=True):
        terms = row.pop("why")
        assert [(term["term"], term["value"], term["kind"]) for term in terms] == [
            term[:3] for term in why
        ]
        assert [term.get("itemid") for term in terms] == [term.item for term in why]
        assert [term.get("column") for term in terms] == [term.column for term in why]
        assert row.pop("why_of", "score") == why.of
        assert row == bare
        if why.of == "score":
            assert reduce(add, [term["value"] for term in terms], 0.0) == row["score"]


def test_string_ids_and_side_data_of_every_mode(
    rich_client: httpx.Client, rich_service: LoadedModels
) -> None:
    model = rich_service.need("ranking").model
    [item], [user] = model.item_column.sample(1), model.user_column.sample(1)
    names = (model.user_column.name, model.item_column.name)
    side = {"hour": 3.5, "vector": [0.1, 0.2, 0.3], "tags": ["new"], "weights": {"a": 1.0}}
    pair = {names[0]: user, names[1]: item, **side}
    [row] = predict(rich_client, pair, why=True, side_data_defaults=False)["predictions"]
    assert row["score"] == model.predict([pair]).scores[0]
    assert len(row["why"]) > 5


@pytest.mark.parametrize("count", [1, 40])
def test_side_data_that_comes_along(
    rich_client: httpx.Client, rich_service: LoadedModels, count: int
) -> None:
    """Of a user and of an item that the model does not know, at once and piece by piece."""
    model = rich_service.need("ranking").model
    pairs = [
        {"user_id": user, "item_id": item}
        for user in ("nobody", "user-1000")
        for item in ("new thing", *model.item_column.sample(2))
    ] * count
    told: dict[str, Any] = {
        "user_data": [{"user_id": "nobody", **USER_SIDE}],
        "item_data": [{"item_id": "new thing", **ITEM_SIDE}],
    }
    answer = predict(rich_client, *pairs, side_data_defaults=False, why=True, **told)
    found = model.predict(pairs, explain=True, **told)
    assert [row["score"] for row in answer["predictions"]] == found.scores
    assert [len(row["why"]) for row in answer["predictions"]] == list(map(len, found.why or []))
    plain = predict(rich_client, *pairs, side_data_defaults=False)["predictions"]
    changed = [
        one["score"] != other["score"]
        for one, other in zip(answer["predictions"], plain, strict=True)
    ]
    assert changed == [True, True, True, True, False, False] * count


def test_an_error_of_side_data_names_its_place(rich_client: httpx.Client) -> None:
    body = {
        "pairs": [{"user_id": "nobody", "item_id": "new thing"}],
        "item_data": [{"item_id": "new thing", "category": "category1"}],
    }
    problem = assert_problem(rich_client.post("/predict", json=body), 422)
    assert problem["errors"][0]["field"].startswith("item_data.0.")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"pairs": []}, "pairs"),
        ({"pairs": [{"visitorid": 1}]}, "pairs.0.itemid"),
        ({"pairs": [{"itemid": 1}]}, "pairs.0.visitorid"),
        ({"pairs": [{**PAIR, "k": 3}]}, "pairs.0.k"),
        ({"pairs": [{**PAIR, "itemid": True}]}, "pairs.0.itemid"),
        ({"pairs": [PAIR], "why": 1}, "why"),
        ({"pairs": [PAIR], "model": "auto"}, "model"),
        ({"pairs": [PAIR], "k": 3}, "k"),
    ],
    ids=str,
)
def test_what_is_refused(client: httpx.Client, body: dict[str, Any], field: str) -> None:
    problem = assert_problem(client.post("/predict", json=body), 422)
    assert [error["field"] for error in problem["errors"]] == [field]


def test_limits() -> None:
    with serving(Settings(max_items=3, max_answers=2)) as client:
        assert client.post("/predict", json={"pairs": [PAIR] * 2}).status_code == 200
        for count, said in ((3, "MAX_ANSWERS"), (4, "at most 3")):
            problem = assert_problem(client.post("/predict", json={"pairs": [PAIR] * count}), 422)
            assert said in problem["detail"]


def test_without_a_ranking_model_the_similarity_model_answers(tmp_path: Path) -> None:
    (tmp_path / "similarity_model").symlink_to(SAMPLE_MODELS / "similarity_model")
    with serving(Settings(models_dir=tmp_path)) as client:
        answer = predict(client, PAIR)
        assert answer["model"]["name"] == "similarity_model"
        response = client.post("/predict", json={"pairs": [PAIR], "model": "ranking"})
        assert assert_problem(response, 503)["detail"].startswith("no ranking model is loaded")
