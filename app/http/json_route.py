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
from typing import Any, get_args, get_origin

from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send
from typing_extensions import is_typeddict

from turi_recommender.wording import counted

from ..errors import InvalidBodyError
from ..json_types import FORMS
from ..limits import LISTED_ERRORS, SHOWN_ERRORS, SHOWN_NAMES
from .body import header, is_json, read_body
from .declaration import RECOMMEND, Declaration, declare
from .problems import NOT_JSON
from .values import check_values
from .wording import why_not_json

_JSON = (b"content-type", b"application/json")
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
        self._request = endpoint.request

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
            raise InvalidBodyError(_details(error, body, self._request)) from None


def _details(error: ValidationError, body: bytes, request: type[BaseModel]) -> list[ErrorDetails]:
    """Return what is wrong; if there are too many errors to list quickly, only their number.

    Parameters
    ----------
    error : ValidationError
        What pydantic found.
    body : bytes
        Where it was found.
    request : type
        Pydantic model of the body.
    """
    count = error.error_count()
    if count > LISTED_ERRORS:
        message = f"{counted(count, 'error')}, which are too many to list"
        return [{"type": "too_many_errors", "loc": (), "msg": message, "input": None}]
    found = error.errors(include_url=False)
    for each in found[:SHOWN_ERRORS]:
        if each["type"] == "json_invalid":
            each["ctx"]["error"] = why_not_json(body, each["ctx"]["error"])
        if each["type"] == "extra_forbidden":
            names = _known_at(request, each["loc"][:-1]) or []
            each["msg"] = f"{each['msg']}; known are {', '.join(names)}"
        each["loc"] = tuple(part for part in each["loc"] if part not in FORMS)
    return found


def _known_at(kind: Any, place: Sequence[int | str]) -> list[str] | None:
    """Return the names of the fields that an object can have; None where there is none.

    Parameters
    ----------
    kind : type
        Of the value in which the object is.
    place : sequence of int or str
        Where in the value it is, as pydantic tells it.
    """
    if is_typeddict(kind) or (isinstance(kind, type) and issubclass(kind, BaseModel)):
        fields = _fields_of(kind)
        if len(place) == 0:
            return [str(name) for name in fields][:SHOWN_NAMES]
        first, *rest = place
        return _known_at(fields[first], rest) if first in fields else None
    if get_origin(kind) is list and len(place) > 0 and isinstance(place[0], int):
        return _known_at(get_args(kind)[0], place[1:])
    if len(place) > 0 and any(isinstance(one, Tag) and one.tag == place[0] for one in _about(kind)):
        place = place[1:]
    found = (_known_at(one, place) for one in get_args(kind))
    return next((names for names in found if names is not None), None)


def _about(kind: Any) -> tuple[Any, ...]:
    """Return what an annotated type says beside the type."""
    metadata: tuple[Any, ...] = getattr(kind, "__metadata__", ())
    return metadata


def _fields_of(kind: Any) -> Mapping[int | str, Any]:
    if is_typeddict(kind):
        fields: Mapping[int | str, Any] = kind.__annotations__
        return fields
    return {name: field.annotation for name, field in kind.model_fields.items()}


def _described(endpoint: JsonEndpoint) -> Callable[..., Any]:
    """Return the function from which FastAPI makes the documentation; nobody calls it."""

    async def described(body: Any) -> Any:
        raise NotImplementedError(_MISSING)

    parameter = Parameter("body", Parameter.POSITIONAL_OR_KEYWORD, annotation=endpoint.request)
    described.__signature__ = Signature([parameter])  # type: ignore[attr-defined]
    described.__name__ = endpoint.name
    return declare(endpoint.declaration)(described)
