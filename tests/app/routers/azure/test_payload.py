"""Payloads of the drop-in: what they stand for, and what they may not make of a few bytes."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from app.errors import ScoreError
from app.limits import MAX_VALUES
from app.routers.azure.payload import records_of

KNOWN = {"visitorid", "itemid", "month", "period"}


@pytest.mark.parametrize(
    ("payload", "records"),
    [
        ([{"visitorid": 1}, {"x": 2}], [{"visitorid": 1}, {"x": 2}]),
        ({"visitorid": [1, 2]}, [{"visitorid": 1}, {"visitorid": 2}]),
        (
            {"visitorid": [1, 2], "period": "Night"},
            [{"visitorid": 1, "period": "Night"}, {"visitorid": 2, "period": "Night"}],
        ),
        ({"visitorid": 1, "month": 8}, [{"visitorid": 1, "month": 8}]),
        ({"a": 1, "visitorid": 1, "b": 2}, [{"visitorid": 1, "a": 1}]),
    ],
)
def test_records(payload: Any, records: list[dict[str, Any]]) -> None:
    assert records_of(payload, 1000, KNOWN) == records


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ([], "must be a JSON array of one record or more"),
        ({"visitorid": []}, "one record or more"),
        ({"visitorid": [1] * 1001}, "more than 1000 records"),
        ([{}] * 1001, "more than 1000 records"),
        ({"visitorid": [1, 2], "month": [1]}, "differ in length"),
        ([{}, 1], "record 1 is not a JSON object"),
        ("x", "must be a JSON array"),
    ],
)
def test_what_is_none(payload: Any, message: str) -> None:
    with pytest.raises(ScoreError, match=message):
        records_of(payload, 1000, KNOWN)


def test_columns_that_no_model_has_are_not_multiplied() -> None:
    columns: dict[str, Any] = {"visitorid": [1] * 1000}
    columns.update({str(number): 1 for number in range(100_000)})
    records = records_of(columns, 1000, KNOWN)
    assert len(records) == 1000
    assert all(len(record) == 2 for record in records)


def test_what_stands_for_all_records_counts_as_often() -> None:
    weights = {str(number): 1.0 for number in range(50)}
    columns: dict[str, Any] = {"visitorid": [1] * 1000, "month": weights}
    assert len(records_of(columns, 1000, KNOWN)) == 1000
    columns["month"] = {**weights, "one": 1.0}
    with pytest.raises(ScoreError, match=f"more than {MAX_VALUES} values"):
        records_of(columns, 1000, KNOWN)


@pytest.mark.parametrize("text", ['"\\ud800"', "NaN", "-Infinity", "[" * 5000, "1" * 5000, "'a'"])
def test_json_is_read_as_by_the_other_endpoints(rich_client: httpx.Client, text: str) -> None:
    headers = {"content-type": "application/json"}
    row = f'[{{"user_id":"u1","hour":{text}}}]'
    refused = rich_client.post("/score", content=row, headers=headers)
    assert refused.status_code == 400
    assert refused.json()["message"].startswith("Error: the payload is not valid JSON: ")
    body = f'{{"users":{row}}}'
    other = rich_client.post("/recommend/users", content=body, headers=headers)
    assert other.json()["errors"][0]["type"] in ("json_invalid", "finite_number")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("month", "1e400"),
        ("hour", "-1e400"),
        ("vector", "[0, 1e400, 0]"),
        ("weights", '{"a": 1e400}'),
        ("hour", "1" + "0" * 400 + ".0"),
    ],
)
def test_numbers_beyond_the_range_of_floats_are_refused(
    rich_client: httpx.Client, name: str, value: str
) -> None:
    answer = rich_client.post("/score", content=f'[{{"user_id":"u1","{name}":{value}}}]')
    assert (answer.status_code, answer.json()) == (
        400,
        {"message": f"Error: record 0: {name} is too large"},
    )


def test_a_column_that_no_model_has_is_named(client: httpx.Client) -> None:
    answer = client.post("/score", json={"visitorid": [1], "month": 8, "color": 1, "size": 2})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Error: record 0: color: ")


def test_many_parameters_take_no_longer_than_their_number(client: httpx.Client) -> None:
    def seconds(query: str) -> float:
        started = time.perf_counter()
        assert client.get(f"/score?{query}").status_code == 400
        return time.perf_counter() - started

    few = min(seconds("&".join(f"a{number}=1" for number in range(400))) for _ in range(3))
    for many in ("&".join(f"a{number:x}=1" for number in range(4000)), "&".join(["a=1"] * 8000)):
        assert min(seconds(many) for _ in range(3)) < 100 * few  # ten to twenty times as many
