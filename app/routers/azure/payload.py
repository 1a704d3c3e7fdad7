"""From a request of the drop-in to records: a JSON body, or the parameters of a query."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import islice, repeat
from typing import Any

from fastapi import Request
from pydantic_core import from_json

from turi_recommender.wording import counted

from ...errors import ScoreError, TooManyValuesError
from ...http.body import read_body
from ...http.values import check_values
from ...http.wording import foreign_encoding, kind_in_json, why_not_json
from ...limits import MAX_VALUES

Record = dict[str, Any]
_ONE_OR_MORE = "the payload must be a JSON array of one record or more"


async def read_payload(request: Request) -> Any:
    """Return the payload: the body, or the query parameters of a GET or HEAD request.

    Raises
    ------
    ScoreError
        If the body is not JSON.
    HTTPException
        If it is too large.
    """
    if request.method in {"GET", "HEAD"}:
        return _from_parameters(request)
    body = await read_body(request.receive)
    try:
        check_values(body)
    except TooManyValuesError as error:
        raise ScoreError(f"Error: {error}") from None
    try:
        return _parse(body.decode())
    except UnicodeDecodeError as error:
        reason = foreign_encoding(body) or error.reason
        raise ScoreError(f"Input cannot be decoded as UTF-8: {reason}") from None
    except ValueError as error:
        reason = why_not_json(body, str(error))
        raise ScoreError(f"Error: the payload is not valid JSON: {reason}") from None


def records_of(payload: Any, limit: int, known: Collection[str]) -> list[Record]:
    """Return a payload's records: an array of objects, or an object of columns.

    Parameters
    ----------
    payload : any JSON value
    limit : int
        Most records that it may have.
    known : collection of str
        Columns of the models. Of columns that none of them has, the first stands for all: it is
        named in the error, or ignored as they are.

    Raises
    ------
    ScoreError
        If it has none, too many, or something else.
    """
    if isinstance(payload, dict):
        return _from_columns(payload, limit, known)
    if not isinstance(payload, list):
        raise ScoreError(f"Error: {_ONE_OR_MORE}, got {kind_in_json(payload)}")
    if len(payload) == 0:
        raise ScoreError(f"Error: {_ONE_OR_MORE}, got an empty one")
    _check_count(len(payload), limit)
    for position, record in enumerate(payload):
        if not isinstance(record, dict):
            raise ScoreError(
                f"Error: record {position} is not a JSON object, but {kind_in_json(record)}"
            )
    return payload


def _check_count(count: int, limit: int) -> None:
    if count > limit:
        most = f"{counted(limit, 'record')} (the larger of MAX_USERS and MAX_ITEMS)"
        raise ScoreError(f"Error: the payload has more than {most}")


def _from_columns(columns: Mapping[str, Any], limit: int, known: Collection[str]) -> list[Record]:
    """Turn ``{"visitorid": [1, 2], "period": "Night"}`` into records; one value stands for all.

    A kilobyte of columns can stand for a million values, so lengths are checked first, no more
    columns are taken than the models have, and what stands for all counts as often as it does.
    """
    lengths = {len(values) for values in columns.values() if isinstance(values, list)}
    if len(lengths) > 1:
        raise ScoreError("Error: the columns of the payload differ in length")
    count = lengths.pop() if lengths else 1
    if count == 0:
        raise ScoreError(f"Error: {_ONE_OR_MORE}, got empty columns")
    _check_count(count, limit)
    wanted = [name for name in columns if name in known]
    wanted += islice((name for name in columns if name not in known), 1)
    shared = [columns[name] for name in wanted if isinstance(columns[name], dict)]
    if count * sum(map(len, shared)) > MAX_VALUES:
        raise ScoreError(f"Error: {TooManyValuesError(MAX_VALUES)}")
    lists = [
        values if isinstance(values := columns[name], list) else repeat(values, count)
        for name in wanted
    ]
    return [dict(zip(wanted, row, strict=True)) for row in zip(*lists, strict=True)]


def _from_parameters(request: Request) -> dict[str, Any]:
    """Read each value as JSON, or as a string where it is none; repeated parameters make a list."""
    lists: dict[str, list[Any]] = {}
    for name, value in request.query_params.multi_items():
        lists.setdefault(name, []).append(_parse_or_text(value))
    return {name: values if len(values) > 1 else values[0] for name, values in lists.items()}


def _parse_or_text(value: str) -> Any:
    try:
        return _parse(value)
    except ValueError:
        return value


def _parse(value: str) -> Any:
    """Read JSON as the other endpoints do: in a time that grows with its length alone."""
    return from_json(value, allow_inf_nan=False)
