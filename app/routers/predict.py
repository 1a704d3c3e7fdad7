"""`POST /predict`."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from typing import Any

from fastapi import APIRouter

from turi_recommender import Predictions
from turi_recommender.versions import ModelEntry

from ..http.json_route import JsonEndpoint
from ..models.engine import Engine
from ..models.queries import Given, PredictQuery
from ..schemas import Schemas
from .hints import told_by, unknown_ids, unknown_values
from .refusals import REFUSALS
from .rows import write_json, write_predictions, write_reference


def build_predict_router(engine: Engine, schemas: Schemas) -> APIRouter:
    """Build the router.

    Parameters
    ----------
    engine : Engine
        Answers the queries.
    schemas : Schemas
        Types of the loaded models.
    """
    router = APIRouter()

    def predict(body: Any) -> Awaitable[bytes]:
        given = None
        if body.user_data is not None or body.item_data is not None:
            given = Given(user_data=body.user_data, item_data=body.item_data)
        query = PredictQuery(body.pairs, body.model, body.side_data_defaults, body.why, given)
        return engine.predict(query, partial(write, query))

    def write(query: PredictQuery, entry: ModelEntry, found: Predictions) -> bytes:
        user, item = engine.models.user_column.name, engine.models.item_column.name
        return (
            b'{"model":%b,"predictions":%b,"cold_users":%b,"unknown_items":%b,"unknown_values":%b}'
        ) % (
            write_reference(entry),
            write_predictions(user, item, found),
            write_json(unknown_ids(found.users, entry.model.users)),
            write_json(unknown_ids(found.items, entry.model.items)),
            write_json(unknown_values(query.pairs, told_by(entry.model), ids=2)),
        )

    JsonEndpoint(
        path="/predict",
        name="predict",
        request=schemas.predict_request,
        response=schemas.predict_response,
        handler=predict,
        description="Score pairs of user and item, in the order of the request; also users and "
        "items that the model does not know.",
        responses=REFUSALS,
    ).add_to(router)
    return router
