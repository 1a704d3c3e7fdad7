"""`POST /recommend/users`."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from typing import Any

from fastapi import APIRouter

from turi_recommender import Recommendations
from turi_recommender.errors import QueryError
from turi_recommender.versions import ModelEntry

from ..context import Context
from ..http.encoding import not_gzip
from ..http.json_route import JsonEndpoint
from ..http.problems import responses
from ..models.engine import Engine
from ..models.queries import RecommendQuery
from ..schemas import Schemas
from .hints import unknown_items, unknown_values
from .rows import write_json, write_reference, write_rows


def build_recommend_router(engine: Engine, schemas: Schemas) -> APIRouter:
    """Build the router.

    Parameters
    ----------
    engine : Engine
        Answers the queries.
    schemas : Schemas
        Types of the loaded models.
    """
    router = APIRouter()

    context = Context(engine.models.side_columns)

    def in_context(body: Any) -> list[dict[str, Any]]:
        if len(context) == 0 or body.model == "similarity":
            raise QueryError(
                ("context",),
                "the model has no column named period, month or weekday that a time can fill in",
            )
        now = context.now()
        return [{**now, **row} for row in body.users]

    def recommend_users(body: Any) -> Awaitable[bytes]:
        query = RecommendQuery(
            users=body.users if body.context is None else in_context(body),
            k=body.k,
            choice=body.model,
            side_data_defaults=body.side_data_defaults,
            exclude_known=body.exclude_known,
            items=body.items,
            exclude=body.exclude_items,
            why=body.why,
        )
        return engine.recommend(query, partial(write, query))

    def write(query: RecommendQuery, entry: ModelEntry, found: Recommendations) -> bytes:
        user, item = engine.models.user_column.name, engine.models.item_column.name
        return (
            b'{"model":%b,"recommendations":%b,"cold_users":%b,"unknown_items":%b,'
            b'"unknown_values":%b}'
        ) % (
            write_reference(entry),
            write_rows(user, item, found.users, found.rankings),
            write_json(found.cold_users),
            write_json(unknown_items(query, entry.model)),
            write_json(unknown_values(query, entry.model)),
        )

    JsonEndpoint(
        path="/recommend/users",
        name="recommend_users",
        request=schemas.recommend_request,
        response=schemas.recommend_response,
        handler=recommend_users,
        description="Recommend items to users, best first, in the order of the request.",
        responses=responses(not_gzip(), 401, 403, 408, 413, 415, 422, 431, 503),
    ).add_to(router)
    return router
