"""The error contract of the service.

Every answer of 400 and above (but on `/score`, see test_score) is `application/problem+json` with
type, title, status and detail, and no trace of the inside:

404  unknown path                       about:blank
405  method not allowed, with `Allow`   about:blank
413  body over the limit                about:blank
415  body that is not declared JSON     about:blank
422  body that does not validate        urn:turi-recommender:problem:validation, with `errors`:
     the field's path, a message, and a kind; at most 20 of them
503  model not loaded                   urn:turi-recommender:problem:model-unavailable
"""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.limits import LISTED_ERRORS, MAX_HEADERS, SHOWN_ERRORS
from tests.support.problems import assert_problem
from tests.support.raw_http import RawConnection

JSON = {"content-type": "application/json"}
VALIDATION = "urn:turi-recommender:problem:validation"
USER = {"visitorid": 6000}
ITEM = {"itemid": 152913}


def assert_invalid(response: httpx.Response, field: str, kind: str | None = None) -> None:
    problem = assert_problem(response, 422)
    assert problem["type"] == VALIDATION
    first = problem["errors"][0]
    assert first["field"] == field
    assert first["message"]
    if kind:
        assert first["type"] == kind


@pytest.mark.parametrize("path", ["/nope", "/recommend", "/recommend/users/", "/docs/assets/no"])
def test_unknown_paths(client: httpx.Client, path: str) -> None:
    assert_problem(client.get(path), 404)
    assert client.head(path).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/recommend/users", "POST"),
        ("HEAD", "/similar/items", "POST"),
        ("DELETE", "/similar/items", "POST"),
        ("POST", "/models", "GET"),
        ("PATCH", "/healthz/live", "GET"),
        ("PUT", "/docs", "GET"),
        ("POST", "/docs/assets/swagger-ui.css", None),
    ],
)
def test_wrong_methods(client: httpx.Client, method: str, path: str, allow: str | None) -> None:
    response = client.request(method, path)
    assert response.status_code == 405
    if method != "HEAD":
        assert_problem(response, 405)
    if allow:
        assert allow in response.headers["allow"]


@pytest.mark.parametrize("method", ["OPTIONS", "DELETE", "PUT", "TRACE"])
@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/", "GET, HEAD"),
        ("/healthz/live", "GET, HEAD"),
        ("/healthz/ready", "GET, HEAD"),
        ("/models", "GET, HEAD"),
        ("/metrics", "GET, HEAD"),
        ("/docs", "GET, HEAD"),
        ("/docs/assets/swagger-ui.css", "GET, HEAD"),
        ("/openapi.json", "GET, HEAD"),
        ("/score", "GET, HEAD, OPTIONS, POST"),
        ("/recommend/users", "POST"),
        ("/similar/items", "POST"),
        ("/admin/models/x/reload", "POST"),
    ],
)
def test_all_methods_that_are_allowed_in_one_order(
    client: httpx.Client, path: str, method: str, allow: str
) -> None:
    response = client.request(method, path)
    if method not in allow:  # /score answers OPTIONS, as the original does
        assert response.status_code == 405
        assert response.headers["allow"] == allow


