"""`/score`: byte for byte what the original answers, its defects mended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.models.loaded import LoadedModels
from app.settings import Settings
from tests.support.raw_http import RawConnection
from tests.support.serving import serving
from tests.turi_recommender.golden import unpack_model
from tests.turi_recommender.test_loading import with_missing_ids
from turi_recommender import load_model

DATA = Path(__file__).parent / "data"
CASES = json.loads((DATA / "score.json").read_text())
PATHS = ["/score", "/api/v1/service/shop/score"]
NIGHT: dict[str, Any] = {"period": "Night", "month": 8, "weekday": 2}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("case", CASES, ids=[case["request"][:60] for case in CASES])
def test_bytes_equal_the_originals(client: httpx.Client, case: dict[str, str], path: str) -> None:
    response = client.post(
        path, content=case["request"], headers={"content-type": "application/json"}
    )
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.content == case["response"].encode()


def test_the_recorded_cases_are_there() -> None:
    assert len(CASES) >= 26
    assert sum(len(json.loads(json.loads(case["response"]))) for case in CASES) > 2000


def score(client: httpx.Client, payload: Any) -> list[dict[str, Any]]:
    response = client.post("/score", content=json.dumps(payload))
    assert response.status_code == 200, response.text
    rows: list[dict[str, Any]] = json.loads(json.loads(response.content))
    return rows


def rounded(client: httpx.Client, users: list[dict[str, Any]]) -> list[dict[str, Any]]:
    body = {"users": users, "model": "ranking", "side_data_defaults": False}
    answer = client.post("/recommend/users", json=body).json()["recommendations"]
    return [{**row, "score": pytest.approx(row["score"], abs=1e-10)} for row in answer]


@pytest.mark.parametrize("side", [{"weekday": 2}, {"month": 8}, {"month": 8, "weekday": 2}])
def test_defect_1_any_side_column_means_the_ranking_model(
    client: httpx.Client, side: dict[str, Any]
) -> None:
    assert score(client, [{"visitorid": 6000, **side}]) == rounded(
        client, [{"visitorid": 6000, **NIGHT}]
    )


def test_defect_2_gaps_of_each_record_take_the_defaults(client: httpx.Client) -> None:
    payload: list[dict[str, Any]] = [
        {"visitorid": 6000, "period": "Morning"},
        {"visitorid": 257597, "month": 3},
        {"visitorid": 1297062},
    ]
    assert score(client, payload) == rounded(client, [{**NIGHT, **row} for row in payload])


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ('[{"visitorid":1,"itemid":2}]', "must have visitorid or itemid, not both"),
        ('[{"visitorid":1},{"itemid":2}]', "must have visitorid or itemid, not both"),
        ('[{"name":1}]', "must have visitorid or itemid, but it has neither (found: name)"),
        ("[{}]", "but it has neither"),
        ('[{"visitorid":"abc"}]', "record 0: visitorid: expected an integer, got a string"),
        ('[{"visitorid":6000.5}]', "record 0: visitorid: expected an integer, got a number"),
        ('[{"visitorid":true}]', "expected an integer, got true or false"),
        ('[{"visitorid":[1]}]', "expected an integer, got an array"),
        ('[{"visitorid":null}]', "record 0 has no visitorid"),
        ('[{"visitorid":1},{"period":"Night"}]', "record 1 has no visitorid"),
        ('[{"itemid":1},{"itemid":null}]', "record 1 has no itemid"),
        ('[{"itemid":"abc"}]', "record 0: itemid: expected an integer, got a string"),
        ('[{"visitorid":1,"month":"May"}]', "record 0: month: expected a number, got a string"),
        ('[{"visitorid":1,"period":"Night","color":"red"}]', "record 0: color: the model was not"),
        ("[]", "must be a JSON array of one record or more"),
        ("{}", "but it has neither"),
        ("7", "must be a JSON array of one record or more"),
        ('"text"', "must be a JSON array"),
        ("[1]", "record 0 is not a JSON object"),
        ("[null]", "record 0 is not a JSON object"),
        ("", "not valid JSON"),
        ("[{", "not valid JSON"),
        ('[{"visitorid":NaN}]', "not valid JSON"),
        ("[" * 10_000, "not valid JSON"),
        ('[{"visitorid":' + "9" * 5000 + "}]", "not valid JSON"),
        ('{"visitorid":[1,2],"month":[3]}', "differ in length"),
        (json.dumps([{"visitorid": 1}] * 1001), "more than 1000 records"),
    ],
)
def test_defect_3_errors_are_errors(
    client: httpx.Client, payload: str, message: str, path: str
) -> None:
    response = client.post(path, content=payload, headers={"content-type": "application/json"})
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/json"
    assert list(response.json()) == ["message"]
    assert message in response.json()["message"]
    assert response.headers["x-ms-run-function-failed"] == "False"


def test_a_body_that_is_not_utf8(client: httpx.Client) -> None:
    response = client.post("/score", content=b'[{"visitorid":"\xff"}]')
    assert response.status_code == 400
    assert response.json()["message"].startswith("Input cannot be decoded as UTF-8")


def test_a_body_over_the_limit(client: httpx.Client) -> None:
    response = client.post("/score", content=b" " * (1024 * 1024 + 1))
    assert response.status_code == 413


@pytest.mark.parametrize("path", ["/score", "/api/v1/service/shop/score", "/recommend/users"])
def test_a_body_over_the_limit_ends_the_connection(client: httpx.Client, path: str) -> None:
    """Headers of errors reach the caller, and nobody waits for ten gigabytes."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with RawConnection(client.base_url.port or 0) as connection:
        connection.send(f"{head}Content-Length: 10000000000\r\n\r\n[".encode())
        answer = connection.read_all()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nconnection: close\r\n" in answer


