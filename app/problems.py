"""Errors as RFC 9457 problem details.

The `type` of a problem is stable, its `detail` is for people. Nothing of the inside shows: no
trace, no exception text that was not written for the caller.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from pydantic_core import ErrorDetails, from_json, to_json
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from app.auth import NotAllowedError, NotAuthenticatedError
from app.hotswap import RefusedVersionError
from app.service import ModelUnavailableError
from turi_recommender.errors import (
    ModelFormatError,
    ModelNotFoundError,
    ModelUnreadableError,
    QueryError,
    RecommenderError,
)

MEDIA_TYPE = "application/problem+json"
RETRY = {"retry-after": "1"}
MAX_ERRORS = 20  # a body of a thousand bad rows is not worth a thousand messages

log = logging.getLogger(__name__)


class FieldError(BaseModel):
    """What is wrong with one field of a request."""

    field: str = Field(description="Path of the field", examples=["users.0.visitorid"])
    message: str = Field(examples=["Input should be a valid integer"])
    type: str = Field(description="Kind of the error", examples=["int_type"])


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = Field(examples=["urn:turi-recommender:problem:validation"])
    title: str
    status: int
    detail: str
    errors: list[FieldError] | None = None


class InvalidBodyError(Exception):
    """A request body that does not validate."""

    def __init__(self, errors: Sequence[ErrorDetails]) -> None:
        self.errors = errors
        super().__init__(f"{len(errors)} errors")


class OverloadedError(Exception):
    """More requests than the service takes at once."""


class TimedOutError(Exception):
    """A request that took too long.

    Parameters
    ----------
    received : bool
        Whether it had come in whole.
    """

    def __init__(self, *, received: bool) -> None:
        super().__init__()
        self.received = received


def problem(
    status: int,
    detail: str,
    *,
    kind: str | None = None,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Make a problem response."""
    body: dict[str, Any] = {
        "type": f"urn:turi-recommender:problem:{kind}" if kind else "about:blank",
        "title": title(status),
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = list(errors)
    return Response(to_json(body), status, headers, MEDIA_TYPE)


def title(status: int) -> str:
    """Return the name of a status (RFC 9110); Python's own names changed with its versions."""
    return _TITLES.get(status) or HTTPStatus(status).phrase


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe problem responses for the OpenAPI document of a route."""
    return {
        status: {"description": title(status), "content": {MEDIA_TYPE: _REFERENCE}}
        for status in statuses
    }


_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}
_REFERENCE = {"schema": {"$ref": "#/components/schemas/Problem"}}


def validation_problem(errors: Sequence[ErrorDetails]) -> Response:
    """Make the answer to a body that does not validate."""
    fields = [
        {
            "field": ".".join(map(str, error["loc"])) or "body",
            "message": error["msg"],
            "type": error["type"],
        }
        for error in errors[:MAX_ERRORS]
    ]
    more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
    detail = f"{fields[0]['field']}: {fields[0]['message']}{more}"
    return problem(422, detail, kind="validation", errors=fields)


def problem_of(error: Exception, path: str) -> Response:
    """Return the answer to an error; on the drop-in `/score`, in the original's form.

    Parameters as for `_problem_of`.
    """
    answer = _problem_of(error, path)
    if path.endswith("/score"):
        detail = from_json(bytes(answer.body))["detail"]
        headers = {
            name: value
            for name, value in answer.headers.items()
            if name not in {"content-length", "content-type"}
        }
        body = to_json({"message": detail})
        return Response(body, answer.status_code, headers, "application/json")
    return answer


def _problem_of(error: Exception, path: str) -> Response:  # noqa: PLR0912 - a case an error
    """Return the answer to an error.

    Parameters
    ----------
    error : Exception
        Any; one that nobody foresaw is logged, and its answer says nothing of it.
    path : str
        Of the request, for the log.
    """
    match error:
        case InvalidBodyError():
            return validation_problem(error.errors)
        case RequestValidationError():
            return validation_problem(error.errors())
        case QueryError():
            field = {"field": error.field, "message": error.message, "type": "query"}
            return problem(422, str(error), kind="validation", errors=[field])
        case ModelUnavailableError():
            return problem(503, str(error), kind="model-unavailable")
        case ModelUnreadableError():
            log.error("at %s: %s", path, error)
            return problem(503, "The model's files cannot be read.", kind="model-unreadable")
        case HTTPException():
            return problem(error.status_code, str(error.detail), headers=error.headers)
        case NotAuthenticatedError():
            challenge = {"www-authenticate": 'Bearer realm="recommender"'}
            return problem(401, str(error), kind="unauthenticated", headers=challenge)
        case NotAllowedError():
            return problem(403, str(error), kind="not-allowed")
        case OverloadedError():
            detail = "More requests are being answered than the service takes at once."
            return problem(503, detail, kind="overloaded", headers=RETRY)
        case TimedOutError(received=False):
            headers = {"connection": "close"}
            return problem(408, "The request took too long to arrive.", headers=headers)
        case TimedOutError():
            return problem(503, "The request took too long to answer.", headers=RETRY)
        case RefusedVersionError() | ModelFormatError():
            return problem(409, str(error), kind="version-refused")
        case ModelNotFoundError():
            return problem(404, str(error), kind="model-not-found")
        case ClientDisconnect():
            return problem(400, "The client went away before it had sent the whole body.")
        case _:
            log.error("unexpected error at %s", path, exc_info=error)
            return problem(500, "The service failed; the reason is in its log.")


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error of the application a problem."""

    async def handle(request: Request, error: Exception) -> Response:
        return problem_of(error, request.url.path)

    for kind in (
        RequestValidationError,
        HTTPException,
        ClientDisconnect,
        RecommenderError,
        InvalidBodyError,
        Exception,
    ):
        app.add_exception_handler(kind, handle)
