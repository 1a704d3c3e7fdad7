"""The drop-in for the original deployment: `/score`, and what the Azure ML server had around it.

Callers post records and get a JSON string that contains a JSON array. Rows, rounding and bytes are
those of the original, but its defects are mended: side data is any of the ranking model's side
columns, defaults fill the gaps of each record, and errors are errors (status 400 with
``{"message": ...}``).
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from inspect import Parameter, Signature
from typing import Any

from fastapi import APIRouter, Body, Request, Response

from ...errors import ScoreError
from ...examples import Examples
from ...http.declaration import PROBE, RECOMMEND, by_switch, declare
from ...http.encoding import other_coding
from ...models.engine import Engine
from ...models.loaded import LoadedModels
from ...schemas import Schemas
from ...settings import Settings
from .answers import message, message_of, responses
from .ids import check_ids, identify
from .payload import read_payload, records_of
from .scoring import Scorer
from .swagger import swagger_document, swagger_example

SERVICE = "/api/v1/service/{service}"  # on AKS
PATHS = ("/score", f"{SERVICE}/score")
_SCORE = replace(RECOMMEND, identify=identify, render=message_of)


def build_azure_router(
    engine: Engine, settings: Settings, schemas: Schemas, examples: Examples
) -> APIRouter:
    """Build the router.

    Parameters
    ----------
    engine : Engine
        Answers the queries.
    settings : Settings
        Limits, and who may read the documentation.
    schemas : Schemas
        Types of records.
    examples : Examples
        What the documentation shows.
    """
    router = APIRouter(tags=["drop-in for the Azure ML deployment"])
    scorer = Scorer(engine)
    limit = max(settings.max_users, settings.max_items)

    @declare(_SCORE)
    async def score(request: Request) -> Response:
        check_ids(request.scope)
        if request.method == "OPTIONS":
            return Response(status_code=200)
        records = records_of(await read_payload(request), limit, scorer.columns)
        started = time.perf_counter()
        body = await scorer.score(records)
        elapsed = f"{(time.perf_counter() - started) * 1000:.3f}"
        headers = {"x-ms-run-function-failed": "False", "x-ms-run-fn-exec-ms": elapsed}
        return Response(body, 200, headers, "application/json")

    for path in PATHS:
        router.add_api_route(
            path,
            score,
            methods=["POST", "GET", "OPTIONS"],
            description=__doc__,
            include_in_schema=False,
        )
    _document_post(router, schemas, engine.models, examples)
    _add_surroundings(router, swagger_example(engine.models, examples), settings.docs)
    return router


def _document_post(
    router: APIRouter, schemas: Schemas, models: LoadedModels, examples: Examples
) -> None:
    """Show the main form in the OpenAPI document; the route itself comes first and answers."""
    user, item = models.user_column.name, models.item_column.name
    shown: Any = {
        "users": {"value": [{user: one} for one in examples.users]},
        "items": {"value": [{item: one} for one in examples.items]},
    }

    async def described(records: Any) -> Any:
        raise NotImplementedError("the hidden route answers")

    records = Parameter(
        "records",
        Parameter.POSITIONAL_OR_KEYWORD,
        annotation=schemas.records,
        default=Body(openapi_examples=shown),
    )
    described.__signature__ = Signature([records])  # type: ignore[attr-defined]
    answer = {
        "type": "string",
        "contentMediaType": "application/json",
        "contentSchema": _arrays_of("Recommendation", "SimilarItem"),
    }
    neither = f"Error: the payload must have {user} or {item}, but it has neither"
    router.add_api_route(
        PATHS[0],
        declare(_SCORE)(described),
        methods=["POST"],
        operation_id="score",
        summary="Score records as the original deployment did",
        description=__doc__,
        responses={
            200: {
                "description": "A JSON string that holds a JSON array of rows",
                "content": {"application/json": {"schema": answer}},
            },
            **responses(ScoreError(neither), 401, 403, 408, 413, other_coding(), 431, 503),
        },
    )


def _arrays_of(*names: str) -> dict[str, Any]:
    """Return the schema of a list of one of several things that other endpoints take or give."""
    items = [{"$ref": f"#/components/schemas/{name}"} for name in names]
    return {"anyOf": [{"type": "array", "items": each} for each in items]}


def _add_surroundings(router: APIRouter, example: dict[str, Any], docs: str) -> None:
    """Add what the Azure ML server answers beside `/score`."""

    @router.get("/", include_in_schema=False)
    @declare(PROBE)
    async def healthy() -> Response:
        return Response("Healthy", media_type="text/html")

    @router.get(f"{SERVICE}/swagger.json", include_in_schema=False)
    @router.get("/swagger.json", include_in_schema=False)
    @declare(by_switch(docs))
    async def swagger(version: str = "2") -> Response:
        document = swagger_document(version, example)
        if document is None:
            return message(404, f"Swagger version [{version}] is not supported.")
        return Response(json.dumps(document), media_type="application/json")
