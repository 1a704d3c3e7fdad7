"""Bodies of too many values are refused before they are parsed."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from app.errors import TooManyValuesError
from app.http.values import check_values
from app.limits import FEW_BODY_BYTES, MAX_VALUES
from tests.support.problems import assert_problem

MANY: list[dict[str, Any]] = [
    {"users": [{"visitorid": 1, "tags": [[]] * (MAX_VALUES + 1)}]},
    {"items": [{"itemid": 1, **{str(number): 1 for number in range(MAX_VALUES + 1)}}]},
    {"users": [{}] * (MAX_VALUES + 1)},
]


@pytest.mark.parametrize("path", ["/recommend/users", "/similar/items"])
@pytest.mark.parametrize("body", MANY, ids=["lists", "names", "objects"])
def test_they_are_refused_by_name(client: httpx.Client, path: str, body: dict[str, Any]) -> None:
    problem = assert_problem(client.post(path, json=body), 422)
    assert problem["type"] == "urn:turi-recommender:problem:too-many-values"
    assert f"more than {MAX_VALUES} values" in problem["detail"]
    assert problem["detail"].endswith("split the request.")


def test_on_the_drop_in_too(client: httpx.Client) -> None:
    answer = client.post("/score", json=[{"visitorid": 1, "tags": [[]] * (MAX_VALUES + 1)}])
    assert answer.status_code == 400
    assert f"more than {MAX_VALUES} values" in answer.json()["message"]


def test_the_largest_usual_requests_pass() -> None:
    side = {f"column_{number}": 1.5 for number in range(30)}
    items = list(range(1000))
    body = {"users": [{"visitorid": 1, **side}] * 1000, "items": items, "exclude_items": items}
    check_values(json.dumps(body).encode())
    check_values(b"," * FEW_BODY_BYTES)
    with pytest.raises(TooManyValuesError):
        check_values(b"," * (MAX_VALUES + 1))
