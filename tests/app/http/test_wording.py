"""Typical mistakes: each answer tells the developer what to change."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from app.http.wording import why_not_json
from tests.support.problems import assert_problem

JSON = {"content-type": "application/json"}
GOOD = {"users": [{"visitorid": 6000}]}
TEXT = json.dumps(GOOD)
RECORDS = json.dumps([{"visitorid": 6000}])
ROW = "known are visitorid, period, month, weekday"
FIELDS = "known are users, k, exclude_known, items, exclude_items, model,"
OBJECT = "Input should be an object, such as "
ARRAY = "users: Input should be a valid array, such as "

BODIES: list[tuple[Any, str]] = [
    (
        [{"visitorid": 6000}],
        "body: " + OBJECT + '{"users": [...]}, got an array',
    ),
    (TEXT, "body: " + OBJECT + '{"users": [...]}, got a string'),
    (None, "body: " + OBJECT + '{"users": [...]}, got null'),
    ({}, "users: Field required"),
    (
        {"users": 6000},
        ARRAY + '[{"visitorid": 6000}], got a number',
    ),
    (
        {"users": {"visitorid": 1}},
        ARRAY + '[{"visitorid": 1}], got an object',
    ),
    ({"users": []}, "users: List should have at least 1 item, not 0"),
    (
        {"users": [6000]},
        "users.0: " + OBJECT + '{"visitorid": 6000}, got a number',
    ),
    (
        {"users": [[]]},
        "users.0: " + OBJECT + '{"visitorid": ...}, got an array',
    ),
    ({"users": [{"visitorid": "me"}]}, "Input should be a valid integer, got a string"),
    ({"users": [{"visitorid": "6000 "}]}, "integer, got a string that is not all digits"),
    ({"users": [{"visitorid": ""}]}, "Input should be a valid integer, got an empty string"),
    ({"users": [{"visitorid": "1" * 20}]}, "integer, got a string of more than 19 digits"),
    ({**GOOD, "items": ["guest"]}, "items.0: Input should be a valid integer, got a string that"),
    ({"users": [{"visitorid": 1.5}]}, "valid integer, got a number with a fraction"),
    ({"users": [{"visitorid": None}]}, "Input should be a valid integer, got null"),
    ({"users": [{"visitorid": 1, "colour": 1}]}, f"Extra inputs are not permitted; {ROW}"),
    ({"users": [{"visitorid": 1, "period": 1}]}, "period: Input should be a valid string, got a"),
    ({**GOOD, "k": 0}, "k: Input should be greater than or equal to 1"),
    ({**GOOD, "k": 1001}, "k: Input should be less than or equal to 1000 (MAX_K)"),
    ({"users": [{"visitorid": 1}] * 1001}, "at most 1000 items, not 1001 (MAX_USERS)"),
    ({**GOOD, "items": [1] * 1001}, "items: List should have at most 1000 items, not 1001 (MAX_I"),
    ({**GOOD, "exclude_items": [1] * 1001}, "at most 1000 items, not 1001 (MAX_ITEMS)"),
    (
        {"users": [{"visitorid": 1, "period": "Night"}], "model": "similarity"},
        "period: the model was not trained with this column; it has no side columns; "
        "the ranking model has it",
    ),
    ({**GOOD, "k": "10"}, "k: Input should be a valid integer, got a string"),
    ({**GOOD, "exclude_known": "no"}, "exclude_known: Input should be a valid boolean, got a"),
    ({**GOOD, "top_k": 3}, f"top_k: Extra inputs are not permitted; {FIELDS}"),
    ({**GOOD, "model": "best"}, "model: Input should be 'auto', 'similarity' or 'ranking'"),
]
NOT_JSON = [
    (b"", "the body is empty"),
    (b" \n", "the body is empty"),
    (b"\xef\xbb\xbf[]", "it begins with a byte order mark; send UTF-8 without one"),
    ("[]".encode("utf-16"), "it looks like UTF-16; send UTF-8"),
    ("[]".encode("utf-16-be"), "it looks like UTF-16; send UTF-8"),
    (b'{"a": "\xe9"}', "send UTF-8"),
    (b"{'a': 1}", "names and strings need double quotes"),
    (b"{a: 1}", "names and strings need double quotes"),
    (b"['a']", "names and strings need double quotes"),
    (b"[None]", "the only words are null, true and false"),
    (b"[True]", "the only words are null, true and false"),
    (b"visitorid=6000", "JSON begins with { or ["),
    (b'{"a": 1,}', "trailing comma"),
    (b'{"a": [1', "EOF while parsing"),
    (b"[] []", "trailing characters"),
]
PAYLOADS: list[tuple[Any, str]] = [
    (RECORDS, "one record or more, got a string"),
    ([], "one record or more, got an empty one"),
    ({"visitorid": []}, "one record or more, got empty columns"),
    (None, "one record or more, got null"),
    ([6000], "record 0 is not a JSON object, but a number"),
    ([[]], "record 0 is not a JSON object, but an array"),
    ({"data": [{"visitorid": 1}]}, "but it has neither (found: data)"),
    ([{"VisitorId": 1}], "but it has neither (found: VisitorId)"),
    ([{}], "but it has neither"),
    (
        [{"visitorid": "guest"}],
        "visitorid: expected an integer, got a string that is not all digits",
    ),
    ([{"visitorid": 1}] * 1001, "more than 1000 records (the larger of MAX_USERS and MAX_ITEMS)"),
    ([{"visitorid": 1}, {"visitorid": 1e300}], "record 1: visitorid: "),
]


@pytest.mark.parametrize(("body", "told"), BODIES, ids=str)
def test_wrong_fields(client: httpx.Client, body: Any, told: str) -> None:
    answer = client.post("/recommend/users", content=json.dumps(body), headers=JSON)
    assert told in assert_problem(answer, 422)["detail"]


@pytest.mark.parametrize(("body", "told"), NOT_JSON, ids=str)
def test_what_is_not_json(client: httpx.Client, body: bytes, told: str) -> None:
    for path in ("/recommend/users", "/similar/items"):
        problem = assert_problem(client.post(path, content=body, headers=JSON), 422)
        assert problem["detail"].startswith("body: Invalid JSON: ")
        assert told in problem["detail"]
    message = client.post("/score", content=body, headers=JSON).json()["message"]
    assert told in message or message.startswith("Input cannot be decoded as UTF-8: ")


@pytest.mark.parametrize(("payload", "told"), PAYLOADS, ids=str)
def test_wrong_payloads(client: httpx.Client, payload: Any, told: str) -> None:
    answer = client.post("/score", content=json.dumps(payload), headers=JSON)
    assert answer.status_code == 400
    assert told in answer.json()["message"]


def test_a_query_without_a_column(client: httpx.Client) -> None:
    for path, told in (("/score", "but it has neither"), ("/score?visitor=1", "(found: visitor)")):
        answer = client.get(path)
        assert answer.status_code == 400
        assert answer.json()["message"].endswith(told)


@pytest.mark.parametrize(
    ("method", "path", "status", "told"),
    [
        ("GET", "/recommend/users", 405, "The path takes POST only"),
        ("POST", "/models", 405, "The path takes GET, HEAD only"),
        ("POST", "/recommend/users/", 404, "There is no such path; did you mean /recommend/users?"),
        ("POST", "/Similar/Items", 404, "There is no such path; did you mean /similar/items?"),
        ("GET", "/nothing", 404, "There is no such path"),
    ],
)
def test_wrong_paths(client: httpx.Client, method: str, path: str, status: int, told: str) -> None:
    assert assert_problem(client.request(method, path), status)["detail"] == told


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{'version': '6'}", "body: Invalid JSON: Expecting property name enclosed in double"),
        (b'{"version": "\xe9"}', "body: Invalid JSON: it is not UTF-8"),
        (b"[" * 3000, "body: Invalid JSON: "),  # CPython 3.13 does not find it too deep
        (b"[]", "body: Input should be an object, got an array"),
        (b'{"version": 6}', "version: Input should be a valid string, got a number"),
    ],
)
def test_requests_of_administrators(client: httpx.Client, body: bytes, told: str) -> None:
    path = "/admin/models/similarity_model/activate"
    answer = client.post(path, content=body, headers=JSON)
    assert told in assert_problem(answer, 422)["detail"]


def test_the_place_is_found_anywhere() -> None:
    reason = "expected value at line 2 column 3"
    assert why_not_json(b"[1,\n  'a']", reason).endswith("double quotes")
    assert why_not_json(b"[1,\n  ", reason) == reason
