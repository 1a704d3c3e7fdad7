"""The baseline: a plain FastAPI route that validates the same body and answers ready bytes."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Annotated, Any, Generic, Literal, TypeVar

import uvicorn
from fastapi import FastAPI, Response
from pydantic import BaseModel, ConfigDict, Field, create_model

from app.http.server import server_options
from app.settings import Settings

ROWS = [
    {"visitorid": 6000, "itemid": 2250 + n, "score": 0.8839700378415642 / (n + 1), "rank": n + 1}
    for n in range(10)
]


TYPES = {
    "int": int,
    "float": float,
    "str": str,
    "list[str]": list[str],
    "list[float]": list[float],
    "dict[str, float]": dict[str, float],
}
STRICT = ConfigDict(extra="forbid", strict=True)
User = TypeVar("User")
Item = TypeVar("Item")
Id = TypeVar("Id")


class RecommendRequest(BaseModel, Generic[User, Id]):
    """The body of `POST /recommend/users`."""

    model_config = STRICT
    users: Annotated[list[User], Field(min_length=1, max_length=1000)]
    k: Annotated[int, Field(ge=1, le=1000)] = 10
    exclude_known: bool = True
    items: Annotated[list[Id], Field(min_length=1, max_length=1000)] | None = None
    exclude_items: Annotated[list[Id], Field(max_length=1000)] | None = None
    model: Literal["auto", "similarity", "ranking"] = "auto"
    side_data_defaults: bool = True


class SimilarRequest(BaseModel, Generic[Item]):
    """The body of `POST /similar/items`."""

    model_config = STRICT
    items: Annotated[list[Item], Field(min_length=1, max_length=1000)]
    k: Annotated[int, Field(ge=1, le=1000)] = 10
    model: Literal["similarity", "ranking"] = "similarity"


def request_models(types: Mapping[str, str]) -> tuple[Any, Any]:
    """Return the types of both bodies, with rows of these columns.

    Parameters
    ----------
    types : mapping of str to str
        The user column first, then what is told of a visit, and the item column last: names of
        `TYPES`.
    """
    kinds: dict[str, Any] = {name: TYPES[kind] for name, kind in types.items()}
    user, *told, item = kinds
    sides: dict[str, Any] = {name: (kinds[name] | None, None) for name in told}
    row = create_model("User", __config__=STRICT, **{user: kinds[user]}, **sides)
    thing = create_model("Item", __config__=STRICT, **{item: kinds[item]})
    recommend: Any = RecommendRequest
    similar: Any = SimilarRequest
    return recommend[row, kinds[item]], similar[thing]


def create_app(types: Mapping[str, str]) -> FastAPI:
    """Build the application for rows of these types."""
    app = FastAPI()
    reference = {"name": "ranking_factorization_model", "version": "1", "kind": "item_similarity"}
    rows = Response(
        _json({"model": reference, "recommendations": ROWS, "cold_users": []}),
    ).body
    recommend_request, similar_request = request_models(types)

    async def recommend(body: Any) -> Response:  # noqa: ARG001 - only validated
        return Response(rows, media_type="application/json")

    async def similar(body: Any) -> Response:  # noqa: ARG001
        return Response(rows, media_type="application/json")

    recommend.__annotations__["body"] = recommend_request
    similar.__annotations__["body"] = similar_request
    app.post("/recommend/users")(recommend)
    app.post("/similar/items")(similar)
    return app


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


if __name__ == "__main__":
    options = {**server_options(Settings()), "port": int(sys.argv[1]), "log_level": "warning"}
    uvicorn.run(create_app(json.loads(sys.argv[2])), **options)
