"""`POST /similar/items` and `POST /similar/users`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from fastapi import APIRouter

from turi_recommender import SimilarItems, SimilarUsers
from turi_recommender.versions import ModelEntry

from ..http.json_route import JsonEndpoint
from ..models.engine import Engine
from ..models.queries import SimilarQuery, SimilarUsersQuery
from ..schemas import Schemas
from .refusals import REFUSALS
from .rows import write_json, write_reference, write_rows


def build_similar_router(engine: Engine, schemas: Schemas) -> APIRouter:
    """Build the router.

    Parameters
    ----------
    engine : Engine
        Answers the queries.
    schemas : Schemas
        Types of the loaded models.
    """
    router = APIRouter()

    def similar_items(body: Any) -> Awaitable[bytes]:
        item = engine.models.item_column.name
        query = SimilarQuery([row[item] for row in body.items], body.k, body.model)
        return engine.similar_items(query, write_items)

    def write_items(entry: ModelEntry, found: SimilarItems) -> bytes:
        item = engine.models.item_column.name
        return b'{"model":%b,"similar_items":%b,"unknown_items":%b}' % (
            write_reference(entry),
            write_rows(item, "similar", found.items, found.rankings),
            write_json(found.unknown_items),
        )

    def similar_users(body: Any) -> Awaitable[bytes]:
        user = engine.models.user_column.name
        query = SimilarUsersQuery([row[user] for row in body.users], body.k, body.model)
        return engine.similar_users(query, write_users)

    def write_users(entry: ModelEntry, found: SimilarUsers) -> bytes:
        user = engine.models.user_column.name
        return b'{"model":%b,"similar_users":%b,"unknown_users":%b}' % (
            write_reference(entry),
            write_rows(user, "similar", found.users, found.rankings),
            write_json(found.unknown_users),
        )

    JsonEndpoint(
        path="/similar/items",
        name="similar_items",
        request=schemas.similar_request,
        response=schemas.similar_response,
        handler=similar_items,
        description="Find the items most similar to each item.",
        responses=REFUSALS,
    ).add_to(router)
    JsonEndpoint(
        path="/similar/users",
        name="similar_users",
        request=schemas.similar_users_request,
        response=schemas.similar_users_response,
        handler=similar_users,
        description="Find the users most similar to each user. Factorization models with factors "
        "and popularity models can; others answer 422.",
        responses=REFUSALS,
    ).add_to(router)
    return router
