"""`/recommend/users` and `/similar/items` against the models' own answers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from app.models.loaded import LoadedModels
from app.settings import Settings
from tests.support.asking import answer_of
from tests.support.serving import serving
from tests.turi_recommender.golden import read_answers
from turi_recommender import Recommender

NIGHT = {"period": "Night", "month": 8, "weekday": 2}
MORNING = {"period": "Morning", "month": 3, "weekday": 6}
SIMILARITY = {"name": "similarity_model", "version": "6", "kind": "item_similarity"}
RANKING = {
    "name": "ranking_factorization_model",
    "version": "1",
    "kind": "ranking_factorization_recommender",
}


def rows(model: Recommender, users: list[Any], **options: Any) -> list[dict[str, Any]]:
    names = ("visitorid", "itemid", "score", "rank")
    answer = model.recommend(users, **options)
    return [dict(zip(names, row, strict=True)) for row in answer.rows()]


def test_users_without_side_data_get_the_similarity_model(
    client: httpx.Client, similarity: Recommender
) -> None:
    answer = answer_of(
        client, "/recommend/users", users=[{"visitorid": 6000}, {"visitorid": 257597}]
    )
    assert answer["model"] == SIMILARITY
    assert answer["recommendations"] == rows(similarity, [6000, 257597])
    assert answer["cold_users"] == []


def test_one_user_with_side_data_brings_the_ranking_model(
    client: httpx.Client, ranking: Recommender
) -> None:
    users = [{"visitorid": 6000}, {"visitorid": 257597, "period": "Morning"}]
    answer = answer_of(client, "/recommend/users", users=users, k=3)
    filled = [
        {"visitorid": 6000, **NIGHT},
        {"visitorid": 257597, "period": "Morning", "month": 8, "weekday": 2},
    ]
    assert answer["model"] == RANKING
    assert answer["recommendations"] == rows(ranking, filled, k=3)


@pytest.mark.parametrize("side", [{"weekday": 2}, {"month": 8}, {"period": None}])
def test_any_side_column_counts_even_null(client: httpx.Client, side: dict[str, Any]) -> None:
    answer = answer_of(client, "/recommend/users", users=[{"visitorid": 6000, **side}])
    assert answer["model"] == RANKING


def test_absent_null_and_default_are_three_things(
    client: httpx.Client, ranking: Recommender
) -> None:
    user = {"visitorid": 6000, "month": 8, "weekday": 2}
    default = answer_of(client, "/recommend/users", users=[user])
    absent = answer_of(client, "/recommend/users", users=[user], side_data_defaults=False)
    null = answer_of(client, "/recommend/users", users=[{**user, "month": None}])
    assert default["recommendations"] == rows(ranking, [{**user, "period": "Night"}])
    assert absent["recommendations"] == rows(ranking, [user])
    assert null["recommendations"] == rows(ranking, [{**user, "period": "Night", "month": None}])
    scores = [answer["recommendations"][0]["score"] for answer in (default, absent, null)]
    assert len(set(scores)) == 3


def test_a_model_can_be_forced(
    client: httpx.Client, similarity: Recommender, ranking: Recommender
) -> None:
    user = {"visitorid": 6000}
    forced = answer_of(client, "/recommend/users", users=[user], model="ranking")
    assert forced["model"] == RANKING
    assert forced["recommendations"] == rows(ranking, [{**user, **NIGHT}])
    bare = answer_of(
        client, "/recommend/users", users=[user], model="ranking", side_data_defaults=False
    )
    assert bare["recommendations"] == rows(ranking, [user])
    plain = answer_of(client, "/recommend/users", users=[user], model="similarity")
    assert plain["recommendations"] == rows(similarity, [6000])


def test_options_reach_the_model(client: httpx.Client, ranking: Recommender) -> None:
    user = {"visitorid": 6000, **MORNING}
    best = [row["itemid"] for row in rows(ranking, [user], k=8, exclude_known=False)]
    answer = answer_of(
        client,
        "/recommend/users",
        users=[user],
        k=5,
        exclude_known=False,
        items=[*best, 123456789],
        exclude_items=best[:2],
    )
    assert answer["recommendations"] == rows(
        ranking, [user], k=5, exclude_known=False, items=best, exclude=best[:2]
    )
    assert [row["itemid"] for row in answer["recommendations"]] == best[2:7]


def test_known_items_are_left_out_unless_wanted(
    client: httpx.Client, similarity: Recommender
) -> None:
    known = set(similarity.items.ids(similarity.interactions.row(similarity.users.find(6000))[0]))
    users = [{"visitorid": 6000}]
    without = answer_of(client, "/recommend/users", users=users, k=700)["recommendations"]
    with_known = answer_of(client, "/recommend/users", users=users, k=700, exclude_known=False)
    assert not known & {row["itemid"] for row in without}
    assert known <= {row["itemid"] for row in with_known["recommendations"]}


def test_cold_users_are_answered_and_listed(client: httpx.Client) -> None:
    users = [{"visitorid": id} for id in (-5, 6000, 567987987988, -5)]
    answer = answer_of(client, "/recommend/users", users=users, k=2)
    assert answer["cold_users"] == [-5, 567987987988]
    assert [row["visitorid"] for row in answer["recommendations"]] == [
        -5, -5, 6000, 6000, 567987987988, 567987987988, -5, -5,
    ]  # fmt: skip
    assert [row["rank"] for row in answer["recommendations"]] == [1, 2] * 4


def test_no_candidates_no_rows(client: httpx.Client) -> None:
    answer = answer_of(client, "/recommend/users", users=[{"visitorid": 6000}], items=[999_999_999])
    assert answer["recommendations"] == []


@pytest.mark.parametrize("count", [4, 5, 300])
def test_large_requests_are_answered_alike(
    client: httpx.Client, ranking: Recommender, count: int
) -> None:
    users = [{"visitorid": id, **MORNING} for id in range(6000, 6000 + count)]
    answer = answer_of(client, "/recommend/users", users=users, k=3)
    assert answer["recommendations"] == rows(ranking, users, k=3)


def test_unknown_users_and_items_never_enter_the_model(client: httpx.Client) -> None:
    before = answer_of(client, "/recommend/users", users=[{"visitorid": 1}], k=900)
    answer_of(client, "/recommend/users", users=[{"visitorid": 6000}], items=[10**12, 10**12 + 1])
    answer_of(client, "/similar/items", items=[{"itemid": 10**12}])
    assert answer_of(client, "/recommend/users", users=[{"visitorid": 1}], k=900) == before


def test_similar_items(client: httpx.Client, similarity: Recommender) -> None:
    answer = answer_of(
        client, "/similar/items", items=[{"itemid": id} for id in (152913, 7, 355908, 7)], k=4
    )
    names = ("itemid", "similar", "score", "rank")
    expected = similarity.similar_items([152913, 355908], k=4).rows()
    assert answer["model"] == SIMILARITY
    assert answer["similar_items"] == [dict(zip(names, row, strict=True)) for row in expected]
    assert answer["unknown_items"] == [7]


def test_similar_items_by_the_ranking_model(client: httpx.Client, ranking: Recommender) -> None:
    answer = answer_of(client, "/similar/items", items=[{"itemid": 152913}], model="ranking")
    names = ("itemid", "similar", "score", "rank")
    expected = ranking.similar_items([152913]).rows()
    assert answer["model"] == RANKING
    assert answer["similar_items"] == [dict(zip(names, row, strict=True)) for row in expected]


def test_examples_of_the_openapi_document_are_answered(
    client: httpx.Client, rich_client: httpx.Client
) -> None:
    tried = 0
    for one in (client, rich_client):
        schemas = one.get("/openapi.json").json()["components"]["schemas"]
        for path, name in (
            ("/recommend/users", "RecommendRequest"),
            ("/recommend/baskets", "BasketRequest"),
            ("/similar/items", "SimilarItemsRequest"),
        ):
            for example in schemas[name]["examples"]:
                answer = answer_of(one, path, **example)
                rows = "similar_items" if path == "/similar/items" else "recommendations"
                assert len(answer[rows]) > 0
                assert answer.get("cold_users", answer.get("unknown_items")) == []
                tried += 1
    assert tried == 14


def test_every_side_column_over_http(rich_client: httpx.Client, rich_service: LoadedModels) -> None:
    """Recorded queries of real Turi Create with lists, vectors, dictionaries and nulls."""
    compared = 0
    for query in read_answers("ranking_everything_strings")["recommend"]:
        if not isinstance(query["users"][0], dict):
            continue
        answer = answer_of(
            rich_client,
            "/recommend/users",
            users=query["users"],
            k=query["k"],
            exclude_known=query["exclude_known"],
            items=query["items"],
            exclude_items=query["exclude"],
            side_data_defaults=False,
        )
        got = [[row[n] for n in ("user_id", "item_id", "score", "rank")]
               for row in answer["recommendations"]]  # fmt: skip
        if query["k"] <= 10:
            assert got == query["rows"]
            compared += len(got)
    assert compared > 500


@pytest.mark.parametrize("absent", ["similarity", "ranking"])
def test_either_model_may_be_absent(absent: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp(f"without_{absent}")
    settings = Settings()
    for name in ("similarity_model", "ranking_factorization_model"):
        if not name.startswith(absent):
            (root / name).symlink_to(settings.models_dir / name)
    with serving(Settings(models_dir=root)) as client:
        bodies: dict[str, list[tuple[str, Any]]] = {
            "similarity": [
                ("/recommend/users", {"users": [{"visitorid": 6000}], "model": "similarity"}),
                ("/similar/items", {"items": [{"itemid": 152913}], "model": "similarity"}),
            ],
            "ranking": [
                ("/recommend/users", {"users": [{"visitorid": 6000}], "model": "ranking"}),
                ("/similar/items", {"items": [{"itemid": 152913}], "model": "ranking"}),
            ],
        }
        for role, requests in bodies.items():
            for path, body in requests:
                response = client.post(path, json=body)
                if role != absent:
                    assert response.status_code == 200
                    continue
                assert response.status_code == 503
                problem = response.json()
                assert problem["type"] == "urn:turi-recommender:problem:model-unavailable"
                assert f"no {absent} model is loaded: no model" in problem["detail"]
        assert client.get("/healthz/ready").status_code == 200
        listed = {one["role"]: one for one in client.get("/models").json()["models"]}
        assert listed[absent]["loaded"] is False
        assert "looked for" in listed[absent]["reason"]
