"""Routes that carry the load: from bytes to validated values to bytes, and little else.

FastAPI parses a body into objects with Python's json module, validates these, and calls the
endpoint through its dependency machinery. Here, pydantic-core reads the bytes itself. That is
faster, and one place decides what to do with invalid JSON, encodings, NaN, huge numbers and deep
nesting. FastAPI still makes the OpenAPI document of these routes, and decides which paths are not
found and which methods are not allowed. It is only bypassed where the answer is plain
(docs/decisions/direct-json-routes.md).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import Parameter, Signature
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from turi_recommender.wording import counted

from ..errors import InvalidBodyError
from ..json_types import FORMS
from ..limits import LISTED_ERRORS, SHOWN_ERRORS
from .body import header, is_json, read_body
from .cures import cure
from .declaration import RECOMMEND, Declaration, declare
from .problems import NOT_JSON
from .values import check_values
from .wording import why_not_json

_JSON = (b"content-type", b"application/json")
# Arguments of the library's methods.
LIBRARY_NAMES: Mapping[str, str] = {"exclude": "exclude_items", "explain": "why"}
_MISSING = "the framework calls no endpoint of a JSON route"


@dataclass(frozen=True, slots=True)
class JsonEndpoint:
    """An endpoint that takes a JSON object and returns JSON as bytes.

    Attributes
    ----------
    path : str
        Its path, without parameters.
    name : str
        Its operation id.
    request, response : type
        Pydantic models of the body and, for the documentation, of the answer.
    handler : callable
        Takes the validated body; returns the answer's JSON.
    description : str
        One sentence for the documentation.
    responses : mapping
        Other answers, as FastAPI wants them.
    tags : sequence of str
        Groups of the documentation.
    declaration : Declaration
        Who may ask.
    synonyms : mapping of str to str
        Names that callers know from elsewhere, and the names of the same fields here, for errors.
    """

    path: str
    name: str
    request: type[BaseModel]
    response: type[BaseModel]
    handler: Callable[[Any], Awaitable[bytes]]
    description: str
    responses: Mapping[int | str, dict[str, Any]]
    tags: Sequence[str] = field(default=("recommendations",))
    declaration: Declaration = RECOMMEND
    synonyms: Mapping[str, str] = field(default_factory=lambda: LIBRARY_NAMES)

    def add_to(self, router: APIRouter) -> None:
        """Add the endpoint to a router."""
        router.routes.append(JsonRoute(self))


class JsonRoute(APIRoute):
    """The route of a JSON endpoint."""

    def __init__(self, endpoint: JsonEndpoint) -> None:
        super().__init__(
            endpoint.path,
            _described(endpoint),
            methods=["POST"],
            description=endpoint.description,
            response_model=endpoint.response,
            responses=dict(endpoint.responses),
            operation_id=endpoint.name,
            tags=list(endpoint.tags),
        )
        self._validate = endpoint.request.__pydantic_validator__.validate_json
        self._answer = endpoint.handler
        self._endpoint = endpoint

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that the framework's router hands over; 405 if it is not a POST.

        Parameters
        ----------
        scope, receive, send
            As in ASGI.
        """
        if scope["method"] == "POST":
            await self.serve(scope, receive, send)
        else:
            await super().handle(scope, receive, send)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a POST request.

        Parameters
        ----------
        scope, receive, send
            As in ASGI.
        """
        scope["route"] = self
        if not is_json(header(scope, b"content-type")):
            raise HTTPException(415, NOT_JSON)
        content = await self._answer(self._read(await read_body(receive)))
        headers = [_JSON, (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _read(self, body: bytes) -> Any:
        check_values(body)
        try:
            return self._validate(body)
        except ValidationError as error:
            raise InvalidBodyError(_details(error, body, self._endpoint)) from None


def _details(error: ValidationError, body: bytes, endpoint: JsonEndpoint) -> list[ErrorDetails]:
    """Return what is wrong; if there are too many errors to list quickly, only their number.

    Parameters
    ----------
    error : ValidationError
        What pydantic found.
    body : bytes
        Where it was found.
    endpoint : JsonEndpoint
        Where it was sent.
    """
    count = error.error_count()
    if count > LISTED_ERRORS:
        message = f"{counted(count, 'error')}, which are too many to list"
        return [{"type": "too_many_errors", "loc": (), "msg": message, "input": None}]
    found = error.errors(include_url=False)
    for each in found[:SHOWN_ERRORS]:
        if each["type"] == "json_invalid":
            each["ctx"]["error"] = why_not_json(body, each["ctx"]["error"])
        each["msg"] = cure(each, endpoint.request, endpoint.synonyms)
        each["loc"] = tuple(part for part in each["loc"] if part not in FORMS)
    return found


def _described(endpoint: JsonEndpoint) -> Callable[..., Any]:
    """Return the function from which FastAPI makes the documentation; nobody calls it."""

    async def described(body: Any) -> Any:
        raise NotImplementedError(_MISSING)

    parameter = Parameter("body", Parameter.POSITIONAL_OR_KEYWORD, annotation=endpoint.request)
    described.__signature__ = Signature([parameter])  # type: ignore[attr-defined]
    described.__name__ = endpoint.name
    return declare(endpoint.declaration)(described)
