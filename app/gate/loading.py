"""Load what is judged and what serves, in the way of the service, with its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from turi_recommender.errors import ModelError, ModelNotFoundError
from turi_recommender.versions import ModelEntry, Registry

from ..errors import ConfigurationError
from ..models.loaded import LoadedModels
from ..models.loading import load_models
from ..models.roles import MAIN, Role
from ..settings import Settings
from .candidates import ROLES, Candidate


@dataclass(frozen=True, slots=True)
class Serving:
    """What serves now in the roles of the candidates.

    Attributes
    ----------
    models : mapping of role to LoadedModels
        The models among which the version of a role is, if one serves.
    troubles : mapping of role to str
        Why no version of a role can be read though there are some, in words.
    """

    models: Mapping[Role, LoadedModels] = field(default_factory=dict)
    troubles: Mapping[Role, str] = field(default_factory=dict)

    def entry(self, role: Role) -> ModelEntry | None:
        """Return the version that serves a role, if one does."""
        return self.models[role].need(role) if role in self.models else None


def load_judged(
    candidates: Sequence[Candidate], directory: Path, settings: Settings
) -> LoadedModels:
    """Load the models that are judged.

    Parameters
    ----------
    candidates : sequence of Candidate
        Whose models.
    directory : Path
        The run's.
    settings : Settings
        Those of the service.

    Raises
    ------
    ConfigurationError
        If the service would not start with them.
    ModelError
        If one of them cannot be read.
    """
    references: dict[Role, str] = {each.role: str(each.judged) for each in candidates}
    models = load_models(_settings(settings, directory, references))
    for role in references:
        if models.slots[role].entry is None:
            raise ConfigurationError(f"the {role} candidate: {models.slots[role].reason}")
    return models


def load_serving(candidates: Sequence[Candidate], registry: Path, settings: Settings) -> Serving:
    """Load what serves now under the names of candidates.

    If they cannot be loaded together, each is loaded by itself: a damaged model hides no other one.

    Parameters
    ----------
    candidates : sequence of Candidate
        Whose names are looked for.
    registry : Path
        Where versions are published.
    settings : Settings
        Those of the service.
    """
    names, troubles = _find(candidates, Registry(registry))
    found: dict[Role, LoadedModels] = {}
    try:
        together = load_models(_settings(settings, registry, names)) if names else None
    except (ConfigurationError, ModelError):
        together = None
    for role, name in names.items():
        try:
            models = together or _load_alone(settings, registry, role, name)
        except (ConfigurationError, ModelError) as error:
            troubles[role] = str(error)
            continue
        if models.slots[role].entry is None:
            troubles[role] = models.slots[role].reason
        else:
            found[role] = models
    return Serving(found, troubles)


def _load_alone(settings: Settings, registry: Path, role: Role, name: str) -> LoadedModels:
    Registry(registry).load_newest(name)  # its own error, not that of another model
    return load_models(_settings(settings, registry, {role: name}))


def _find(
    candidates: Sequence[Candidate], registry: Registry
) -> tuple[dict[Role, str], dict[Role, str]]:
    """Return the names that have versions, and of which that cannot even be told."""
    names: dict[Role, str] = {}
    troubles: dict[Role, str] = {}
    for each in candidates:
        try:
            if len(registry.offered(each.name)) > 0:
                names[each.role] = each.name
        except ModelNotFoundError as error:
            troubles[each.role] = str(error)
    return names, troubles


def _settings(settings: Settings, directory: Path, references: Mapping[Role, str]) -> Settings:
    """Return the service's settings with other models, of which each may be absent.

    Parameters
    ----------
    settings : Settings
        Those of the service. Roles that no reference names keep their models.
    directory : Path
        Where models are.
    references : mapping of role to str
        Which model plays a role.
    """
    references = dict(references)
    if not references.keys() & set(MAIN):  # a service has one of these, which nobody asks here
        references["similarity"] = references["newcomer"]
    values = {name: getattr(settings, name) for name in Settings.model_fields}
    values |= {"models_dir": directory}
    values |= {f"{role}_model": reference for role, reference in references.items()}
    given = settings.model_fields_set - {f"{role}_model" for role in ROLES}
    return Settings.model_construct(given, **values)
