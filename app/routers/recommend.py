"""`POST /recommend/users` and `POST /similar/items`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Response
from pydantic import BaseModel
from pydantic_core import to_json

from app.models import Id, Ranking
from app.models.registry import ModelEntry
from app.problems import responses
from app.routers.json_route import JsonRoute
from app.schemas import Schemas
from app.service import RecommendationService

# A request for so many users or items is scored at once; a larger one in a worker thread, so that
# it does not hold up the others.
INLINE_ROWS = 4

_ERRORS = responses(413, 415, 422, 503)


def build_recommend_router(service: RecommendationService, schemas: Schemas) -> APIRouter:
    """Build the router for the loaded models."""
    router = APIRouter(route_class=JsonRoute, tags=["recommendations"])

    async def recommend_users(body: Any) -> Response:
        entry, answer = await _run(
            len(body.users),
            partial(
                service.recommend,
                body.users,
                choice=body.model,
                side_data_defaults=body.side_data_defaults,
                k=body.k,
                exclude_known=body.exclude_known,
                items=body.items,
                exclude=body.exclude_items,
            ),
        )
        user, item = service.user_column.name, service.item_column.name
        return _json(
            {
                "model": _reference(entry),
                "recommendations": _rows(user, item, answer.users, answer.rankings),
                "cold_users": answer.cold_users,
            }
        )

    async def similar_items(body: Any) -> Response:
        item = service.item_column.name
        ids = [row[item] for row in body.items]
        entry, answer = await _run(
            len(ids), partial(service.similar_items, ids, role=body.model, k=body.k)
        )
        return _json(
            {
                "model": _reference(entry),
                "similar_items": _rows(item, "similar", answer.items, answer.rankings),
                "unknown_items": answer.unknown_items,
            }
        )

    _add(
        router,
        "/recommend/users",
        recommend_users,
        schemas.recommend_request,
        schemas.recommend_response,
        "Recommend items to users, best first, in the order of the request.",
    )
    _add(
        router,
        "/similar/items",
        similar_items,
        schemas.similar_request,
        schemas.similar_response,
        "Find the items most similar to each item.",
    )
    return router


def _add(
    router: APIRouter,
    path: str,
    endpoint: Callable[[Any], Awaitable[Response]],
    request: type[BaseModel],
    response: type[BaseModel],
    description: str,
) -> None:
    endpoint.__annotations__["body"] = request
    router.add_api_route(
        path,
        endpoint,
        methods=["POST"],
        description=description,
        response_model=response,
        responses=_ERRORS,
        operation_id=endpoint.__name__,
    )


async def _run(rows: int, work: Callable[[], Any]) -> Any:
    return work() if rows <= INLINE_ROWS else await to_thread.run_sync(work)


def _rows(head: str, item: str, heads: list[Id], rankings: list[Ranking]) -> list[dict[str, Any]]:
    return [
        {head: one, item: other, "score": score, "rank": rank}
        for one, ranking in zip(heads, rankings, strict=True)
        for rank, (other, score) in enumerate(zip(ranking.items, ranking.scores, strict=True), 1)
    ]


def _reference(entry: ModelEntry) -> dict[str, str | None]:
    return {"name": entry.name, "version": entry.version, "kind": entry.model.kind}


def _json(content: dict[str, Any]) -> Response:
    # A diverged model scores NaN; JSON has only null for that.
    return Response(to_json(content, inf_nan_mode="null"), media_type="application/json")
