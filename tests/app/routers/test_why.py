"""`"why": true` on `/recommend/users`."""

from __future__ import annotations

import math
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.models.loaded import LoadedModels
from app.settings import Settings
from tests.support.problems import assert_problem
from tests.support.serving import serving
from tests.turi_recommender.golden import unpack_model
from turi_recommender import Term, load_model

NIGHT = {"period": "Night", "month": 8, "weekday": 2}


def as_json(term: Term) -> dict[str, Any]:
    fields = {"term": term.name, "value": term.value, "kind": term.kind}
    return {**fields, **({} if term.column is None else {"column": term.column})}


def recommend(client: httpx.Client, **body: Any) -> httpx.Response:
    response = client.post("/recommend/users", json=body)
    assert response.status_code == 200, response.text
    return response


def added(terms: list[dict[str, Any]]) -> float:
    """Add up as the documentation says: from left to right."""
    return reduce(add, [term["value"] for term in terms], 0.0)


@pytest.mark.parametrize("count", [1, 40])
@pytest.mark.parametrize("items", [None, [2250, 7891, 240]])
def test_shares_of_the_history_add_up_to_the_score(
    client: httpx.Client, service: LoadedModels, count: int, items: list[int] | None
) -> None:
    users = [{"visitorid": one} for one in service.user_column.sample(count)]
    body = {"users": users, "k": 4, **({} if items is None else {"items": items})}
    plain = recommend(client, **body).json()
    told = recommend(client, **body, why=True).json()
    assert told["recommendations"]
    for row in told["recommendations"]:
        assert added(row.pop("why")) == row["score"]
        assert "why_of" not in row
    assert told == plain


@pytest.mark.parametrize("count", [1, 40])
def test_terms_of_a_logistic_model_add_up_to_the_log_odds(
    client: httpx.Client, service: LoadedModels, count: int
) -> None:
    model = service.need("ranking").model
    users = [{"visitorid": one, **NIGHT} for one in model.user_column.sample(count)]
    told = recommend(client, users=users, k=3, why=True).json()["recommendations"]
    expected = model.recommend(users, k=3, explain=True).rankings
    whys = [why for ranking in expected for why in ranking.why or ()]
    for row, why in zip(told, whys, strict=True):
        assert row["why"] == [as_json(term) for term in why]
        assert row["why_of"] == "log-odds"
        assert math.isclose(1 / (1 + math.exp(-added(row["why"]))), row["score"], rel_tol=1e-12)
        assert list(row) == ["visitorid", "itemid", "score", "rank", "why", "why_of"]


def test_terms_name_items_and_columns(client: httpx.Client, service: LoadedModels) -> None:
    trained = service.need("similarity").model
    users = [{"visitorid": 6000}]
    row = recommend(client, users=users, k=1, why=True).json()["recommendations"][0]
    *shares, more = row["why"]
    assert [term["kind"] for term in shares] == ["history"] * len(shares)
    assert all(term["term"] == f"{term['itemid']} in the history" for term in shares)
    assert all(term["itemid"] in trained.items for term in shares)
    assert (more["kind"], "itemid" in more) == ("more", False)
    night = recommend(client, users=[{"visitorid": 6000, **NIGHT}], k=1, why=True).json()
    terms = night["recommendations"][0]["why"]
    about = {(term["kind"], term.get("column")) for term in terms}
    assert about >= {
        ("average", None), ("visitor", None), ("item", None), ("visitor with item", None),
        *((kind, name) for kind in ("column", "column with item") for name in NIGHT),
    }  # fmt: skip
    assert all("itemid" not in term for term in terms)


def test_items_of_a_basket(client: httpx.Client) -> None:
    body = {
        "baskets": [{"items": [{"itemid": 7891}], "visitor": 6000}, [{"itemid": 7891}], []],
        "k": 50,
    }
    response = client.post("/recommend/baskets", json={**body, "why": True})
    assert response.status_code == 200, response.text
    kinds: list[set[str]] = [set(), set(), set()]
    for row in response.json()["recommendations"]:
        assert added(row["why"]) == row["score"]
        kinds[row["basket"]] |= {term["kind"] for term in row["why"]} - {"more", "rounding"}
    assert kinds == [{"history"}, {"basket"}, {"others"}]


def test_without_it_the_bytes_are_as_before(client: httpx.Client) -> None:
    for users in ([{"visitorid": 6000}], [{"visitorid": 6000, **NIGHT}] * 9):
        plain = recommend(client, users=users, k=3).content
        assert recommend(client, users=users, k=3, why=False).content == plain
        assert b"why" not in plain


def test_a_score_that_is_no_sum_of_weights(tmp_path: Path) -> None:
    path = unpack_model("popularity_target", tmp_path)
    user = load_model(path).user_column
    with serving(Settings(models_dir=tmp_path / "no", similarity_model=str(path))) as client:
        answer = recommend(client, users=[{user.name: user.sample(1)[0]}], k=3, why=True).json()
        for row in answer["recommendations"]:
            [term] = row["why"]
            assert term["value"] == row["score"]
            assert term["term"].startswith("this item's average ")


def test_an_answer_that_could_be_too_large_is_refused() -> None:
    with serving(Settings(max_answer_bytes=20_000)) as client:
        body = {"users": [{"visitorid": 6000, **NIGHT}], "k": 50}
        assert client.post("/recommend/users", json=body).status_code == 200
        refused = client.post("/recommend/users", json={**body, "why": True})
        assert "MAX_ANSWER_BYTES" in assert_problem(refused, 422)["detail"]


def test_only_true_and_false(client: httpx.Client) -> None:
    body = {"users": [{"visitorid": 6000}], "why": "yes"}
    problem = assert_problem(client.post("/recommend/users", json=body), 422)
    assert [error["field"] for error in problem["errors"]] == ["why"]
