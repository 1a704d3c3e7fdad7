"""What is running: probes and the loaded models."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from turi_recommender import Column, Training

from ..http.declaration import PROBE, declare
from ..http.lifecycle import Lifecycle
from ..http.problems import responses
from ..models.figures import tell_evaluation
from ..models.loaded import LoadedModels
from ..models.measured import KINDS, Kind, Table
from ..models.slots import Slot
from ..settings import Auto

_STOPPING = "The service is about to stop."
_NOT_READY = responses(HTTPException(503, _STOPPING))


class Health(BaseModel):
    """Answer of a probe."""

    status: str = Field(examples=["ok"])


class ColumnInfo(BaseModel):
    """A column of the training data."""

    name: str
    type: str = Field(examples=["integer"])
    mode: str = Field(examples=["categorical"])


class LogInfo(BaseModel):
    """The event log that a model was trained from."""

    sha256: str
    events: int
    users: int
    items: int
    first: datetime | None = Field(description="Time of its first event, if it has times")
    last: datetime | None = Field(description="Time of its last event, if it has times")


class ComparisonInfo(BaseModel):
    """A model's measure divided by another one's, and its interval."""

    ratio: float | None
    low: float | None
    high: float | None


class FiguresInfo(BaseModel):
    """What a model is worth, measured on items of visitors that training did not know."""

    measure: str = Field(examples=["recall@10"])
    split: str = Field(examples=["time"])
    visitors: dict[str, int] = Field(description="How many, by kind: all, known, light, unknown")
    values: dict[str, float | None] = Field(
        description="The measure, by kind of visitor; null where there was none of that kind"
    )
    against: dict[str, ComparisonInfo] = Field(
        description="Compared with others, such as jaccard and the version that served before"
    )
    forced: str | None = Field(
        description="Why it was published all the same, if it would have been refused"
    )


class TrainingInfo(BaseModel):
    """What the manifest of a version says of its training."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)
    trained: datetime
    settings: dict[str, Any]
    log: LogInfo
    figures: FiguresInfo | None = Field(default=None, description="null where nobody measured")


class ModelInfo(BaseModel):
    """A role and the model that plays it."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)
    role: str = Field(examples=["similarity"])
    loaded: bool
    reason: str | None = Field(default=None, description="Why no model is loaded")
    name: str | None = None
    version: str | None = None
    kind: str | None = None
    path: str | None = Field(
        default=None, description="Where it was read from, below the directory of models"
    )
    user_column: ColumnInfo | None = None
    item_column: ColumnInfo | None = None
    target: str | None = None
    following: bool = Field(
        default=False, description="Whether it takes up new versions when they appear"
    )
    pinned_by: Literal["setting", "activate"] | None = Field(
        default=None, description="What keeps it with this version, if anything does"
    )
    missing: str | None = Field(
        default=None, description="Which of its folders is gone since it was loaded; it serves on"
    )
    damaged: str | None = Field(
        default=None,
        description="What is wrong with its files, found after it was loaded; it serves on",
    )
    unfit: str | None = Field(
        default=None,
        description="Why it does not suit its role; it serves because nothing better was there",
    )
    refused_versions: dict[str, str] = Field(
        default={}, description="Versions that were not taken, and why"
    )
    side_columns: list[ColumnInfo] = []
    side_data_defaults: dict[str, Any] = {}
    users: int | None = None
    items: int | None = None
    observations: int | None = None
    factors: int | None = None
    knows_strangers: bool | None = Field(
        default=None,
        description="Whether it tells items apart for users that it does not know. If not, all "
        "items are alike to them, and what they are recommended is an arbitrary list",
    )
    summary: dict[str, Any] = Field(
        default={},
        description="What the model says of itself, as it was saved: options and results of its "
        "training; null where one was not set or is not a finite number",
    )
    resident_bytes: int | None = Field(
        default=None, description="Memory that the model holds, measured when it was loaded"
    )
    training: TrainingInfo | None = Field(
        default=None, description="What the version's manifest says of its training"
    )
    evaluation: str | None = Field(
        default=None,
        examples=["evaluated"],
        description="evaluated, not evaluated, or why the figures cannot be read",
    )
    retired: str | None = Field(
        default=None,
        description="When and why the version was retired; it serves because it was asked for by "
        "its number, or because nothing can take its place",
    )


class KindInfo(BaseModel):
    """Who is asked for a kind of visitor."""

    role: str | None = Field(
        description="The role that is asked first; null where side data decide",
        examples=["ranking"],
    )
    figures: dict[str, float | None] = Field(
        description="What this follows from, by role; null where a version has no such figure, or "
        "but one of fewer than twenty visitors"
    )


class AutoInfo(BaseModel):
    """Which model answers requests that name none."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)
    rule: Auto = Field(description="The setting AUTO")
    measure: str | None = Field(default=None, examples=["recall@10"])
    split: str | None = Field(
        default=None, description="How the visitors were chosen", examples=["time"]
    )
    kinds: dict[str, KindInfo] = Field(
        default={}, description="By kind of visitor, where the rule is `measured`"
    )
    reason: str | None = Field(
        default=None, description="Why figures decide nothing although the rule is `measured`"
    )


