"""Errors as RFC 9457 problem details.

The `type` of a problem is stable; its `detail` is for people. A problem shows nothing of the
inside: no trace, and no text of an exception that was not written for callers. The status and the
kind of an error are defined with the error (`errors.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from pydantic_core import ErrorDetails, from_json, to_json
from starlette.exceptions import HTTPException

from turi_recommender.errors import ModelNotFoundError, QueryError, RecommenderError
from turi_recommender.wording import counted

from ..errors import (
    LIBRARY_ERRORS,
    InvalidBodyError,
    Meaning,
    NotAllowedError,
    NotAuthenticatedError,
    NotReceivedError,
    OverloadedError,
    RefusedVersionError,
    ServiceError,
)
from ..limits import SHOWN_ERRORS
from .wording import message_of

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:turi-recommender:problem:"

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


def problem(
    status: int,
    detail: str,
    *,
    kind: str | None = None,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Make a problem response.

    Parameters
    ----------
    status : int
        HTTP status.
    detail : str
        What is wrong, for people.
    kind : str, optional
        Last part of the problem's `type`; ``about:blank`` if absent.
    errors : sequence of mappings
        Fields that are wrong: `field`, `message` and `type` of each.
    headers : mapping of str to str, optional
        Further headers of the answer.
    """
    body: dict[str, Any] = {
        "type": f"{TYPE_PREFIX}{kind}" if kind else "about:blank",
        "title": title(status),
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = list(errors)
    return Response(to_json(body), status, headers, MEDIA_TYPE)


def title(status: int) -> str:
    """Return the name of a status (RFC 9110); Python's own names differ between its versions."""
    return _TITLES.get(status) or HTTPStatus(status).phrase


def responses(*errors: int | Exception) -> dict[int | str, dict[str, Any]]:
    """Describe problem responses for the OpenAPI document of a route.

    Parameters
    ----------
    *errors : int or Exception
        Statuses, or errors where the usual one of a status would not be an example.
    """
    described: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        example = example_problem(error)
        content = {MEDIA_TYPE: {**_REFERENCE, "example": example}}
        described[example["status"]] = {"description": example["title"], "content": content}
    return described


def example_problem(error: int | Exception) -> dict[str, Any]:
    """Return the problem that stands for a status, or that an error makes."""
    found = _usual_error(error) if isinstance(error, int) else error
    body: dict[str, Any] = from_json(bytes(problem_of(found, "").body))
    return body


def _usual_error(status: int) -> Exception:
    usual: dict[int, Exception] = {
        401: NotAuthenticatedError("The key is not valid"),
        403: NotAllowedError("The key does not have the scope 'recommend'"),
        404: ModelNotFoundError("no version 9 of similarity_model"),
        408: NotReceivedError(),
        409: RefusedVersionError("similarity_model 7: the columns are not those of version 6"),
        413: HTTPException(413, "The body is larger than 1048576 bytes (MAX_BODY_BYTES)"),
        415: HTTPException(415, NOT_JSON),
        422: QueryError(("k",), "Input should be greater than or equal to 1"),
        431: HTTPException(431, "The request line and headers are too large."),
        503: OverloadedError(),
    }
    return usual[status]


NOT_JSON = "The body must be JSON, with Content-Type: application/json"
_TITLES = {
    413: "Content Too Large",
    422: "Unprocessable Content",
    499: "Client Closed Request",
}
_REFERENCE = {"schema": {"$ref": "#/components/schemas/Problem"}}


def problem_of(error: Exception, path: str) -> Response:
    """Return the answer to an error.

    Parameters
    ----------
    error : Exception
        Any error. One that nobody foresaw is logged, and its answer says nothing about it.
    path : str
        Path of the request, for the log.
    """
    match error:
        case InvalidBodyError():
            return _validation_problem(error.errors)
        case RequestValidationError():
            return _validation_problem([_within_body(each) for each in error.errors()])
        case ServiceError():
            return problem(error.status, str(error), kind=error.kind, headers=error.headers)
        case RecommenderError() if (meaning := _meaning(error)) is not None:
            return _library_problem(error, meaning, path)
        case HTTPException():
            return problem(error.status_code, str(error.detail), headers=error.headers)
        case _:
            log.error("unexpected error at %s", path, exc_info=error)
            return problem(500, "The service failed; the reason is in its log.")


def _within_body(error: ErrorDetails) -> ErrorDetails:
    """Return an error of the framework with the place that the other endpoints give.

    The framework begins with the part of the request, and tells where a body ceases to be JSON.
    """
    found = error.copy()
    if error["type"] == "json_invalid":
        found["loc"] = ()
    elif error["loc"][0] == "body":
        found["loc"] = error["loc"][1:]
    return found


def _validation_problem(errors: Sequence[ErrorDetails]) -> Response:
    fields = [
        {
            "field": ".".join(map(str, error["loc"])) or "body",
            "message": message_of(error),
            "type": error["type"],
        }
        for error in errors[:SHOWN_ERRORS]
    ]
    more = f" (and {counted(len(errors) - 1, 'more error')})" if len(errors) > 1 else ""
    foremost = fields[_foremost(errors[:SHOWN_ERRORS])]
    detail = f"{foremost['field']}: {foremost['message']}{more}"
    return problem(422, detail, kind=InvalidBodyError.kind, errors=fields)


def _foremost(errors: Sequence[ErrorDetails]) -> int:
    """Return which error says most: that of an unknown field rather than of one that is missing.

    Of one object, both are found where the name of a field is misspelt.
    """
    first = errors[0]
    if first["type"] != "missing" or len(first["loc"]) == 0:  # or the body itself is missing
        return 0
    *place, missing = first["loc"]
    unknown = [
        position
        for position, error in enumerate(errors)
        if error["type"] == "extra_forbidden" and [*error["loc"][:-1]] == place
    ]
    meant = (one for one in unknown if errors[one]["msg"].endswith(f"`{missing}`?"))
    return next(meant, unknown[0] if unknown else 0)


def _meaning(error: RecommenderError) -> Meaning | None:
    kinds = (kind for kind in type(error).__mro__ if kind in LIBRARY_ERRORS)
    kind = next(kinds, None)
    return None if kind is None else LIBRARY_ERRORS[kind]


def _library_problem(error: RecommenderError, meaning: Meaning, path: str) -> Response:
    if meaning.detail is not None:
        log.error("at %s: %s", path, error)
    fields = []
    if isinstance(error, QueryError):
        fields.append({"field": error.field, "message": error.message, "type": "query"})
    detail = str(error) if meaning.detail is None else meaning.detail
    return problem(meaning.status, detail, kind=meaning.kind, errors=fields)
