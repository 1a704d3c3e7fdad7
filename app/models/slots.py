"""What plays a role at the moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from turi_recommender.versions import ModelEntry

from .pace import Pace
from .roles import Pin, Role

NO_PACE = Pace(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Slot:
    """A role and the model that plays it, or why none does.

    Attributes
    ----------
    role : {"similarity", "ranking", "newcomer"}
    entry : ModelEntry or None
        The primary version, which answers unless a request is meant for another one.
    pace : Pace
        How fast it answers.
    reason : str
        Why there is no model, if there is none.
    refused : mapping of str to str
        Versions that were not taken, and why.
    others : mapping of str to ModelEntry
        Further versions that are loaded beside the primary one, by version.
    missing : str
        Which folder of the primary version is gone, if one is.
    pin : {"setting", "activate"} or None
        What keeps the primary version from being replaced by new ones, if anything does.
    unfit : str
        Why the primary version does not suit the role, where it serves because nothing better was
        there at the start, or took the place of such a one.
    is_unreadable : bool
        Whether there is no model though one is there: it could not be read, or is retired.
    arrived : str
        What has come since the start for a role that had no model then, in words.
    retired : str
        When and why the primary version was retired, if it was.
    is_rechecked : bool
        Whether the files of the primary version were hashed since it was loaded without that.
    damaged : str
        What was found to be wrong with them then, if anything.
    """

    role: Role
    entry: ModelEntry | None
    pace: Pace = NO_PACE
    reason: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, ModelEntry] = field(default_factory=dict)
    missing: str = ""
    pin: Pin | None = None
    unfit: str = ""
    is_unreadable: bool = False
    arrived: str = ""
    retired: str = ""
    is_rechecked: bool = False
    damaged: str = ""

    @property
    def is_unhashed(self) -> bool:
        """Whether the files of the primary version are still to be hashed."""
        return self.entry is not None and len(self.entry.unhashed) > 0 and not self.is_rechecked

    @property
    def is_waiting(self) -> bool:
        """Whether there is no model, though something is there that was meant to be one."""
        return self.entry is None and (self.is_unreadable or self.arrived != "")

    @property
    def why_absent(self) -> str:
        """Why there is no model, and what to do if one has come meanwhile."""
        if self.arrived == "":
            return self.reason
        return f"{self.reason}; since the start, {self.arrived}: a restart is needed to load it"

    def serving(self, entry: ModelEntry, pace: Pace, unfit: str = "", retired: str = "") -> Slot:
        """Return the slot with another primary version.

        Parameters
        ----------
        entry : ModelEntry
            The version.
        pace : Pace
            How fast it answers.
        unfit : str
            Why it does not suit the role, if it does not.
        retired : str
            When and why it was retired, if it was.
        """
        refused = {one: why for one, why in self.refused.items() if one != entry.version}
        return replace(
            self,
            entry=entry,
            pace=pace,
            reason="",
            refused=refused,
            missing="",
            unfit=unfit,
            retired=retired,
            is_rechecked=False,
            damaged="",
        )

    def refusing(self, version: str, reason: str) -> Slot:
        """Return the slot with a note of why a version was not taken.

        Parameters
        ----------
        version : str
            The version.
        reason : str
            Why it was refused.
        """
        return replace(self, refused={**self.refused, version: reason})

    def version(self, version: str | None) -> ModelEntry | None:
        """Return a loaded version; the primary one if none is named; None if it is not loaded."""
        if version is None or (self.entry is not None and self.entry.version == version):
            return self.entry
        return self.others.get(version)
