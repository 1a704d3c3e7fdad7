"""Tell whoever runs the service which models serve: in the log, and in the metrics."""

from __future__ import annotations

import logging
from functools import partial

from turi_recommender.versions import ModelEntry

from ..observability.metrics import Metrics
from .figures import recall_of
from .loaded import LoadedModels
from .roles import Role
from .slots import Slot

log = logging.getLogger(__name__)


class ModelReport:
    """What the log and the metrics say of the models.

    Parameters
    ----------
    models : LoadedModels
        What serves.
    metrics : Metrics
        Where that is shown.
    """

    def __init__(self, models: LoadedModels, metrics: Metrics) -> None:
        self._models = models
        self._metrics = metrics
        self._told = ""  # what the log has said of who answers

    def start(self) -> None:
        """Tell what serves from the start."""
        for role, slot in self._models.slots.items():
            _log(slot)
            waiting = self._metrics.waiting.labels(role)
            waiting.set_function(partial(_is_waiting, self._models, role))
            damaged = self._metrics.damaged.labels(role)
            damaged.set_function(partial(_is_damaged, self._models, role))
        self._tell_auto()
        self._show()

    def attempt(self, name: str, outcome: str) -> None:
        """Tell of an attempt to take up another version.

        Parameters
        ----------
        name : str
            The model's name.
        outcome : {"loaded", "refused"}
        """
        self._metrics.swaps.labels(name, outcome).inc()
        if outcome == "loaded":
            for slot in self._models.slots.values():
                if slot.entry is not None and slot.entry.name == name:
                    _warn_of_strangers(slot, slot.entry)
                    _warn_of_version(slot, slot.entry)
            self._tell_auto()
        self._show()

    def _tell_auto(self) -> None:
        """Say which model answers requests that name none, when that has changed."""
        table = self._models.table
        told = self._models.auto if table is None else f"{self._models.auto}, {table}"
        if told != self._told:
            self._told = told
            level = logging.INFO if table is None or not table.reason else logging.WARNING
            log.log(level, "auto: %s", told)

    def _show(self) -> None:
        serving = [
            (slot.role, slot.entry)
            for slot in self._models.slots.values()
            if slot.entry is not None
        ]
        self._metrics.show_models(
            (role, entry.name, entry.version or "") for role, entry in serving
        )
        self._metrics.show_training(
            {
                (entry.name, role): (entry.training.trained.timestamp(), recall_of(entry.training))
                for role, entry in serving
                if entry.training is not None
            }
        )


def _is_waiting(models: LoadedModels, role: Role) -> bool:
    return models.slots[role].is_waiting


def _is_damaged(models: LoadedModels, role: Role) -> bool:
    return models.slots[role].damaged != ""


def _log(slot: Slot) -> None:
    entry = slot.entry
    if entry is None:
        log.warning("%s: none (%s)", slot.role, slot.reason)
        return
    version = f" version {entry.version}" if entry.version else ""
    if slot.unfit:
        log.warning(
            "%s: %s%s does not suit the role (%s), and serves because there was nothing better; "
            "a service that runs refuses such a version",
            *(slot.role, entry.name, version, slot.unfit),
        )
    _warn_of_strangers(slot, entry)
    _warn_of_version(slot, entry)
    log.info("%s: %s%s, %s, %s", slot.role, entry.name, version, entry.model.kind, entry.path)


def _warn_of_strangers(slot: Slot, entry: ModelEntry) -> None:
    """Warn of a model to which all items are alike for users whom it does not know."""
    if slot.pace.knows_strangers:
        return
    version = f" version {entry.version}" if entry.version else ""
    log.warning(
        "%s: %s%s says nothing of users that it does not know: to them, all items have the same "
        "score, and what they are recommended is an arbitrary list",
        *(slot.role, entry.name, version),
    )


def _warn_of_version(slot: Slot, entry: ModelEntry) -> None:
    """Warn of a version that serves though it was retired, or whose figures cannot be read."""
    if slot.retired:
        log.warning(
            "%s: %s version %s was %s; it serves because it was asked for by its number",
            *(slot.role, entry.name, entry.version, slot.retired),
        )
    if entry.training_trouble:
        log.warning(
            "%s: %s version %s serves, and its figures cannot be read: %s",
            *(slot.role, entry.name, entry.version, entry.training_trouble),
        )
