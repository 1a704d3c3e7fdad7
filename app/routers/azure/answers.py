"""The answers that are not rows: `{"message": ...}`, as the Azure ML server wrote them."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Response
from pydantic_core import from_json, to_json

from ...http.problems import problem_of, title

_SCHEMA = {
    "type": "object",
    "properties": {"message": {"type": "string"}},
    "required": ["message"],
}
_OURS = {"content-length", "content-type"}


def message(status: int, text: str) -> Response:
    """Answer with a message.

    Parameters
    ----------
    status : int
        HTTP status.
    text : str
        What the caller reads.
    """
    body = json.dumps({"message": text})
    return Response(body, status, {"x-ms-run-function-failed": "False"}, "application/json")


def message_of(error: Exception, path: str) -> Response:
    """Return the answer to an error that ended a request outside the drop-in's own code.

    Parameters
    ----------
    error : Exception
        Any error.
    path : str
        Path of the request, for the log.
    """
    answer = problem_of(error, path)
    headers = {name: value for name, value in answer.headers.items() if name not in _OURS}
    body = to_json({"message": from_json(bytes(answer.body))["detail"]})
    return Response(body, answer.status_code, headers, "application/json")


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe such answers for the OpenAPI document."""
    content = {"application/json": {"schema": _SCHEMA}}
    return {status: {"description": title(status), "content": content} for status in statuses}
