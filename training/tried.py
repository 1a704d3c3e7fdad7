"""What became of settings that were tried."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping, Optional

from training.candidates import Settings


@dataclass(frozen=True)
class Tried:
    """Settings that were tried.

    Attributes
    ----------
    settings : Settings
        What.
    seed : int
        With which seed.
    recall : float
        Mean recall at 10 of those whom the role is for, on the validation part.
    seconds : float
        How long training and asking took.
    failed : str
        Why there is no model; nothing if there is one.
    kinds : mapping of str to float or None
        Mean recall at 10 of each kind of visitor of the validation part, and of all.
    visitors : mapping of str to int
        How many of them there are.
    """

    settings: Settings
    seed: int
    recall: float
    seconds: float
    failed: str = ""
    kinds: Mapping[str, Optional[float]] = field(default_factory=dict)
    visitors: Mapping[str, int] = field(default_factory=dict)

    @property
    def compared(self) -> float:
        """The recall by which settings are compared: less than the true one by their margin."""
        return self.recall if self.failed else self.recall / self.settings.margin
