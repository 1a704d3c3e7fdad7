"""The drop-in for the original deployment: `/score`, and what the Azure ML server had around it.

Callers post records and get a JSON string that holds a JSON array. Rows, rounding and bytes are the
original's; its defects are not: side data is any of the ranking model's side columns, defaults fill
each record's gaps, and errors are errors (status 400, ``{"message": ...}``).
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from app import pandas_json
from app.observe import Metrics, note
from app.problems import title
from app.routers import work
from app.routers.body import read_body
from app.routers.swagger import swagger_document
from app.service import ModelUnavailableError, RecommendationService
from app.settings import Settings
from turi_recommender.errors import QueryError, RecommenderError

K = 10
PATHS = ("/score", "/api/v1/service/{service}/score")
_MAX_ID_LENGTH = 100
_ERRORS = (400, 401, 403, 408, 413, 431, 503)
_MESSAGE: dict[str, Any] = {
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {"message": {"type": "string"}},
                "required": ["message"],
            }
        }
    }
}
Record = dict[str, Any]


class ScoreError(RecommenderError):
    """A payload that cannot be scored."""


def build_score_router(
    service: RecommendationService, settings: Settings, metrics: Metrics
) -> APIRouter:
    """Build the router for the loaded models."""
    router = APIRouter(tags=["drop-in for the Azure ML deployment"])
    scorer = Scorer(service, settings, metrics)

    async def score(request: Request) -> Response:
        ids = _request_ids(request)
        if isinstance(ids, Response):
            return ids
        if request.method == "OPTIONS":
            return Response(status_code=200, headers=ids)
        try:
            records = scorer.records(await _payload(request))
            started = time.perf_counter()
            body = await work.run(len(records), K, lambda: json.dumps(scorer.score(records)))
        except ScoreError as error:
            return _message(400, str(error), ids)
        except ModelUnavailableError as error:
            return _message(503, str(error), ids)
        except HTTPException as error:  # the body limit
            return _message(error.status_code, str(error.detail), ids)
        elapsed = f"{(time.perf_counter() - started) * 1000:.3f}"
        headers = {**ids, "x-ms-run-function-failed": "False", "x-ms-run-fn-exec-ms": elapsed}
        return Response(body, 200, headers, "application/json")

    for path in PATHS:
        router.add_api_route(
            path,
            score,
            methods=["POST", "GET", "OPTIONS"],
            description=__doc__,
            include_in_schema=False,
        )
    _document_post(router, score)
    _add_azure_routes(router, service)
    return router


def _document_post(router: APIRouter, score: Any) -> None:
    """Show the main form in the OpenAPI document; the route itself comes first and answers."""
    router.add_api_route(
        PATHS[0],
        score,
        methods=["POST"],
        operation_id="score",
        summary="Score records as the original deployment did",
        description=__doc__,
        responses={
            200: {"description": "A JSON string that holds a JSON array of rows"},
            **{status: {"description": title(status), **_MESSAGE} for status in _ERRORS},
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {"type": "array", "items": {"type": "object"}, "minItems": 1}
                    }
                },
            }
        },
    )


def _add_azure_routes(router: APIRouter, service: RecommendationService) -> None:
    @router.get("/", include_in_schema=False)
    async def healthy() -> Response:
        return Response("Healthy", media_type="text/html")

    @router.get("/swagger.json", include_in_schema=False)
    async def swagger(version: str = "2") -> Response:
        document = swagger_document(version, service)
        if document is None:
            return _message(404, f"Swagger version [{version}] is not supported.", {})
        return Response(json.dumps(document), media_type="application/json")


class Scorer:
    """The rules of the original's ``score.py``, mended.

    Parameters
    ----------
    service : RecommendationService
        The loaded models.
    settings : Settings
        Limits.
    metrics : Metrics
        Count calls of the models.
    """

    def __init__(
        self, service: RecommendationService, settings: Settings, metrics: Metrics
    ) -> None:
        self._service = service
        self._metrics = metrics
        self._limit = max(settings.max_users, settings.max_items)

    def records(self, payload: Any) -> list[Record]:
        """Return the payload's records: an array of objects, or an object of columns.

        Raises
        ------
        ScoreError
            If it has none, too many, or something else.
        """
        if isinstance(payload, dict):
            payload = list(_from_columns(payload))
        if not isinstance(payload, list) or not payload:
            raise ScoreError("Error: the payload must be a JSON array of one record or more")
        if len(payload) > self._limit:
            raise ScoreError(f"Error: the payload has more than {self._limit} records")
        for position, record in enumerate(payload):
            if not isinstance(record, dict):
                raise ScoreError(f"Error: record {position} is not a JSON object")
        return payload

    def score(self, records: list[Record]) -> str:
        """Return the rows for a payload's records as pandas would write them.

        Raises
        ------
        ScoreError
            If the records are not what the contract says.
        ModelUnavailableError
            If the model it needs is not loaded.
        """
        user, item = self._service.user_column.name, self._service.item_column.name
        names = {name for record in records for name in record}
        if (user in names) == (item in names):
            which = "both" if user in names else "neither"
            raise ScoreError(
                f"Error: the payload must have {user} or {item}, it has {which} of them"
            )
        try:
            if item in names:
                return self._similar([_required(*each, item) for each in enumerate(records)])
            return self._recommend(records, user)
        except QueryError as error:
            raise ScoreError(f"Error: {error}") from None

    def _recommend(self, records: list[Record], user: str) -> str:
        side = {column.name for column in self._service.side_columns}
        with_side_data = any(name in side for record in records for name in record)
        ids = [_required(position, record, user) for position, record in enumerate(records)]
        started = time.perf_counter()
        if with_side_data:
            rows = [{**record, user: one} for one, record in zip(ids, records, strict=True)]
            entry, answer = self._service.recommend(rows, choice="ranking", k=K)
        else:  # other columns were ignored here by the original
            rows = [{user: one} for one in ids]
            entry, answer = self._service.recommend(rows, choice="similarity", k=K)
        asked, cold = len(rows), len(answer.cold_users)
        self._metrics.count(entry.name, time.perf_counter() - started, asked, cold)
        note(model=entry.name, version=entry.version, users=asked, k=K, cold=cold)
        columns = [user, self._service.item_column.name, "score", "rank"]
        return pandas_json.records(columns, answer.rows())

    def _similar(self, items: list[Any]) -> str:
        started = time.perf_counter()
        entry, answer = self._service.similar_items(items, k=K)
        self._metrics.count(entry.name, time.perf_counter() - started)
        note(model=entry.name, version=entry.version, items=len(items), k=K)
        columns = [self._service.item_column.name, "similar", "score", "rank"]
        return pandas_json.records(columns, answer.rows())


def _required(position: int, record: Record, name: str) -> Any:
    if record.get(name) is None:
        raise ScoreError(f"Error: record {position} has no {name}")
    return record[name]


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


async def _payload(request: Request) -> Any:
    """Return the payload: the body, or the query parameters of a GET request."""
    if request.method == "GET":
        return _from_parameters(request)
    body = await read_body(request.scope, request.receive)
    try:
        return _parse(body.decode())
    except UnicodeDecodeError as error:
        raise ScoreError(f"Input cannot be decoded as UTF-8: {error.reason}") from None
    except (ValueError, RecursionError):
        raise ScoreError("Error: the payload is not valid JSON") from None


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


def _request_ids(request: Request) -> dict[str, str] | Response:
    """Return the id headers of the answer, as the Azure ML server made them."""
    given = request.headers.get
    request_id = given("x-request-id") or str(uuid.uuid4())
    client_id = given("x-ms-client-request-id") or given("x-ms-request-id") or ""
    legacy_id = given("x-ms-request-id") or client_id or request_id
    if len(request_id) > _MAX_ID_LENGTH:
        return _message(431, f"x-request-id must not exceed {_MAX_ID_LENGTH} characters", {})
    ids = {"x-request-id": request_id}
    if max(len(client_id), len(legacy_id)) > _MAX_ID_LENGTH:
        names = "x-ms-request-id and x-ms-client-request-id"
        return _message(431, f"{names} must not exceed {_MAX_ID_LENGTH} characters", ids)
    ids["x-ms-request-id"] = legacy_id
    if client_id:
        ids["x-ms-client-request-id"] = client_id
    return ids


def _message(status: int, message: str, headers: Mapping[str, str]) -> Response:
    failed = {"x-ms-run-function-failed": "False"}
    body = json.dumps({"message": message})
    return Response(body, status, {**headers, **failed}, "application/json")
