"""Which settings keep a service from using what was published."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from turi_recommender.versions import is_name

from ..models.roles import Role
from ..settings import Settings, variable_names


def next_steps(settings: Settings, published: Mapping[Role, Path]) -> list[str]:
    """Return, in words, what to set so that what was published is asked; nothing if it is already.

    Parameters
    ----------
    settings : Settings
        Those of the service.
    published : mapping of role to Path
        The folders of the new versions: their parents bear the names of the models.
    """
    variables = variable_names()
    steps = [
        _step(variables[f"{role}_model"], getattr(settings, f"{role}_model"), folder)
        for role, folder in published.items()
        if getattr(settings, f"{role}_model") != folder.parent.name
    ]
    if published and settings.auto == "side-data":
        steps.append(
            f"{variables['auto']}=measured asks for each visitor the model that is best by these "
            f"figures; {variables['auto']}={settings.auto} does not look at them"
        )
    return steps


def _step(variable: str, reference: str, folder: Path) -> str:
    """Return what keeps a version from being asked.

    Parameters
    ----------
    variable, reference : str
        The setting of its role, and what that names.
    folder : Path
        The version's.
    """
    name = folder.parent.name
    if reference == "":
        return f"{name} is asked only where {variable}={name}, which is not set here"
    pins = "" if is_name(reference) else ", which follows no new versions"
    return f"{name} is asked only where {variable}={name}; here it is {reference}{pins}"
