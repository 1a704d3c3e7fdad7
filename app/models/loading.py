"""Load the models that the settings name, and check that they go together."""

from __future__ import annotations

from typing import Any

from turi_recommender import Column, Recommender
from turi_recommender.errors import ModelNotFoundError, QueryError
from turi_recommender.versions import ModelEntry, Registry

from ..errors import ConfigurationError, RefusedVersionError
from ..settings import Settings, variable_names
from .loaded import LoadedModels
from .pace import measure_pace
from .roles import Assignment, assignments
from .slots import Slot


def load_models(settings: Settings) -> LoadedModels:
    """Load the models that the settings name.

    Raises
    ------
    ConfigurationError
        If a setting cannot be honoured, or no model is found at all.
    ModelError
        If a model cannot be read.
    """
    registry = Registry(settings.models_dir)
    slots = {each.role: _load_slot(registry, each) for each in assignments(settings)}
    if all(slot.entry is None for slot in slots.values()):
        reasons = "; ".join(slot.reason for slot in slots.values())
        raise ConfigurationError(f"no model found: {reasons}")
    models = LoadedModels(slots, {})
    _check_columns_agree(models)
    models.defaults = _fitting_defaults(settings, models.model("ranking"))
    for role, slot in slots.items():
        if slot.entry is not None:
            models.swap(role, slot.entry, measure_pace(slot.entry.model, models.defaults))
    return models


def _load_slot(registry: Registry, assignment: Assignment) -> Slot:
    try:
        entry, refused = registry.load_newest(assignment.reference, _check_answers)
        return Slot(assignment.role, entry, refused=refused)
    except ModelNotFoundError as error:
        if assignment.may_be_absent:
            return Slot(assignment.role, None, reason=str(error))
        raise ConfigurationError(f"{assignment.variable}: {error}") from error


def _check_answers(entry: ModelEntry) -> None:
    """Refuse a model that loads and cannot be asked, so that the next best version is taken."""
    try:
        measure_pace(entry.model, {})
    except Exception as error:
        raise RefusedVersionError(f"a sample query fails: {error!r}") from error


def _check_columns_agree(models: LoadedModels) -> None:
    """All models answer the same requests, so their ids must have the same names and types."""
    first, *others = models.entries
    for other in others:
        for column in ("user_column", "item_column"):
            mine: Column = getattr(first.model, column)
            yours: Column = getattr(other.model, column)
            if (mine.name, mine.value_type) != (yours.name, yours.value_type):
                raise ConfigurationError(
                    f"the models differ in their {column.replace('_', ' ')}: {first.name} has "
                    f"{mine.name} ({mine.value_type.name.lower()}), {other.name} has "
                    f"{yours.name} ({yours.value_type.name.lower()})"
                )


def _fitting_defaults(settings: Settings, ranking: Recommender | None) -> dict[str, Any]:
    """Check the side data defaults against the ranking model."""
    defaults = settings.side_data_defaults
    columns = {column.name for column in ranking.side_columns} if ranking else set()
    if settings.is_default("side_data_defaults"):
        return {name: value for name, value in defaults.items() if name in columns}
    if ranking is None:
        return {}
    variable = variable_names()["side_data_defaults"]
    unknown = sorted(set(defaults) - columns)
    if unknown:
        raise ConfigurationError(
            f"{variable}: the ranking model has no side column {', '.join(unknown)} "
            f"(it has {', '.join(sorted(columns)) or 'none'})"
        )
    try:
        ranking.check_side_data(defaults)
    except QueryError as error:
        raise ConfigurationError(f"{variable}: {error}") from None
    return dict(defaults)
