"""Which model answers, and with which side data. Knows nothing of HTTP.

Two models share the work: one for users without side data and for similar items ("similarity"), one
for users with side data ("ranking"). Either may be absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from app.settings import ConfigurationError, Settings, variable_names
from turi_recommender import Column, Id, Recommendations, Recommender, SimilarItems
from turi_recommender.errors import ModelNotFoundError, QueryError, RecommenderError
from turi_recommender.versions.locations import ModelEntry, Registry

Role = Literal["similarity", "ranking"]
Choice = Literal["auto", "similarity", "ranking"]
Row = Mapping[str, Any]

ROLES: tuple[Role, ...] = ("similarity", "ranking")


class ModelUnavailableError(RecommenderError):
    """The model that a request needs is not loaded."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A role and the model that plays it, or why none does."""

    role: Role
    entry: ModelEntry | None
    reason: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Versions that were not taken, and why."""


class RecommendationService:
    """The loaded models and the rules between them.

    Parameters
    ----------
    slots : mapping of role to Slot
        Both roles; at least one must have a model.
    defaults : mapping
        Value of each side column that a user's row leaves out.
    """

    def __init__(self, slots: Mapping[Role, Slot], defaults: Mapping[str, Any]) -> None:
        self.slots: Mapping[Role, Slot] = slots
        self.defaults = dict(defaults)

    def swap(self, role: Role, entry: ModelEntry) -> None:
        """Let another model play a role from now on; who asked before keeps the old one."""
        slot = self.slots[role]
        refused = {one: why for one, why in slot.refused.items() if one != entry.version}
        slot = replace(slot, entry=entry, reason="", refused=refused)
        self.slots = {**self.slots, role: slot}

    def refuse(self, role: Role, version: str, reason: str) -> None:
        """Note why a version was not taken."""
        slot = self.slots[role]
        slot = replace(slot, refused={**slot.refused, version: reason})
        self.slots = {**self.slots, role: slot}

    def close(self) -> None:
        """Let go of the models: the framework remembers endpoints of applications that are gone."""
        self.slots = {role: Slot(role, None, "the service has stopped") for role in self.slots}

    @property
    def entries(self) -> list[ModelEntry]:
        """The loaded models."""
        return [slot.entry for slot in self.slots.values() if slot.entry is not None]

    def model(self, role: Role) -> Recommender | None:
        """Return the model of a role, or None."""
        entry = self.slots[role].entry
        return None if entry is None else entry.model

    @property
    def user_column(self) -> Column:
        """The user column, which all loaded models share."""
        return self.entries[0].model.user_column

    @property
    def item_column(self) -> Column:
        """The item column, which all loaded models share."""
        return self.entries[0].model.item_column

    @property
    def side_columns(self) -> tuple[Column, ...]:
        """What a user's row may say of the visit: the ranking model's side columns."""
        ranking = self.model("ranking")
        return () if ranking is None else ranking.side_columns

    def need(self, role: Role) -> ModelEntry:
        """Return the model of a role.

        Raises
        ------
        ModelUnavailableError
            If it is not loaded.
        """
        slot = self.slots[role]
        if slot.entry is None:
            raise ModelUnavailableError(f"no {role} model is loaded: {slot.reason}")
        return slot.entry

    def recommend(
        self,
        users: Sequence[Row],
        *,
        choice: Choice = "auto",
        side_data_defaults: bool = True,
        k: int = 10,
        exclude_known: bool = True,
        items: Sequence[Id] | None = None,
        exclude: Sequence[Id] | None = None,
    ) -> tuple[ModelEntry, Recommendations]:
        """Recommend items to users.

        Parameters
        ----------
        users : sequence of mappings
            The user column, and any side columns.
        choice : {"auto", "similarity", "ranking"}
            Auto takes the ranking model if any row carries side data, else the similarity model.
        side_data_defaults : bool
            Whether side columns that a row leaves out take their defaults (ranking model only).
        k, exclude_known, items, exclude
            As in `Recommender.recommend`.

        Raises
        ------
        ModelUnavailableError
            If the model it takes is not loaded.
        QueryError
            If that model cannot be asked so.
        """
        role = self.choose(users) if choice == "auto" else choice
        entry = self.need(role)
        if role == "ranking" and side_data_defaults and self.defaults:
            users = [{**self.defaults, **row} for row in users]
        answer = entry.model.recommend(
            users, k=k, exclude_known=exclude_known, items=items, exclude=exclude
        )
        return entry, answer

    def similar_items(
        self, items: Sequence[Id], *, role: Role = "similarity", k: int = 10
    ) -> tuple[ModelEntry, SimilarItems]:
        """Find similar items.

        Raises
        ------
        ModelUnavailableError
            If the model is not loaded.
        QueryError
            If it cannot be asked so.
        """
        entry = self.need(role)
        return entry, entry.model.similar_items(items, k=k)

    def choose(self, users: Sequence[Row]) -> Role:
        """Return the role that `auto` means for these users."""
        return "ranking" if any(len(row) > 1 for row in users) else "similarity"


def load_service(settings: Settings) -> RecommendationService:
    """Load the models that the settings name.

    Raises
    ------
    ConfigurationError
        If a setting cannot be honoured, or no model is found at all.
    ModelError
        If a model cannot be read.
    """
    registry = Registry(settings.models_dir)
    slots = {role: _load_slot(registry, settings, role) for role in ROLES}
    if all(slot.entry is None for slot in slots.values()):
        reasons = "; ".join(slot.reason for slot in slots.values())
        raise ConfigurationError(f"no model found: {reasons}")
    service = RecommendationService(slots, {})
    _check_columns_agree(service)
    service.defaults = _fitting_defaults(settings, service.model("ranking"))
    return service


def _load_slot(registry: Registry, settings: Settings, role: Role) -> Slot:
    name = f"{role}_model"
    try:
        entry, refused = registry.load_newest(getattr(settings, name))
        return Slot(role, entry, refused=refused)
    except ModelNotFoundError as error:
        if settings.is_default(name):
            return Slot(role, None, str(error))
        raise ConfigurationError(f"{variable_names()[name]}: {error}") from error


def _check_columns_agree(service: RecommendationService) -> None:
    """Both models answer the same requests, so their ids must have the same names and types."""
    first, *others = service.entries
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
