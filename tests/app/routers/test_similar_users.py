"""`/similar/users` against the models' own answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from app.models.loaded import LoadedModels
from app.settings import SAMPLE_MODELS, Settings
from tests.support.asking import answer_of
from tests.support.problems import assert_problem
from tests.support.serving import serving
from tests.turi_recommender.golden import unpack_model
from turi_recommender import Recommender, load_model

UNKNOWN = 987654321


def similar(client: httpx.Client, users: list[Any], **given: Any) -> dict[str, Any]:
    rows = [{"visitorid": user} for user in users]
    return answer_of(client, "/similar/users", users=rows, **given)


def rows(model: Recommender, users: list[Any], k: int, name: str) -> list[dict[str, Any]]:
    names = (name, "similar", "score", "rank")
    return [dict(zip(names, row, strict=True)) for row in model.similar_users(users, k=k).rows()]


@pytest.mark.parametrize("count", [2, 300])
def test_the_ranking_model_compares_users(
    client: httpx.Client, service: LoadedModels, count: int
) -> None:
    model = service.need("ranking").model
    users = [6000, UNKNOWN, *model.user_column.sample(count), "28868", UNKNOWN]
    answer = similar(client, users, k=3)
    assert list(answer) == ["model", "similar_users", "unknown_users"]
    assert answer["model"]["name"] == "ranking_factorization_model"
    assert answer["similar_users"] == rows(model, users, 3, "visitorid")
    assert len(answer["similar_users"]) == 3 * (count + 2)
    assert answer["unknown_users"] == [UNKNOWN]


def test_k_is_ten_if_left_out(client: httpx.Client) -> None:
    found = similar(client, [6000])["similar_users"]
    assert [row["rank"] for row in found] == list(range(1, 11))
    assert 6000 not in [row["similar"] for row in found]


def test_a_model_that_cannot_says_so(client: httpx.Client, tmp_path: Path) -> None:
    body = {"users": [{"visitorid": 6000}], "model": "similarity"}
    problem = assert_problem(client.post("/similar/users", json=body), 422)
    assert "item_similarity, which cannot tell which users are similar" in problem["detail"]
    assert [error["field"] for error in problem["errors"]] == ["model"]
    (tmp_path / "similarity_model").symlink_to(SAMPLE_MODELS / "similarity_model")
    with serving(Settings(models_dir=tmp_path)) as alone:
        for model in ({}, {"model": "similarity"}):
            users = {"users": [{"visitorid": 6000}] * 30}
            assert_problem(alone.post("/similar/users", json={**users, **model}), 422)


def test_a_model_without_factors_says_so(tmp_path: Path) -> None:
    path = unpack_model("ranking_linear", tmp_path)
    user = load_model(path).user_column
    with serving(Settings(models_dir=tmp_path / "no", ranking_model=str(path))) as client:
        body = {"users": [{user.name: user.sample(1)[0]}]}
        problem = assert_problem(client.post("/similar/users", json=body), 422)
        assert "has no factors" in problem["detail"]


def test_a_popularity_model_compares_how_active_users_are(tmp_path: Path) -> None:
    path = unpack_model("popularity_target", tmp_path)
    model = load_model(path)
    name, users = model.user_column.name, model.user_column.sample(3)
    with serving(Settings(models_dir=tmp_path / "no", similarity_model=str(path))) as client:
        body = {"users": [{name: user} for user in users], "k": 4}
        answer = client.post("/similar/users", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["similar_users"] == rows(model, users, 4, name)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"users": []}, "users"),
        ({"users": [6000]}, "users.0"),
        ({"users": [{"visitorid": 6000, "month": 8}]}, "users.0.month"),
        ({"users": [{"visitorid": 6000}], "k": 0}, "k"),
        ({"users": [{"visitorid": 6000}], "model": "auto"}, "model"),
    ],
    ids=str,
)
def test_what_is_refused(client: httpx.Client, body: dict[str, Any], field: str) -> None:
    problem = assert_problem(client.post("/similar/users", json=body), 422)
    assert [error["field"] for error in problem["errors"]] == [field]


def test_limits() -> None:
    with serving(Settings(max_users=3, max_answers=20)) as client:
        user = {"visitorid": 6000}
        assert client.post("/similar/users", json={"users": [user] * 2}).status_code == 200
        for count, said in ((3, "MAX_ANSWERS"), (4, "at most 3")):
            body = {"users": [user] * count}
            problem = assert_problem(client.post("/similar/users", json=body), 422)
            assert said in problem["detail"]
