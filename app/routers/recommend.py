"""`POST /recommend/users` and `POST /recommend/baskets`."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from typing import Any

from fastapi import APIRouter

from turi_recommender import BasketRecommendations, Recommendations
from turi_recommender.versions import ModelEntry

from ..context import Context
from ..given_schemas import VISITOR
from ..http.json_route import LIBRARY_NAMES, JsonEndpoint
from ..models.engine import Engine
from ..models.parts import Others
from ..models.queries import BasketQuery, Given, RecommendQuery
from ..schemas import Schemas
from .hints import told_by, unknown_items, unknown_values
from .refusals import REFUSALS
from .rows import write_answered, write_json, write_reference, write_rows


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

    context = Context(engine.models.visits.columns)

    def in_context(body: Any) -> list[dict[str, Any]]:
        now = context.now()
        if body.model == "similarity":  # which knows no context, but strangers may not be its own
            now = {name: now[name] for name in now.keys() & engine.models.visits.of_newcomers}
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
            given=given_with(body),
            why=body.why,
        )
        return engine.recommend(query, partial(write, query))

    def write(
        query: RecommendQuery, entry: ModelEntry, found: Recommendations, others: Others
    ) -> bytes:
        user, item = engine.models.user_column.name, engine.models.item_column.name
        return (
            b'{"model":%b,"recommendations":%b,"cold_users":%b,"unknown_items":%b,'
            b'"unknown_values":%b,"answered":%b}'
        ) % (
            write_reference(entry),
            write_rows(user, item, found.users, found.rankings),
            write_json(found.cold_users),
            write_json(unknown_items(query, entry.model, found.unknown_items)),
            write_json(
                unknown_values(
                    query.users, engine.models.unknown_in_rows(query.users, entry, others)
                )
            ),
            write_answered(user, found.users, found.basis, entry, others),
        )

    def recommend_baskets(body: Any) -> Awaitable[bytes]:
        user = engine.models.user_column.name
        query = BasketQuery(
            baskets=[as_visit(basket, user) for basket in body.baskets],
            k=body.k,
            role=body.model,
            side_data_defaults=body.side_data_defaults,
            exclude_known=body.exclude_known,
            items=body.items,
            exclude=body.exclude_items,
            given=given_with(body),
            why=body.why,
        )
        return engine.recommend_baskets(query, partial(write_baskets, query))

    def write_baskets(query: BasketQuery, entry: ModelEntry, found: BasketRecommendations) -> bytes:
        item = engine.models.item_column.name
        return (
            b'{"model":%b,"recommendations":%b,"unknown_items":%b,"unknown_values":%b,"answered":%b}'
        ) % (
            write_reference(entry),
            write_rows("basket", item, found.baskets, found.rankings),
            write_json(unknown_items(query, entry.model, found.unknown_items)),
            write_json(unknown_values(query.baskets, told_by(entry.model))),
            write_answered("basket", found.baskets, found.basis, entry),
        )

    JsonEndpoint(
        path="/recommend/users",
        name="recommend_users",
        request=schemas.recommend_request,
        response=schemas.recommend_response,
        handler=recommend_users,
        description="Recommend items to users, best first, in the order of the request.",
        responses=REFUSALS,
    ).add_to(router)
    JsonEndpoint(
        path="/recommend/baskets",
        name="recommend_baskets",
        request=schemas.basket_request,
        response=schemas.basket_response,
        handler=recommend_baskets,
        description="Recommend items to baskets, best first, in the order of the request.",
        responses=REFUSALS,
        synonyms={**LIBRARY_NAMES, engine.models.user_column.name: VISITOR},
    ).add_to(router)
    return router


def given_with(body: Any) -> Given | None:
    """Return what a request brings along; None for nothing, as nearly always."""
    # Baskets have neither of the first two.
    interactions, user_data = getattr(body, "interactions", None), getattr(body, "user_data", None)
    is_plain = interactions is user_data is body.item_data is None and not body.diversity
    if is_plain and not body.fold_in:
        return None
    return Given(
        interactions, user_data, body.item_data, body.diversity or 0.0, body.seed, body.fold_in
    )


def as_visit(basket: Any, user: str) -> Any:
    """Return a basket as the library takes it.

    Parameters
    ----------
    basket : list or dict
        As it was sent.
    user : str
        Name of the user column.
    """
    if isinstance(basket, list):
        return basket
    visit = {name: value for name, value in basket.items() if name != VISITOR}
    if basket.get(VISITOR) is not None:
        visit[user] = basket[VISITOR]
    return visit
