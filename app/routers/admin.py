"""Reload and activate models: for keys with the scope ``admin``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel, ConfigDict, Field

from turi_recommender.versions import ModelEntry

from ..http.declaration import ADMIN, declare
from ..http.problems import responses
from ..models.hotswap import HotSwap

_ERRORS = responses(400, 401, 403, 404, 408, 409, 413, 422, 431, 503)
_Name = Annotated[str, Path(description="Registry name", examples=["similarity_model"])]


class ActiveModel(BaseModel):
    """What serves now."""

    name: str
    version: str | None
    kind: str


class Activation(BaseModel):
    """Which version is to serve."""

    model_config = ConfigDict(extra="forbid", strict=True)
    version: str = Field(pattern=r"^[0-9]{1,18}$", examples=["6"])


def build_admin_router(swaps: HotSwap) -> APIRouter:
    """Build the router."""
    router = APIRouter(prefix="/admin/models", tags=["admin"])

    @router.post("/{name}/reload", operation_id="reload_model", responses=_ERRORS)
    @declare(ADMIN)
    async def reload(name: _Name) -> ActiveModel:
        """Take up the highest version now, and follow new versions again."""
        return _describe(await swaps.reload(name))

    @router.post("/{name}/activate", operation_id="activate_model", responses=_ERRORS)
    @declare(ADMIN)
    async def activate(name: _Name, body: Annotated[Activation, Body()]) -> ActiveModel:
        """Swap to a version and stay with it: a roll-back, or a pin until the next reload."""
        return _describe(await swaps.activate(name, body.version))

    return router


def _describe(entry: ModelEntry) -> ActiveModel:
    return ActiveModel(name=entry.name, version=entry.version, kind=entry.model.kind)
