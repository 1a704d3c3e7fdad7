"""Load the models that the settings name, and check that they go together."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from turi_recommender import Recommender
from turi_recommender.errors import ModelError, ModelNotFoundError, QueryError
from turi_recommender.versions import ModelEntry, Registry, is_name

from ..errors import ConfigurationError, RefusedVersionError
from ..settings import Settings, variable_names
from .loaded import LoadedModels
from .pace import Pace, measure_pace, with_defaults
from .retired import tell_retired
from .roles import MAIN, Assignment, Pin, Role, assignments
from .shown import shown_paths
from .slots import Slot
from .successor import check_fitness, check_same_ids

log = logging.getLogger(__name__)


def load_models(settings: Settings) -> LoadedModels:
    """Load the models that the settings name.

    Raises
    ------
    ConfigurationError
        If a setting cannot be honoured, or no model is found at all.
    ModelError
        If a model cannot be read that a setting names, or none can be.
    """
    loader = _Loader(settings)
    slots = loader.slots()
    main = [slots[role] for role in MAIN]
    if all(slot.entry is None for slot in main):
        if loader.unreadable is not None:
            raise loader.unreadable
        reasons = "; ".join(slot.reason for slot in main)
        raise ConfigurationError(f"no model found: {reasons}")
    models = LoadedModels(slots, {}, shown_paths(settings), settings.auto)
    _check_columns_agree(models)
    models.defaults = _fitting_defaults(settings, models)
    for role, slot in slots.items():
        if slot.entry is not None:
            pace = loader.pace(slot.entry.model, models.defaults)
            models.swap(role, slot.entry, pace, slot.unfit, tell_retired(slot.entry))
    return models


class _Loader:
    """Finds the version with which each role starts.

    That is the highest one that is not retired and passes the checks of a version that is taken up
    later. If none does, it is the highest one that answers at all: a service that worked yesterday
    starts today. Where all are retired, it is none.

    Parameters
    ----------
    settings : Settings
        Where models are, and which play which role.

    Attributes
    ----------
    unreadable : ModelError or None
        Why the first model that could not be read, and is left out for that, could not.
    """

    def __init__(self, settings: Settings) -> None:
        self._registry = Registry(settings.models_dir, trust_notes=True)
        self._assignments = assignments(settings)
        self._defaults = settings.side_data_defaults
        self.unreadable: ModelError | None = None
        self._unfit: dict[Role, str] = {}  # what to say of a role for which no version was fit
        self._paces: WeakKeyDictionary[Recommender, Pace] = WeakKeyDictionary()  # no side data

    def slots(self) -> dict[Role, Slot]:
        """Load a model for each role; where their ids differ, older versions may go together."""
        slots: dict[Role, Slot] = {}
        for each in self._assignments:
            slots[each.role] = self._slot(each, _entries(slots))
        first, *others = self._assignments
        rest = _entries({each.role: slots[each.role] for each in others})
        if slots[first.role].entry is not None and not _agree(_entries(slots)):
            slots[first.role] = self._slot(first, rest)
            slots = {each.role: self._fitness_of(each.role, slots) for each in self._assignments}
        for role, told in self._unfit.items():
            if slots[role].unfit:
                log.warning(told)
        return slots

    def pace(self, model: Recommender, defaults: Mapping[str, Any]) -> Pace:
        """Return how fast a model answers that was loaded here.

        Parameters
        ----------
        model : Recommender
            The model.
        defaults : mapping of str to value
            Side data that the service fills in.
        """
        return with_defaults(self._paces[model], model, defaults)

    def _check_pace(self, entry: ModelEntry) -> None:
        """Refuse what loads and cannot be asked, so that the next best version is taken."""
        try:
            self._paces[entry.model] = measure_pace(entry.model, {})
        except Exception as error:
            raise RefusedVersionError(f"a sample query fails: {error!r}") from error

    def _fitness_of(self, role: Role, slots: Mapping[Role, Slot]) -> Slot:
        """Return a slot that may suit its role now that another role is played differently."""
        slot = slots[role]
        if slot.entry is None or not slot.unfit:
            return slot
        others = _entries({other: slots[other] for other in slots if other != role})
        return replace(slot, unfit=_unfitness(role, slot.entry, others, self._defaults))

    def _slot(self, assignment: Assignment, others: Sequence[ModelEntry]) -> Slot:
        refused: dict[str, str] = {}
        role = assignment.role
        try:
            entry, unfit = self._load(assignment, others, refused)
        except ModelNotFoundError as error:
            if not assignment.may_be_absent:
                raise ConfigurationError(f"{assignment.variable}: {error}") from error
            is_there = len(refused) > 0 or self._has_versions(assignment.reference)
            return Slot(role, None, reason=str(error), refused=refused, is_unreadable=is_there)
        except ModelError as error:
            if not assignment.may_be_absent:
                raise
            self.unreadable = self.unreadable or error
            return Slot(role, None, reason=str(error), refused=refused, is_unreadable=True)
        pin: Pin | None = "setting" if assignment.is_pinned and entry.version is not None else None
        return Slot(role, entry, refused=refused, pin=pin, unfit=unfit)

    def _has_versions(self, reference: str) -> bool:
        """Tell whether a name has versions, of which none is offered: all are retired."""
        try:
            return is_name(reference) and len(self._registry.versions(reference)) > 0
        except ModelError:
            return False

    def _load(
        self, assignment: Assignment, others: Sequence[ModelEntry], refused: dict[str, str]
    ) -> tuple[ModelEntry, str]:
        """Load the version that a reference means, fit for the role if there is a choice.

        Parameters
        ----------
        assignment : Assignment
            The role and the reference.
        others : sequence of ModelEntry
            What plays the other roles.
        refused : dict of str to str
            Where versions that are not taken are noted, and why.

        Returns
        -------
        entry : ModelEntry
            The version.
        unfit : str
            Why it does not suit the role, where there was nothing better.
        """
        reference = assignment.reference
        unfit: list[str] = []

        def check(entry: ModelEntry) -> None:
            self._check_pace(entry)
            try:
                _check_fit(assignment.role, entry, others, self._defaults)
            except RefusedVersionError as error:
                unfit.append(f"{entry.version}: {error}")
                raise

        if is_name(reference) and len(self._registry.versions(reference)) > 0:
            try:
                entry, _ = self._registry.load_newest(reference, check, refused)
                return entry, ""
            except ModelError:
                if len(unfit) == 0:
                    raise
                told = f"no version of model {reference} is fit: {'; '.join(unfit)}"
                self._unfit[assignment.role] = told
                refused.clear()
        entry, _ = self._registry.load_newest(reference, self._check_pace, refused)
        return entry, _unfitness(assignment.role, entry, others, self._defaults)


def _unfitness(
    role: Role, entry: ModelEntry, others: Sequence[ModelEntry], defaults: Mapping[str, Any]
) -> str:
    """Return why a version would be refused while serving, which is no reason not to start.

    Parameters
    ----------
    role, entry, others, defaults
        As for `_check_fit`.
    """
    try:
        _check_fit(role, entry, others, defaults)
    except RefusedVersionError as error:
        return str(error)
    except Exception as error:
        return f"a sample query fails: {error!r}"
    return ""


def _check_fit(
    role: Role, entry: ModelEntry, others: Sequence[ModelEntry], defaults: Mapping[str, Any]
) -> None:
    """Refuse what would be refused while serving.

    Parameters
    ----------
    role : {"similarity", "ranking", "newcomer"}
        The role that it is to play.
    entry : ModelEntry
        The version.
    others : sequence of ModelEntry
        What plays the other roles.
    defaults : mapping of str to value
        Side data that the service fills in, not yet checked.
    """
    for other in others:
        check_same_ids(other, entry)
    names = {column.name for column in entry.model.side_columns}
    side = {name: value for name, value in defaults.items() if name in names}
    try:
        entry.model.check_side_data(side)
    except QueryError:  # a wrong setting is no fault of the model: it stops the start later
        side = {}
    check_fitness(role, entry.model, side)


def _entries(slots: Mapping[Role, Slot]) -> list[ModelEntry]:
    return [slot.entry for slot in slots.values() if slot.entry is not None]


def _agree(entries: Sequence[ModelEntry]) -> bool:
    try:
        for other in entries[1:]:
            check_same_ids(entries[0], other)
    except RefusedVersionError:
        return False
    return True


def _check_columns_agree(models: LoadedModels) -> None:
    """All models answer the same requests, so their ids must have the same names and types."""
    first, *others = models.entries
    try:
        for other in others:
            check_same_ids(first, other)
    except RefusedVersionError as error:
        raise ConfigurationError(str(error)) from None


def _fitting_defaults(settings: Settings, models: LoadedModels) -> dict[str, Any]:
    """Check the side data defaults against the models that have side columns."""
    defaults = settings.side_data_defaults
    columns = {column.name for column in models.visits.columns}
    fitting = {name: value for name, value in defaults.items() if name in columns}
    if settings.is_default("side_data_defaults"):
        return fitting
    variable = variable_names()["side_data_defaults"]
    unknown = sorted(set(defaults) - columns)
    if unknown and models.model("ranking") is not None:
        whose, they = "the ranking model has no", "it has"
        if models.model("newcomer") is not None:
            whose, they = "neither the ranking nor the newcomer model has a", "they have"
        raise ConfigurationError(
            f"{variable}: {whose} side column {', '.join(unknown)} "
            f"({they} {', '.join(sorted(columns)) or 'none'})"
        )
    for role in ("ranking", "newcomer"):
        model = models.model(role)
        if model is not None:
            try:
                model.check_side_data(models.visits.defaults_for(model, fitting))
            except QueryError as error:
                raise ConfigurationError(f"{variable}: {error}") from None
    return fitting
