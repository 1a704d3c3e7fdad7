"""6000.0 and 6e3 are integers, everywhere; texts, truth values and what is not exact are none.

Strings of digits are ids.
"""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.support.problems import assert_problem

JSON = {"content-type": "application/json"}
NUMBERS = ["6000", "6000.0", "6e3", "6.0E+3", "600000e-2"]
OTHERS = ["true", "6000.5", "9007199254740993.0", "9007199254740992e0", "1e300", "-1e18"]
PLACES = {
    "/recommend/users": [
        '{{"users":[{{"visitorid":{}}}]}}',
        '{{"users":[{{"visitorid":1}}],"items":[{}]}}',
        '{{"users":[{{"visitorid":1}}],"exclude_items":[{}]}}',
        '{{"users":[{{"visitorid":1,"month":{}}}]}}',
    ],
    "/similar/items": ['{{"items":[{{"itemid":{}}}]}}'],
}
WRONG_TEXTS = [
    '"6e3"',
    '"6000.0"',
    '" 6000"',
    '"+6000"',
    '"--1"',
    '"6_000"',
    '"٦"',
    '"6000\\n"',
    '""',
]
MONTH = PLACES["/recommend/users"][3]
IDS = [(path, body) for path, bodies in PLACES.items() for body in bodies if body != MONTH]
EVERYWHERE = [(path, body) for path, bodies in PLACES.items() for body in bodies]


def post(client: httpx.Client, path: str, body: str) -> httpx.Response:
    return client.post(path, content=body, headers=JSON)


@pytest.mark.parametrize(("path", "body"), EVERYWHERE)
@pytest.mark.parametrize("number", NUMBERS)
def test_whole_numbers_are_integers(
    client: httpx.Client, path: str, body: str, number: str
) -> None:
    answer = post(client, path, body.format(number))
    assert answer.status_code == 200, answer.text
    assert answer.content == post(client, path, body.format("6000")).content


@pytest.mark.parametrize(("path", "body"), EVERYWHERE)
@pytest.mark.parametrize("other", [*OTHERS, *WRONG_TEXTS])
def test_nothing_else_is(client: httpx.Client, path: str, body: str, other: str) -> None:
    assert_problem(post(client, path, body.format(other)), 422)


@pytest.mark.parametrize(("path", "body"), IDS)
@pytest.mark.parametrize("text", ['"6000"', '"06000"'])
def test_strings_of_digits_are_ids(client: httpx.Client, path: str, body: str, text: str) -> None:
    answer = post(client, path, body.format(text))
    assert answer.status_code == 200, answer.text
    assert answer.content == post(client, path, body.format("6000")).content


@pytest.mark.parametrize(("path", "body"), IDS)
@pytest.mark.parametrize(
    "digits", ["9223372036854775808", "-9223372036854775809", "1" + "0" * 19, "1" * 5000]
)
def test_strings_of_digits_have_64_bits(
    client: httpx.Client, path: str, body: str, digits: str
) -> None:
    assert_problem(post(client, path, body.format(f'"{digits}"')), 422)


@pytest.mark.parametrize("body", [MONTH, '{{"users":[{{"visitorid":1}}],"k":{}}}'])
def test_strings_of_digits_are_nothing_else(client: httpx.Client, body: str) -> None:
    assert_problem(post(client, "/recommend/users", body.format('"6"')), 422)


def test_the_document_calls_ids_integers(client: httpx.Client) -> None:
    parts = client.get("/openapi.json").json()["components"]["schemas"]
    asked = parts["RecommendRequest"]["properties"]
    lists = [asked[name]["anyOf"][0]["items"] for name in ("items", "exclude_items")]
    user, item = parts["User"]["properties"]["visitorid"], parts["Item"]["properties"]["itemid"]
    for schema in (user, item, *lists):
        assert schema["type"] == "integer"
        assert "string of digits" in schema["description"]
    for name, field in (("Recommendation", "visitorid"), ("SimilarItem", "similar")):
        assert "description" not in parts[name]["properties"][field]


@pytest.mark.parametrize("k", ["3.0", "3e0", "0.3e1"])
def test_k_is_an_integer_too(client: httpx.Client, k: str) -> None:
    answer = post(client, "/recommend/users", f'{{"users":[{{"visitorid":1}}],"k":{k}}}')
    assert len(answer.json()["recommendations"]) == 3


def test_large_integers_stay_exact(client: httpx.Client) -> None:
    for id in (2**53 + 1, 2**63 - 1, -(2**63)):
        answer = post(client, "/recommend/users", f'{{"users":[{{"visitorid":{id}}}],"k":1}}')
        assert answer.json()["cold_users"] == [id]
        text = post(client, "/recommend/users", f'{{"users":[{{"visitorid":"{id}"}}],"k":1}}')
        assert text.content == answer.content


@pytest.mark.parametrize("name", ["visitorid", "itemid", "month"])
@pytest.mark.parametrize("number", NUMBERS)
def test_the_drop_in_reads_them_alike(client: httpx.Client, name: str, number: str) -> None:
    def ask(value: str) -> Any:
        head = '"visitorid":1,' if name == "month" else ""
        answer = post(client, "/score", f'[{{{head}"{name}":{value}}}]')
        assert answer.status_code == 200, answer.text
        return json.loads(answer.json())

    assert ask(number) == ask("6000")


@pytest.mark.parametrize("name", ["visitorid", "itemid", "month"])
@pytest.mark.parametrize("number", ["9007199254740993.0", "1e300"])
def test_the_drop_in_refuses_what_is_not_exact(
    client: httpx.Client, name: str, number: str
) -> None:
    head = '"visitorid":1,' if name == "month" else ""
    answer = post(client, "/score", f'[{{{head}"{name}":{number}}}]')
    assert answer.status_code == 400
    assert "it is not exact" in answer.json()["message"]


def test_keys_of_dictionaries_are_texts(rich_client: httpx.Client) -> None:
    body = '{"users":[{"user_id":"u","weights":{"a":1,"b":2.5}}]}'
    assert post(rich_client, "/recommend/users", body).status_code == 200


@pytest.mark.parametrize("name", ["visitorid", "itemid", "month"])
@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_the_drop_in_refuses_what_has_no_64_bits(
    client: httpx.Client, name: str, number: int
) -> None:
    head = '"visitorid":1,' if name == "month" else ""
    answer = post(client, "/score", f'[{{{head}"{name}":{number}}}]')
    assert answer.status_code == 400
    assert answer.json()["message"] == f"Error: record 0: {name} is too large"