class ModelList(BaseModel):
    """All roles."""

    models: list[ModelInfo]
    auto: AutoInfo


def build_info_router(
    models: LoadedModels, lifecycle: Lifecycle, *, is_watching: bool
) -> APIRouter:
    """Build the router.

    Parameters
    ----------
    models : LoadedModels
        What is loaded.
    lifecycle : Lifecycle
        Whether the service is about to stop.
    is_watching : bool
        Whether the service looks for new versions by itself.
    """
    router = APIRouter(tags=["service"])

    @router.get("/healthz/live", operation_id="live")
    @declare(PROBE)
    async def live() -> Health:
        """Tell that the process runs."""
        return Health(status="ok")

    @router.get("/healthz/ready", operation_id="ready", responses=_NOT_READY)
    @declare(PROBE)
    async def ready() -> Health:
        """Tell that the models are loaded, and that the service is not about to stop."""
        if lifecycle.draining:
            raise HTTPException(503, _STOPPING)
        return Health(status="ok")

    @router.get("/models", operation_id="list_models", responses=responses(401, 403, 503))
    async def list_models() -> ModelList:
        """List the models: name, version, columns, sizes, and where they come from."""
        return ModelList(
            models=[_describe(slot, models, is_watching) for slot in models.slots.values()],
            auto=_describe_auto(models),
        )

    return router


def _describe(slot: Slot, models: LoadedModels, is_watching: bool) -> ModelInfo:
    shown = models.shown
    refused = {version: shown.text(why) for version, why in slot.refused.items()}
    if slot.entry is None:
        return ModelInfo(
            role=slot.role,
            loaded=False,
            reason=shown.text(slot.why_absent),
            refused_versions=refused,
        )
    model = slot.entry.model
    return ModelInfo(
        role=slot.role,
        loaded=True,
        following=is_watching and slot.pin is None and slot.entry.version is not None,
        pinned_by=slot.pin,
        name=slot.entry.name,
        version=slot.entry.version,
        kind=model.kind,
        path=shown.path(slot.entry.path),
        missing=shown.text(slot.missing) or None,
        damaged=shown.text(slot.damaged) or None,
        unfit=shown.text(slot.unfit) or None,
        refused_versions=refused,
        user_column=_column(model.user_column),
        item_column=_column(model.item_column),
        target=model.target,
        side_columns=[_column(column) for column in model.side_columns],
        side_data_defaults=models.defaults_for(model),
        users=model.num_users,
        items=model.num_items,
        observations=model.num_observations,
        factors=model.num_factors,
        knows_strangers=slot.pace.knows_strangers,
        summary={name: _finite(value) for name, value in model.summary.items()},
        resident_bytes=slot.pace.resident_bytes,
        training=_training(slot.entry.training),
        evaluation=shown.text(tell_evaluation(slot.entry.training, slot.entry.training_trouble)),
        retired=shown.text(slot.retired) or None,
    )


def _describe_auto(models: LoadedModels) -> AutoInfo:
    table = models.table
    if table is None:
        return AutoInfo(rule=models.auto)
    return AutoInfo(
        rule=models.auto,
        measure=table.measure or None,
        split=table.split or None,
        kinds={kind: _describe_kind(kind, table, models) for kind in KINDS},
        reason=table.reason or None,
    )


def _describe_kind(kind: Kind, table: Table, models: LoadedModels) -> KindInfo:
    loaded = [role for role, slot in models.slots.items() if slot.entry is not None]
    return KindInfo(
        role=table.best(kind),
        figures={role: table.values.get(role, {}).get(kind) for role in loaded},
    )


def _training(training: Training | None) -> TrainingInfo | None:
    """Return what answers show of a training; fields that nobody here knows are left out."""
    return None if training is None else TrainingInfo.model_validate(training.to_json())


def _finite(value: object) -> object:
    """Return a value as JSON can have it."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _column(column: Column) -> ColumnInfo:
    return ColumnInfo(
        name=column.name, type=column.value_type.name.lower(), mode=column.mode.name.lower()
    )
