"""Reload and activate models: for keys with the scope ``admin``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from turi_recommender.versions import ModelEntry, is_version
from turi_recommender.versions.names import VERSION_PATTERN

from ..http.declaration import ADMIN, declare
from ..http.encoding import not_gzip, other_coding
from ..http.problems import responses
from ..limits import SHOWN_ERRORS
from ..models.hotswap import HotSwap
from ..models.loaded import LoadedModels

_ERRORS = responses(not_gzip(), 401, 403, 404, 408, 409, 413, other_coding(), 422, 431, 503)


class ActiveModel(BaseModel):
    """What serves now."""

    name: str
    version: str | None
    kind: str


class Activation(BaseModel):
    """Which version is to serve."""

    model_config = ConfigDict(extra="forbid", strict=True)
    version: str = Field(
        json_schema_extra={"pattern": f"^({VERSION_PATTERN})$"},
        description="A version of the registry",
    )

    @field_validator("version")
    @classmethod
    def _is_version(cls, version: str) -> str:
        """Say what a version is; the pattern alone tells it to programs only."""
        if not is_version(version):
            raise PydanticCustomError("version", 'Input should be a version, such as "6"')
        return version

    @model_validator(mode="before")
    @classmethod
    def _few_fields(cls, body: Any) -> Any:
        """Refuse a body of many fields at once: an error for each would take half a second."""
        if isinstance(body, dict) and len(body) > SHOWN_ERRORS:
            raise PydanticCustomError("too_many_fields", "Input should have one field, version")
        return body


def build_admin_router(swaps: HotSwap, models: LoadedModels) -> APIRouter:
    """Build the router.

    Parameters
    ----------
    swaps : HotSwap
        Takes versions up.
    models : LoadedModels
        What is loaded; the documentation shows one of them.
    """
    router = APIRouter(prefix="/admin/models", tags=["admin"])
    shown = [entry for entry in models.entries if entry.version is not None][:1]
    names = [entry.name for entry in shown]
    versions = [{"version": entry.version} for entry in shown]
    in_path: Any = Path(description="Registry name", examples=names)
    in_body: Any = Body(examples=versions)

    @router.post("/{name}/reload", operation_id="reload_model", responses=_ERRORS)
    @declare(ADMIN)
    async def reload(name: str = in_path) -> ActiveModel:
        """Take up the highest version that passes now, and follow new versions again."""
        return _describe(await swaps.reload(name))

    @router.post("/{name}/activate", operation_id="activate_model", responses=_ERRORS)
    @declare(ADMIN)
    async def activate(name: str = in_path, body: Activation = in_body) -> ActiveModel:
        """Swap to a version and stay with it: a roll-back, or a pin until the next reload."""
        return _describe(await swaps.activate(name, body.version))

    return router


def _describe(entry: ModelEntry) -> ActiveModel:
    return ActiveModel(name=entry.name, version=entry.version, kind=entry.model.kind)
