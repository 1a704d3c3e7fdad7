"""`POST /recommend/users` and `POST /similar/items`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from pydantic_core import to_json

from app.observe import Metrics, note
from app.problems import responses
from app.routers import work
from app.routers.json_route import JsonRoute
from app.routers.together import Together
from app.schemas import Schemas
from app.service import RecommendationService, Role, Row
from turi_recommender import Id, Ranking, Recommendations
from turi_recommender.errors import QueryError
from turi_recommender.versions.locations import ModelEntry

_Key = tuple[Role, bool, int, bool]  # role, side_data_defaults, k, exclude_known
_ERRORS = responses(401, 403, 408, 413, 415, 422, 431, 503)


def build_recommend_router(
    service: RecommendationService, schemas: Schemas, metrics: Metrics, max_answers: int
) -> APIRouter:
    """Build the router for the loaded models."""
    router = APIRouter(route_class=JsonRoute, tags=["recommendations"])

    def recommend_together(
        key: _Key, requests: Sequence[Sequence[Row]]
    ) -> Sequence[tuple[ModelEntry, Recommendations]]:
        role, side_data_defaults, k, exclude_known = key
        rows = [row for request in requests for row in request]
        started = perf_counter()
        entry, found = service.recommend(
            rows,
            choice=role,
            side_data_defaults=side_data_defaults,
            k=k,
            exclude_known=exclude_known,
        )
        metrics.count(entry.name, perf_counter() - started, len(rows), len(found.cold_users))
        return [(entry, part) for part in found.split([len(request) for request in requests])]

    together = Together(recommend_together)

    def recommend_alone(body: Any) -> tuple[ModelEntry, Recommendations]:
        started = perf_counter()
        entry, found = service.recommend(
            body.users,
            choice=body.model,
            side_data_defaults=body.side_data_defaults,
            k=body.k,
            exclude_known=body.exclude_known,
            items=body.items,
            exclude=body.exclude_items,
        )
        asked, cold = len(body.users), len(found.cold_users)
        metrics.count(entry.name, perf_counter() - started, asked, cold)
        return entry, found

    def write(entry: ModelEntry, found: Recommendations, k: int) -> bytes:
        note(
            model=entry.name,
            version=entry.version,
            users=len(found.users),
            k=k,
            cold=len(found.cold_users),
        )
        user, item = service.user_column.name, service.item_column.name
        return b'{"model":%b,"recommendations":%b,"cold_users":%b}' % (
            _write(_reference(entry)),
            _write_rows(user, item, found.users, found.rankings),
            _write(found.cold_users),
        )

    async def recommend_users(body: Any) -> bytes:
        rows, k = body.users, body.k
        check_answers(len(rows), k, max_answers)
        if work.is_small(len(rows), k) and body.items is None and not body.exclude_items:
            role = service.choose(rows) if body.model == "auto" else body.model
            key = (role, body.side_data_defaults, k, body.exclude_known)
            return write(*await together.ask(key, rows), k)
        return await work.run(len(rows), k, lambda: write(*recommend_alone(body), k))

    async def similar_items(body: Any) -> bytes:
        check_answers(len(body.items), body.k, max_answers)

        def answer() -> bytes:
            item = service.item_column.name
            ids = [row[item] for row in body.items]
            started = perf_counter()
            entry, found = service.similar_items(ids, role=body.model, k=body.k)
            metrics.count(entry.name, perf_counter() - started)
            note(model=entry.name, version=entry.version, items=len(ids), k=body.k)
            return b'{"model":%b,"similar_items":%b,"unknown_items":%b}' % (
                _write(_reference(entry)),
                _write_rows(item, "similar", found.items, found.rankings),
                _write(found.unknown_items),
            )

        return await work.run(len(body.items), body.k, answer)

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


def check_answers(rows: int, k: int, most: int) -> None:
    """Refuse a request for more answers than one may ask for.

    Raises
    ------
    QueryError
        Naming ``k``.
    """
    if rows * k > most:
        raise QueryError(("k",), f"{rows} rows times {k} are more than {most} answers")


def _add(
    router: APIRouter,
    path: str,
    endpoint: Callable[[Any], Awaitable[bytes]],
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


def _write_rows(head: str, item: str, heads: list[Id], rankings: list[Ranking]) -> bytes:
    """Write rows, one ranking at a time: a million rows at once would be a million objects."""
    written = [
        _write(_rows(head, item, one, ranking))[1:-1]
        for one, ranking in zip(heads, rankings, strict=True)
        if ranking.items
    ]
    return b"[%b]" % b",".join(written)


def _rows(head: str, item: str, one: Id, ranking: Ranking) -> list[dict[str, Any]]:
    return [
        {head: one, item: other, "score": score, "rank": rank}
        for rank, (other, score) in enumerate(zip(ranking.items, ranking.scores, strict=True), 1)
    ]


def _reference(entry: ModelEntry) -> dict[str, str | None]:
    return {"name": entry.name, "version": entry.version, "kind": entry.model.kind}


def _write(value: object) -> bytes:
    # A diverged model scores NaN; JSON has only null for that.
    return to_json(value, inf_nan_mode="null")
