"""From a request of the drop-in to records: a JSON body, or the parameters of a query."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import Request

from ...errors import ScoreError
from ...http.body import read_body

Record = dict[str, Any]


async def read_payload(request: Request) -> Any:
    """Return the payload: the body, or the query parameters of a GET request.

    Raises
    ------
    ScoreError
        If the body is not JSON.
    HTTPException
        If it is too large.
    """
    if request.method == "GET":
        return _from_parameters(request)
    body = await read_body(request.receive)
    try:
        return _parse(body.decode())
    except UnicodeDecodeError as error:
        raise ScoreError(f"Input cannot be decoded as UTF-8: {error.reason}") from None
    except (ValueError, RecursionError):
        raise ScoreError("Error: the payload is not valid JSON") from None


def records_of(payload: Any, limit: int) -> list[Record]:
    """Return a payload's records: an array of objects, or an object of columns.

    Parameters
    ----------
    payload : any JSON value
    limit : int
        Most records that it may have.

    Raises
    ------
    ScoreError
        If it has none, too many, or something else.
    """
    if isinstance(payload, dict):
        payload = list(_from_columns(payload))
    if not isinstance(payload, list) or not payload:
        raise ScoreError("Error: the payload must be a JSON array of one record or more")
    if len(payload) > limit:
        raise ScoreError(f"Error: the payload has more than {limit} records")
    for position, record in enumerate(payload):
        if not isinstance(record, dict):
            raise ScoreError(f"Error: record {position} is not a JSON object")
    return payload


def _from_columns(columns: Mapping[str, Any]) -> Iterator[Record]:
    """Turn ``{"visitorid": [1, 2], "period": "Night"}`` into records; one value stands for all."""
    lengths = {len(values) for values in columns.values() if isinstance(values, list)}
    if len(lengths) > 1:
        raise ScoreError("Error: the columns of the payload differ in length")
    for position in range(lengths.pop() if lengths else 1):
        yield {
            name: values[position] if isinstance(values, list) else values
            for name, values in columns.items()
        }


def _from_parameters(request: Request) -> dict[str, Any]:
    """Read each value as JSON, or as a string where it is none; repeated parameters make a list."""
    parameters: dict[str, Any] = {}
    for name in request.query_params:
        values = [_parse_or_text(value) for value in request.query_params.getlist(name)]
        parameters[name] = values if len(values) > 1 else values[0]
    return parameters


def _parse_or_text(value: str) -> Any:
    try:
        return _parse(value)
    except (ValueError, RecursionError):
        return value


def _parse(value: str) -> Any:
    return json.loads(value, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
