"""`POST /similar/items`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from fastapi import APIRouter

from turi_recommender import SimilarItems
from turi_recommender.versions import ModelEntry

from ..http.encoding import not_gzip
from ..http.json_route import JsonEndpoint
from ..http.problems import responses
from ..models.engine import Engine
from ..models.queries import SimilarQuery
from ..schemas import Schemas
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
        return engine.similar_items(query, write)

    def write(entry: ModelEntry, found: SimilarItems) -> bytes:
        item = engine.models.item_column.name
        return b'{"model":%b,"similar_items":%b,"unknown_items":%b}' % (
            write_reference(entry),
            write_rows(item, "similar", found.items, found.rankings),
            write_json(found.unknown_items),
        )

    JsonEndpoint(
        path="/similar/items",
        name="similar_items",
        request=schemas.similar_request,
        response=schemas.similar_response,
        handler=similar_items,
        description="Find the items most similar to each item.",
        responses=responses(not_gzip(), 401, 403, 408, 413, 415, 422, 431, 503),
    ).add_to(router)
    return router
