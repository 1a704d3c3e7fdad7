"""The answers that are not rows: `{"message": ...}`, as the Azure ML server wrote them."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Response
from pydantic import BaseModel
from pydantic_core import from_json
from starlette.types import Scope

from ...http.problems import example_problem, problem_of

_OURS = {"content-length", "content-type"}
_FAILED = {"x-ms-run-function-failed": "False"}


class Message(BaseModel):
    """An error, as the Azure ML server told them."""

    message: str


def message(status: int, text: str) -> Response:
    """Answer with a message.

    Parameters
    ----------
    status : int
        HTTP status.
    text : str
        What the caller reads.
    """
    return Response(json.dumps({"message": text}), status, _FAILED, "application/json")


def message_of(error: Exception, scope: Scope) -> Response:
    """Return the answer to an error.

    Parameters
    ----------
    error : Exception
        Any.
    scope : ASGI scope
        Of the request.
    """
    answer = problem_of(error, scope["path"])
    headers = {name: value for name, value in answer.headers.items() if name not in _OURS}
    body = json.dumps({"message": from_json(bytes(answer.body))["detail"]})
    return Response(body, answer.status_code, {**headers, **_FAILED}, "application/json")


def responses(*errors: int | Exception) -> dict[int | str, dict[str, Any]]:
    """Describe such answers for the OpenAPI document.

    Parameters
    ----------
    *errors : int or Exception
        As for `problems.responses`.
    """
    described: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        problem = example_problem(error)
        example = {"example": {"message": problem["detail"]}}
        described[problem["status"]] = {
            "description": problem["title"],
            "model": Message,
            "content": {"application/json": example},
        }
    return described
