"""The baseline: a plain FastAPI route that validates the same body and answers ready bytes."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import uvicorn
from fastapi import FastAPI, Response
from pydantic import BaseModel, ConfigDict, Field

from app.http.server import server_options
from app.settings import Settings

ROWS = [
    {"visitorid": 6000, "itemid": 2250 + n, "score": 0.8839700378415642 / (n + 1), "rank": n + 1}
    for n in range(10)
]


class User(BaseModel):
    """A row of the request, as the shop's models have it."""

    model_config = ConfigDict(extra="forbid", strict=True)
    visitorid: int
    period: str | None = None
    month: int | None = None
    weekday: int | None = None


class RecommendRequest(BaseModel):
    """The body of `POST /recommend/users`."""

    model_config = ConfigDict(extra="forbid", strict=True)
    users: Annotated[list[User], Field(min_length=1, max_length=1000)]
    k: Annotated[int, Field(ge=1, le=1000)] = 10
    exclude_known: bool = True
    items: Annotated[list[int], Field(min_length=1, max_length=1000)] | None = None
    exclude_items: Annotated[list[int], Field(max_length=1000)] | None = None
    model: Literal["auto", "similarity", "ranking"] = "auto"
    side_data_defaults: bool = True


class Item(BaseModel):
    """A row of the request for similar items."""

    model_config = ConfigDict(extra="forbid", strict=True)
    itemid: int


class SimilarRequest(BaseModel):
    """The body of `POST /similar/items`."""

    model_config = ConfigDict(extra="forbid", strict=True)
    items: Annotated[list[Item], Field(min_length=1, max_length=1000)]
    k: Annotated[int, Field(ge=1, le=1000)] = 10
    model: Literal["similarity", "ranking"] = "similarity"


def create_app() -> FastAPI:
    """Build the application."""
    app = FastAPI()
    reference = {"name": "ranking_factorization_model", "version": "1", "kind": "item_similarity"}
    rows = Response(
        _json({"model": reference, "recommendations": ROWS, "cold_users": []}),
    ).body

    @app.post("/recommend/users")
    async def recommend(body: RecommendRequest) -> Response:  # noqa: ARG001 - only validated
        return Response(rows, media_type="application/json")

    @app.post("/similar/items")
    async def similar(body: SimilarRequest) -> Response:  # noqa: ARG001
        return Response(rows, media_type="application/json")

    return app


def _json(value: object) -> str:
    import json  # noqa: PLC0415

    return json.dumps(value, separators=(",", ":"))


if __name__ == "__main__":
    options = {**server_options(Settings()), "port": int(sys.argv[1]), "log_level": "warning"}
    uvicorn.run(create_app(), **options)
