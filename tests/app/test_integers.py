"""6000.0 and 6e3 are integers, everywhere; texts, truth values and what is not exact are none."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.support.problems import assert_problem

JSON = {"content-type": "application/json"}
NUMBERS = ["6000", "6000.0", "6e3", "6.0E+3", "600000e-2"]
OTHERS = ['"6000"', "true", "6000.5", "9007199254740993.0", "9007199254740992e0", "1e300", "-1e18"]
PLACES = {
    "/recommend/users": [
        '{{"users":[{{"visitorid":{}}}]}}',
        '{{"users":[{{"visitorid":1}}],"items":[{}]}}',
        '{{"users":[{{"visitorid":1}}],"exclude_items":[{}]}}',
        '{{"users":[{{"visitorid":1,"month":{}}}]}}',
    ],
    "/similar/items": ['{{"items":[{{"itemid":{}}}]}}'],
}
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
@pytest.mark.parametrize("other", OTHERS)
def test_nothing_else_is(client: httpx.Client, path: str, body: str, other: str) -> None:
    assert_problem(post(client, path, body.format(other)), 422)


@pytest.mark.parametrize("k", ["3.0", "3e0", "0.3e1"])
def test_k_is_an_integer_too(client: httpx.Client, k: str) -> None:
    answer = post(client, "/recommend/users", f'{{"users":[{{"visitorid":1}}],"k":{k}}}')
    assert len(answer.json()["recommendations"]) == 3


def test_large_integers_stay_exact(client: httpx.Client) -> None:
    for id in (2**53 + 1, 2**63 - 1, -(2**63)):
        answer = post(client, "/recommend/users", f'{{"users":[{{"visitorid":{id}}}],"k":1}}')
        assert answer.json()["cold_users"] == [id]


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
