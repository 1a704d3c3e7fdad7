"""Callers of `/score` read of objects and arrays, not of dict and list."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from app.routers.azure.wording import of_records
from turi_recommender.errors import QueryError

PYTHON = ("dict", "dictionary", "list", "str", "int", "float", "bool", "None", "NoneType")
VALUES: list[Any] = [True, 7, 7.5, "text", [1, [2]], {"a": {}}, {"a": [1]}, [None], [{"a": 1}]]


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("expected an integer, got str", "expected an integer, got a string"),
        ("expected an integer, got float", "expected an integer, got a number"),
        ("expected a number, got bool", "expected a number, got true or false"),
        ("expected a list, got dict", "expected an array, got an object"),
        ("expected a dictionary, got list", "expected an object, got an array"),
        (
            "expected a string or a number, got list; None is the missing value",
            "expected a string or a number, got an array; null is the missing value",
        ),
        ("expected a list, got null", "expected an array, got null"),
        ("expected 3 numbers, got 2", "expected 3 numbers, got 2"),
        ("the model was not trained with this column",) * 2,
    ],
)
def test_messages(message: str, wanted: str) -> None:
    error = QueryError(("users", 0, "list"), message)
    assert of_records(error, "item") == f"record 0: list: {wanted}"


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (("users", 3), "record 3: no"),
        (("users", 3, "tags", 7), "record 3: tags.7: no"),
        (("items", 3), "record 3: item: no"),
        (("items", 3, "item"), "record 3: item: no"),
        (("k",), "no"),
        (("users",), "no"),
        (("model",), "no"),
    ],
)
def test_places_are_records(path: tuple[str | int, ...], wanted: str) -> None:
    assert of_records(QueryError(path, "no"), "item") == wanted


def test_no_type_of_python_is_named(rich_client: httpx.Client) -> None:
    (ranking,) = [
        one for one in rich_client.get("/models").json()["models"] if one["role"] == "ranking"
    ]
    user, side = ranking["user_column"]["name"], ranking["side_columns"]
    count = 0
    for name in (user, *(column["name"] for column in side)):
        for value in VALUES:
            record = [{user: "u", name: value}]
            answer = rich_client.post("/score", content=json.dumps(record))
            if answer.status_code == 400:
                told = answer.json()["message"].replace(".", " ").replace(",", " ").split()
                assert not set(told) & set(PYTHON), told
                count += 1
    assert count > 10