@pytest.mark.parametrize("id", [2**63, -(2**63) - 1, 10**400])
def test_ids_beyond_64_bits_are_cold_or_refused_never_a_crash(
    client: httpx.Client, id: int
) -> None:
    response = client.post("/score", content=json.dumps([{"visitorid": id}]))
    assert response.status_code in (200, 400)


def test_get_reads_the_query(client: httpx.Client) -> None:
    one = client.get("/score", params={"visitorid": 6000, "period": "Night"})
    assert (
        one.content == client.post("/score", json=[{"visitorid": 6000, "period": "Night"}]).content
    )
    two = client.get("/score", params=[("itemid", 152913), ("itemid", 355908)])
    assert (
        two.content == client.post("/score", json=[{"itemid": 152913}, {"itemid": 355908}]).content
    )
    assert client.get("/score").status_code == 400


def test_options(client: httpx.Client) -> None:
    response = client.options("/score")
    assert (response.status_code, response.content) == (200, b"")


def test_headers_of_the_azure_server(client: httpx.Client) -> None:
    body = [{"visitorid": 6000}]
    plain = client.post("/score", json=body).headers
    assert len(plain["x-request-id"]) == 36
    assert plain["x-ms-request-id"] == plain["x-request-id"]
    assert "x-ms-client-request-id" not in plain
    assert plain["x-ms-run-function-failed"] == "False"
    assert float(plain["x-ms-run-fn-exec-ms"]) > 0
    ids = {"x-request-id": "r" * 100, "x-ms-client-request-id": "c"}
    named = client.post("/score", json=body, headers=ids).headers
    assert named["x-request-id"] == "r" * 100
    assert named["x-ms-request-id"] == named["x-ms-client-request-id"] == "c"
    legacy = client.post("/score", json=body, headers={"x-ms-request-id": "old"}).headers
    assert legacy["x-ms-request-id"] == legacy["x-ms-client-request-id"] == "old"


@pytest.mark.parametrize("name", ["x-request-id", "x-ms-request-id", "x-ms-client-request-id"])
def test_ids_are_capped(client: httpx.Client, name: str) -> None:
    response = client.post("/score", json=[{"visitorid": 6000}], headers={name: "x" * 101})
    assert response.status_code == 431
    assert response.json()["message"].endswith("must not exceed 100 characters")
    assert "x" * 101 not in response.headers.values()


def test_root_is_healthy(client: httpx.Client) -> None:
    response = client.get("/")
    assert response.text == "Healthy"
    assert response.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("query", "key", "version"),
    [("", "swagger", "2.0"), ("?version=2", "swagger", "2.0"), ("?version=3", "openapi", "3.0.3"),
     ("?version=3.1", "openapi", "3.1.0")],
)  # fmt: skip
def test_swagger(client: httpx.Client, query: str, key: str, version: str) -> None:
    document = client.get(f"/swagger.json{query}").json()
    assert document[key] == version
    assert "/score" in document["paths"]


def test_swagger_below_the_path_of_a_service(client: httpx.Client) -> None:
    below = client.get("/api/v1/service/shop/swagger.json?version=3")
    assert below.status_code == 200
    assert below.json() == client.get("/swagger.json?version=3").json()


def test_swagger_of_an_unknown_version(client: httpx.Client) -> None:
    response = client.get("/swagger.json?version=9")
    assert response.status_code == 404
    assert "[9]" in response.json()["message"]


def test_string_ids(rich_client: httpx.Client, rich_service: LoadedModels) -> None:
    model = rich_service.need("similarity").model
    (user,) = model.user_column.sample(1)
    rows = score(rich_client, [{"user_id": user}])
    expected = [row[1] for row in model.recommend([user]).rows()]
    assert [row["item_id"] for row in rows] == expected


@pytest.mark.parametrize("name", ["similarity_jaccard", "popularity_counts"])
def test_a_missing_id_is_null_as_everywhere(tmp_path: Path, name: str) -> None:
    model = load_model(with_missing_ids(unpack_model(name, tmp_path)))
    user, item = model.user_column.name, model.item_column.name
    known = model.users.ids([1])[0]
    with serving(Settings(similarity_model=str(model.path), models_dir=tmp_path)) as client:

        def ask(payload: Any) -> list[dict[str, Any]]:
            answer = client.post("/score", json=payload)
            assert answer.status_code == 200, answer.text
            rows: list[dict[str, Any]] = json.loads(answer.json())
            return rows

        rows = ask([{user: None}, {user: known}])
        expected = list(model.recommend([None, known]).rows())  # type: ignore[list-item]
        assert [(row[user], row[item]) for row in rows] == [row[:2] for row in expected]
        assert ask({user: [None, known]}) == rows
        assert {row[item] for row in ask([{item: None}])} == {None}
        refused = client.post("/score", json=[{user: known}, {"more": 1}])
        assert refused.json() == {"message": f"Error: record 1 has no {user}"}
