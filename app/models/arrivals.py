"""Models for roles that none has played since the start: a restart would load them.

The documented types are made of the columns of the models that the start found, so a role that was
empty then stays so. Whoever runs the service has to learn that something is there for it now.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from turi_recommender.errors import ModelError
from turi_recommender.versions import Registry

from .roles import Role
from .signature import Signature, signature_of


class Arrivals:
    """Compare what is there for the empty roles with what was there at the start.

    Parameters
    ----------
    registry : Registry
        Where models are.
    names : mapping of role to str
        The model that each empty role is meant for.
    """

    def __init__(self, registry: Registry, names: Mapping[Role, str]) -> None:
        self.names = names
        self._registry = registry
        self._known = {role: self._look(role) for role in names}

    def of(self, role: Role) -> str:
        """Return what has come, or changed, since the start, in words; nothing if nothing has.

        Parameters
        ----------
        role : {"similarity", "ranking", "newcomer"}
            An empty one.
        """
        known = self._known[role]
        new = [path for path, signature in self._look(role).items() if known.get(path) != signature]
        return f"{new[-1]} is new or has changed" if len(new) > 0 else ""

    def _look(self, role: Role) -> dict[Path, Signature]:
        """Return what could play a role, the best one last."""
        name = self.names[role]
        try:
            folders = [self._registry.root / name / each for each in self._registry.offered(name)]
            if len(folders) == 0:
                folders = [self._registry.find(name).path]  # of the flat layout
        except ModelError:
            return {}
        return {folder: signature_of(folder) for folder in folders}
