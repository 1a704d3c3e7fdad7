"""The answers that are not rows: `{"message": ...}`, as the Azure ML server wrote them."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Request, Response
from pydantic_core import from_json
from starlette.types import Scope

from ...errors import LongIdError
from ...http.problems import problem_of, title
from .ids import request_ids

_SCHEMA = {
    "type": "object",
    "properties": {"message": {"type": "string"}},
    "required": ["message"],
}
FAILED = {"x-ms-run-function-failed": "False"}
_OURS = {"content-length", "content-type"}


def message_of(error: Exception, scope: Scope) -> Response:
    """Return the answer to an error.

    Parameters
    ----------
    error : Exception
        Any.
    scope : ASGI scope
        Of the request, whose ids the answer bears.
    """
    try:
        ids = request_ids(Request(scope))
    except LongIdError as too_long:
        ids = too_long.ids
    answer = problem_of(error, scope["path"])
    headers = {name: value for name, value in answer.headers.items() if name not in _OURS}
    body = json.dumps({"message": from_json(bytes(answer.body))["detail"]})
    return Response(body, answer.status_code, {**ids, **headers, **FAILED}, "application/json")


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe such answers for the OpenAPI document."""
    content = {"application/json": {"schema": _SCHEMA}}
    return {status: {"description": title(status), "content": content} for status in statuses}
