"""How far the gate came: what it decided, and what it published."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..models.roles import Role
from .candidates import Candidate, Run
from .judge import Decision, Judge
from .tell import described, name_broken


@dataclass(slots=True)
class Outcome:
    """What was done; filled as it is done, so that it is there after a failure, too.

    Attributes
    ----------
    forced : str or None
        Why candidates are published that do not pass, if they are.
    run : Run or None
        The training run; None until it is read.
    decisions : list of Decision
        About its candidates.
    folders : dict of role to Path
        Where candidates were published.
    judge : Judge or None
        Who judges; None until the models are loaded.
    failed : str or None
        Why the gate could not come to its end, if it could not.
    """

    forced: str | None = None
    run: Run | None = None
    decisions: list[Decision] = field(default_factory=list)
    folders: dict[Role, Path] = field(default_factory=dict)
    judge: Judge | None = None
    failed: str | None = None

    @property
    def candidates(self) -> list[Candidate]:
        """Those that are to be judged."""
        return [] if self.run is None else self.run.candidates

    @property
    def left(self) -> list[Candidate]:
        """Those that were not published."""
        return [each for each in self.candidates if each.role not in self.folders]

    @property
    def refused(self) -> list[str]:
        """The roles whose candidates were refused, and the rules that they broke."""
        return [
            name_broken(each) for each in self.decisions if each.candidate.role not in self.folders
        ]

    def described(self) -> list[dict[str, Any]]:
        """Return what was decided as values of JSON."""
        return [
            described(each, self.folders.get(each.candidate.role), self.forced)
            for each in self.decisions
        ]
