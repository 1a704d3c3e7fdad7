"""What callers are told to send instead of what they sent."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from app.limits import SHOWN_TEXT
from tests.support.problems import assert_problem

USERS, BASKETS, PREDICT = "/recommend/users", "/recommend/baskets", "/predict"
GOOD: dict[str, Any] = {"users": [{"visitorid": 6000}]}
BASKET = "baskets.0: Input should be a list of items, or an object with `items`, such as "
OBJECT = "Input should be an object, such as "
LONG = "a" * 1000
CUT = "a" * SHOWN_TEXT + "..."

EXAMPLES: list[tuple[str, Any, str]] = [
    (USERS, {"users": [6000]}, "users.0: " + OBJECT + '{"visitorid": 6000}, got'),
    (USERS, {"users": [LONG]}, f'such as {{"visitorid": "{CUT}"}}, got a string'),
    (USERS, {"users": [10**400]}, 'such as {"visitorid": ...}, got a number'),
    (USERS, {"users": [1.5]}, 'such as {"visitorid": 1.5}, got a number'),
    (USERS, {"users": [True]}, 'such as {"visitorid": ...}, got true or false'),
    (USERS, {"users": ['"\n']}, r'such as {"visitorid": "\"\n"}, got a string'),
    (USERS, {**GOOD, "interactions": [5]}, 'such as {"visitorid": 5, "itemid": ...}, got a number'),
    (USERS, {**GOOD, "user_data": [5]}, 'such as {"visitorid": 5}, got a number'),
    (USERS, {**GOOD, "item_data": [5]}, 'such as {"itemid": 5}, got a number'),
    (
        USERS,
        {**GOOD, "items": [{"itemid": 5}]},
        "items.0: Input should be a valid integer, such as 5",
    ),
    (USERS, {**GOOD, "items": [{"a": 5, "b": 6}]}, "should be a valid integer, got an object"),
    (
        USERS,
        {**GOOD, "exclude_items": 5},
        "exclude_items: Input should be a valid array, such as [5], got",
    ),
    ("/similar/items", {"items": [2250]}, "items.0: " + OBJECT + '{"itemid": 2250}'),
    ("/similar/users", {"users": ["1"]}, "users.0: " + OBJECT + '{"visitorid": "1"}'),
    (
        PREDICT,
        {"pairs": [[6000, 2250]]},
        'such as {"visitorid": 6000, "itemid": 2250}, got an array',
    ),
    (PREDICT, {"pairs": [[6000]]}, 'such as {"visitorid": 6000, "itemid": ...}, got an array'),
    (PREDICT, {"pairs": [[1, 2, 3]]}, 'such as {"visitorid": ..., "itemid": ...}, got an array'),
    (PREDICT, [6000], "body: " + OBJECT + '{"pairs": [...]}, got an array'),
    (BASKETS, {"baskets": [[2250, 7891]]}, "baskets.0.0: " + OBJECT + '{"itemid": 2250}'),
    (BASKETS, {"baskets": [{"items": [5]}]}, "baskets.0.items.0: " + OBJECT + '{"itemid": 5}'),
    (BASKETS, {"baskets": [2250]}, BASKET + '[{"itemid": 2250}], got a number'),
    (BASKETS, {"baskets": ["2250"]}, BASKET + '[{"itemid": "2250"}], got a string'),
    (BASKETS, {"baskets": [None]}, BASKET + '[{"itemid": ...}], got null'),
    (BASKETS, {"baskets": 2250}, 'such as [[{"itemid": 2250}]], got a number'),
]
NAMES: list[tuple[str, Any, str, str]] = [
    (USERS, {"users": [{"visitorId": 1}]}, "users.0.visitorId", "visitorid"),
    (USERS, {"users": [{"visitor_id": 1}]}, "users.0.visitor_id", "visitorid"),
    (USERS, {"users": [{"visitorid": 1, "weekdays": 1}]}, "users.0.weekdays", "weekday"),
    (USERS, {"user": [{"visitorid": 1}]}, "user", "users"),
    (USERS, {**GOOD, "exclude": [5]}, "exclude", "exclude_items"),
    (USERS, {**GOOD, "explain": True}, "explain", "why"),
    (
        USERS,
        {**GOOD, "interactions": [{"visitorid": 1, "item": 1}]},
        "interactions.0.item",
        "itemid",
    ),
    (PREDICT, {"pairs": [{"visitorid": 1, "itemId": 1}]}, "pairs.0.itemId", "itemid"),
    (BASKETS, {"baskets": [{"items": [], "visitorid": 5}]}, "baskets.0.visitorid", "visitor"),
    (BASKETS, {"baskets": [{"item": []}]}, "baskets.0.item", "items"),
    (BASKETS, {"baskets": [[{"itemID": 5}]]}, "baskets.0.0.itemID", "itemid"),
]


def detail(client: httpx.Client, path: str, body: Any) -> str:
    found: str = assert_problem(client.post(path, json=body), 422)["detail"]
    return found


@pytest.mark.parametrize(("path", "body", "told"), EXAMPLES, ids=str)
def test_an_example_shows_what_to_send(
    client: httpx.Client, path: str, body: Any, told: str
) -> None:
    assert told in detail(client, path, body)


def test_examples_have_the_names_and_ids_of_the_model(rich_client: httpx.Client) -> None:
    for body in ({"baskets": [["x"]]}, {"baskets": [{"items": ["x"]}]}):
        assert 'an object, such as {"item_id": "x"}, got' in detail(rich_client, BASKETS, body)


@pytest.mark.parametrize(("path", "body", "field", "meant"), NAMES, ids=str)
def test_the_name_that_was_meant_comes_first(
    client: httpx.Client, path: str, body: Any, field: str, meant: str
) -> None:
    found = detail(client, path, body).removesuffix(" (and 1 more error)")
    assert found.startswith(f"{field}: Extra inputs are not permitted; known are ")
    assert found.endswith(f"; did you mean `{meant}`?")


def test_names_that_nothing_is_near_to(client: httpx.Client) -> None:
    for name in ("colour", "x" * 5000, ""):
        body = {"users": [{"visitorid": 1, name: 1}]}
        assert detail(client, USERS, body).endswith("known are visitorid, period, month, weekday")


def test_what_is_missing_elsewhere_stays_the_first_error(client: httpx.Client) -> None:
    body = {"users": [{}, {"visitorId": 1}]}
    assert detail(client, USERS, body) == "users.0.visitorid: Field required (and 2 more errors)"
    fields = assert_problem(client.post(USERS, json={"users": [{"visitorId": 1}]}), 422)["errors"]
    assert [each["field"] for each in fields] == ["users.0.visitorid", "users.0.visitorId"]


def test_of_several_unknown_names_the_one_that_was_meant_comes_first(client: httpx.Client) -> None:
    body = {"users": [{"colour": 1, "visitorId": 1}]}
    assert detail(client, USERS, body).startswith("users.0.visitorId: ")
    body = {"users": [{"colour": 1, "size": 1}]}
    assert detail(client, USERS, body).startswith("users.0.colour: ")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (USERS, "RecommendRequest"),
        (BASKETS, "BasketRequest"),
        (PREDICT, "PredictRequest"),
        ("/similar/items", "SimilarItemsRequest"),
        ("/similar/users", "SimilarUsersRequest"),
    ],
)
def test_every_list_that_is_too_long_names_its_setting(
    client: httpx.Client, path: str, name: str
) -> None:
    rows: dict[str, Any] = {
        "users": {"visitorid": 1},
        "user_data": {"visitorid": 1},
        "items": {"itemid": 1} if "items" in path else 1,
        "pairs": {"visitorid": 1, "itemid": 1},
        "interactions": {"visitorid": 1, "itemid": 1},
        "item_data": {"itemid": 1},
        "exclude_items": 1,
        "baskets": [],
    }
    properties = client.get("/openapi.json").json()["components"]["schemas"][name]["properties"]
    forms = {field: schema.get("anyOf", [schema])[0] for field, schema in properties.items()}
    lists = [field for field, form in forms.items() if form.get("type") == "array"]
    assert len(lists) > 0
    for field in lists:
        errors = client.post(path, json={field: [rows[field]] * 1001}).json()["errors"]
        (message,) = [each["message"] for each in errors if each["field"] == field]
        assert "at most 1000 items, not 1001 (MAX_" in message, field