@pytest.mark.parametrize("path", ["/recommend/users", "/similar/items"])
@pytest.mark.parametrize(
    "content_type",
    [None, "text/plain", "application/xml", "application/x-www-form-urlencoded", "json", "", ";"],
)
def test_bodies_that_are_not_declared_json(
    client: httpx.Client, path: str, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    assert_problem(client.post(path, content=b"{}", headers=headers), 415)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/x+json",
    ],
)
def test_bodies_that_are(client: httpx.Client, content_type: str) -> None:
    content = json.dumps({"users": [USER]})
    headers = {"content-type": content_type}
    assert client.post("/recommend/users", content=content, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/recommend/users", "/similar/items"])
def test_bodies_over_the_limit(client: httpx.Client, path: str) -> None:
    limit = 1024 * 1024
    problem = assert_problem(client.post(path, content=b" " * (limit + 1), headers=JSON), 413)
    assert problem["detail"] == f"The body is larger than {limit} bytes (MAX_BODY_BYTES)"

    def chunks() -> Any:
        for _ in range(17):
            yield b" " * (limit // 16)

    assert_problem(client.post(path, content=chunks(), headers=JSON), 413)
    just_under = b" " * (limit - 2) + b"{}"
    assert_problem(client.post(path, content=just_under, headers=JSON), 422)


@pytest.mark.parametrize("path", ["/recommend/users", "/similar/items"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[",
        b"nonsense",
        b'{"users": NaN',
        b"\xff\xfe",
        b'{"users": "\xff"}',
        b'{"users": "\\ud800"}',
        b"[" * 10_000,
        b'{"users":' * 10_000,
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
    ],
)
def test_invalid_json_and_encodings(client: httpx.Client, path: str, body: bytes) -> None:
    assert_invalid(client.post(path, content=body, headers=JSON), "body", "json_invalid")


@pytest.mark.parametrize("body", [b"null", b"[]", b"1", b'"text"', b"NaN", b"true"])
def test_bodies_that_are_no_object(client: httpx.Client, body: bytes) -> None:
    assert_invalid(client.post("/recommend/users", content=body, headers=JSON), "body")


RECOMMEND = [
    ({}, "users", "missing"),
    ({"users": []}, "users", "too_short"),
    ({"users": [USER] * 1001}, "users", "too_long"),
    ({"users": USER}, "users", "list_type"),
    ({"users": None}, "users", "list_type"),
    ({"users": [6000]}, "users.0", "dict_type"),
    ({"users": [{}]}, "users.0.visitorid", "missing"),
    ({"users": [USER, {"period": "Night"}]}, "users.1.visitorid", "missing"),
    ({"users": [{"visitorid": None}]}, "users.0.visitorid", "int_type"),
    ({"users": [{"visitorid": "6000.0"}]}, "users.0.visitorid", "int_type"),
    ({"users": [{"visitorid": True}]}, "users.0.visitorid", "int_type"),
    ({"users": [{"visitorid": 6000.5}]}, "users.0.visitorid", None),
    ({"users": [{"visitorid": [1]}]}, "users.0.visitorid", "int_type"),
    ({"users": [{"visitorid": 2**63}]}, "users.0.visitorid", "less_than_equal"),
    ({"users": [{"visitorid": -(2**63) - 1}]}, "users.0.visitorid", "greater_than_equal"),
    ({"users": [{"visitorid": 10**300}]}, "users.0.visitorid", None),
    ({"users": [{**USER, **ITEM}]}, "users.0.itemid", "extra_forbidden"),
    ({"users": [ITEM]}, "users.0.visitorid", "missing"),
    ({"users": [{**USER, "color": "red"}]}, "users.0.color", "extra_forbidden"),
    ({"users": [{**USER, "period": 3}]}, "users.0.period", "string_type"),
    ({"users": [{**USER, "period": ["Night"]}]}, "users.0.period", "string_type"),
    ({"users": [{**USER, "month": "8"}]}, "users.0.month", "int_type"),
    ({"users": [{**USER, "month": 8.5}]}, "users.0.month", None),
    ({"users": [{**USER, "month": 10**30}]}, "users.0.month", None),
    ({"users": [{**USER, "weekday": False}]}, "users.0.weekday", "int_type"),
    ({"users": [USER], "k": 0}, "k", "greater_than_equal"),
    ({"users": [USER], "k": -1}, "k", "greater_than_equal"),
    ({"users": [USER], "k": 1001}, "k", "less_than_equal"),
    ({"users": [USER], "k": 10**40}, "k", None),
    ({"users": [USER], "k": "10"}, "k", "int_type"),
    ({"users": [USER], "k": None}, "k", "int_type"),
    ({"users": [USER], "k": 1.5}, "k", None),
    ({"users": [USER], "exclude_known": "yes"}, "exclude_known", "bool_type"),
    ({"users": [USER], "exclude_known": 1}, "exclude_known", "bool_type"),
    ({"users": [USER], "items": []}, "items", "too_short"),
    ({"users": [USER], "items": ["+152913"]}, "items.0", "int_type"),
    ({"users": [USER], "items": list(range(1001))}, "items", "too_long"),
    ({"users": [USER], "exclude_items": [1, None]}, "exclude_items.1", "int_type"),
    ({"users": [USER], "exclude_items": list(range(1001))}, "exclude_items", "too_long"),
    ({"users": [USER], "model": "best"}, "model", "literal_error"),
    ({"users": [USER], "side_data_defaults": None}, "side_data_defaults", "bool_type"),
    ({"users": [USER], "K": 3}, "K", "extra_forbidden"),
    ({"users": [{**USER, "period": "Night"}], "model": "similarity"}, "users.0.period", None),
]
SIMILAR = [
    ({}, "items", "missing"),
    ({"items": []}, "items", "too_short"),
    ({"items": [ITEM] * 1001}, "items", "too_long"),
    ({"items": [152913]}, "items.0", "dict_type"),
    ({"items": [{}]}, "items.0.itemid", "missing"),
    ({"items": [{"itemid": "x"}]}, "items.0.itemid", "int_type"),
    ({"items": [{"itemid": 2**64}]}, "items.0.itemid", "less_than_equal"),
    ({"items": [{**ITEM, **USER}]}, "items.0.visitorid", "extra_forbidden"),
    ({"items": [ITEM], "k": 0}, "k", "greater_than_equal"),
    ({"items": [ITEM], "model": "auto"}, "model", "literal_error"),
    ({"items": [ITEM], "exclude_known": True}, "exclude_known", "extra_forbidden"),
]


@pytest.mark.parametrize(("body", "field", "kind"), RECOMMEND, ids=lambda value: str(value)[:50])
def test_fields_of_recommend_users(
    client: httpx.Client, body: Any, field: str, kind: str | None
) -> None:
    response = client.post("/recommend/users", content=json.dumps(body), headers=JSON)
    assert_invalid(response, field, kind)


@pytest.mark.parametrize(("body", "field", "kind"), SIMILAR, ids=lambda value: str(value)[:50])
def test_fields_of_similar_items(
    client: httpx.Client, body: Any, field: str, kind: str | None
) -> None:
    response = client.post("/similar/items", content=json.dumps(body), headers=JSON)
    assert_invalid(response, field, kind)


RICH = [
    ({"hour": "noon"}, "users.0.hour"),
    ({"vector": [1.0, 2.0]}, "users.0.vector"),
    ({"vector": [1.0, 2.0, "3"]}, "users.0.vector.2"),
    ({"vector": {"0": 1.0}}, "users.0.vector"),
    ({"tags": "new"}, "users.0.tags"),
    ({"tags": [1]}, "users.0.tags.0"),
    ({"weights": ["a"]}, "users.0.weights"),
    ({"weights": {"a": "1"}}, "users.0.weights.a"),
    ({"weights": {"a": None}}, "users.0.weights.a"),
]


@pytest.mark.parametrize(("side", "field"), RICH, ids=str)
def test_side_data_of_every_mode(
    rich_client: httpx.Client, side: dict[str, Any], field: str
) -> None:
    response = rich_client.post("/recommend/users", json={"users": [{"user_id": "u", **side}]})
    assert_invalid(response, field)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("place", ['"hour": {}', '"vector": [0, {}, 0]', '"weights": {{"a": {}}}'])
def test_numbers_that_are_none(rich_client: httpx.Client, number: str, place: str) -> None:
    body = f'{{"users": [{{"user_id": "u", {place.format(number)}}}]}}'
    assert_problem(rich_client.post("/recommend/users", content=body, headers=JSON), 422)


@pytest.mark.parametrize("id", [1, None, 1.5, ["a"]])
def test_string_ids_are_strings(rich_client: httpx.Client, id: Any) -> None:
    response = rich_client.post("/recommend/users", json={"users": [{"user_id": id}]})
    assert_invalid(response, "users.0.user_id", "string_type")


def test_a_thousand_errors_are_not_all_told(client: httpx.Client) -> None:
    response = client.post("/recommend/users", json={"users": [{"visitorid": "x"}] * 1000})
    problem = assert_problem(response, 422)
    assert len(problem["errors"]) == SHOWN_ERRORS
    assert problem["detail"].endswith("(and 999 more errors)")
    assert len(response.content) < 4000


def test_too_many_errors_are_only_counted(client: httpx.Client) -> None:
    row = {"visitorid": 1, **{str(number): 1 for number in range(LISTED_ERRORS)}}
    problem = assert_problem(client.post("/recommend/users", json={"users": [row]}), 422)
    assert len(problem["errors"]) == SHOWN_ERRORS
    assert problem["detail"].endswith(f"(and {LISTED_ERRORS - 1} more errors)")
    row["one more"] = 1
    problem = assert_problem(client.post("/recommend/users", json={"users": [row]}), 422)
    (told,) = problem["errors"]
    assert told["type"] == "too_many_errors"
    assert told["message"].startswith(f"{LISTED_ERRORS + 1} errors, which are too many")


def test_input_is_not_echoed(client: httpx.Client) -> None:
    response = client.post("/recommend/users", json={"users": [{"visitorid": "secret" * 1000}]})
    assert "secret" not in response.text


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)
ROW = st.dictionaries(
    st.sampled_from(["visitorid", "itemid", "period", "month", "weekday", "x"]),
    ANYTHING,
    max_size=5,
)
BODY = st.dictionaries(
    st.sampled_from(
        ["users", "items", "k", "exclude_known", "exclude_items", "model", "side_data_defaults"]
    ),
    ANYTHING | st.lists(ROW, max_size=4) | st.sampled_from([1, 10, "auto", True, [152913]]),
    max_size=7,
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["/recommend/users", "/similar/items", "/score"]),
    (BODY | ANYTHING | st.lists(ROW)).map(lambda body: json.dumps(body).encode())
    | st.binary(max_size=60),
)
def test_no_body_breaks_the_service(client: httpx.Client, path: str, body: bytes) -> None:
    response = client.post(path, content=body, headers=JSON)
    assert response.status_code < 500
    response.json()
    if path != "/score" and response.status_code != 200:
        assert_problem(response, response.status_code)


def test_a_request_that_is_no_http(client: httpx.Client) -> None:
    with RawConnection(client.base_url.port or 0) as connection:
        connection.send(b"\x16\x03\x01 nonsense\r\n\r\n")
        assert connection.answer().status == 400
    assert client.get("/healthz/live").status_code == 200


def test_many_lines_arrive_whole(client: httpx.Client) -> None:
    """They are parsed in many rounds of the event loop."""
    body = b'{"users": [{"visitorid": 6000}],' + 50_000 * b"\r\n" + b'"k": 1}'
    headers = {f"x{number}": "y" for number in range(100)}
    json = {"content-type": "application/json"}
    plain = client.post(
        "/recommend/users", content=b'{"users": [{"visitorid": 6000}], "k": 1}', headers=json
    )
    assert plain.status_code == 200
    for content, more in (
        (body, {}),
        (body, headers),
        (iter([body[:70_000], body[70_000:]]), headers),
    ):
        answer = client.post("/recommend/users", content=content, headers={**json, **more})
        assert (answer.status_code, answer.content) == (200, plain.content)


def test_too_many_headers_are_refused(client: httpx.Client) -> None:
    headers = {f"x{number}": "y" for number in range(MAX_HEADERS + 1)}
    assert_problem(client.get("/healthz/live", headers=headers), 431)
    few = {f"x{number}": "y" for number in range(MAX_HEADERS - 20)}
    assert client.get("/healthz/live", headers=few).status_code == 200
