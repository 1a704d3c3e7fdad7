"""Which role is best for which kind of visitor, by the figures in the manifests of the versions.

The figures of a version say how good it was for visitors whom training did not know (`unknown`),
knew a little (`light`), or knew well (`known`). For each kind, the roles are put in order here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from turi_recommender.versions.training import Figures

from .roles import Role
from .slots import Slot

Kind = Literal["unknown", "light", "known"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Values = Mapping[Role, Mapping[str, float | None]]
Order = Mapping[Kind, tuple[Role, ...]]

_KNOWN_FROM = 3  # different items; a visitor with fewer of them, but any, is light
# Of equal figures, the first role wins: the one that the rule without figures would take.
_FIRST: dict[Kind, tuple[Role, ...]] = {
    "unknown": ("newcomer", "similarity", "ranking"),
    "light": ("similarity", "ranking", "newcomer"),
    "known": ("similarity", "ranking", "newcomer"),
}
# A list for everybody has to be clearly better to take the place of one that is made for a visitor.
# On a real shop's log, recent popularity was as good as factors on one part, and half as good on
# the next (docs/evaluation.md).
_NEWCOMER_MARGIN = 1.15
_FEWEST = 20  # visitors, whose mean recall says something
_RETURNING: tuple[Kind, ...] = ("light", "known")
NO_ORDER: Order = dict.fromkeys(KINDS, ())


def kind_of(items: int) -> Kind:
    """Return the kind of a visitor of whom so many different items are known."""
    if items >= _KNOWN_FROM:
        return "known"
    return "light" if items > 0 else "unknown"


def best_first(values: Values) -> Order:
    """Return the roles that have a figure for each kind of visitor, the best one first.

    The newcomer role comes before others for visitors whom training knew only if its figure is at
    least 15 % higher.

    Parameters
    ----------
    values : mapping of role to mapping
        The figures of each role, by kind; None, or nothing, where there is none.
    """
    order: dict[Kind, tuple[Role, ...]] = {}
    for kind in KINDS:
        found = [
            (-value / (_NEWCOMER_MARGIN if _is_guest(role, kind) else 1.0), place, role)
            for place, role in enumerate(_FIRST[kind])
            if (value := values.get(role, {}).get(kind)) is not None
        ]
        order[kind] = tuple(role for _, _, role in sorted(found))
    return order


def _is_guest(role: Role, kind: Kind) -> bool:
    """Tell whether a role is not there for such visitors."""
    return role == "newcomer" and kind != "unknown"


@dataclass(frozen=True, slots=True)
class Table:
    """Who is asked for whom, and the figures that this follows from.

    Attributes
    ----------
    order : mapping of kind to tuple of role
        The roles for each kind of visitor, best first; none where no figure says anything.
    values : mapping of role to mapping
        Their figures, by kind; None, or nothing, where there is none, or too few visitors had one.
    measure, split : str
        What they are, and how the test part was split off; empty where they are not compared.
    reason : str
        Why they decide nothing, if they do not.
    """

    order: Order
    values: Values
    measure: str = ""
    split: str = ""
    reason: str = ""

    def best(self, kind: Kind) -> Role | None:
        """Return the role that is asked first for a kind of visitor, if figures say so."""
        return next(iter(self.order[kind]), None)

    def __str__(self) -> str:
        if self.reason:
            return f"{self.reason}; side data decide"
        said = [f"{kind} {self.best(kind) or 'by side data'}" for kind in KINDS]
        return f"by {self.measure} (split: {self.split}), {', '.join(said)}"


def table_of(slots: Mapping[Role, Slot]) -> Table:
    """Compare the figures of the versions that serve.

    To whom all items are alike, a model has only an arbitrary list to give: so one that has nothing
    to say of unknown visitors is not asked for them, whatever its figures are.

    Parameters
    ----------
    slots : mapping of role to Slot
        What plays each role.
    """
    found = {
        role: figures for role, slot in slots.items() if (figures := _figures_of(slot)) is not None
    }
    values = {role: _reliable(figures) for role, figures in found.items()}
    if len(found) == 0:
        return Table(NO_ORDER, values, reason="no version that serves has figures")
    first, *others = found.values()
    if any((one.measure, one.split) != (first.measure, first.split) for one in others):
        told = ", ".join(f"{role} {one.measure} ({one.split})" for role, one in found.items())
        reason = f"figures of different measures or splits are not compared: {told}"
        return Table(NO_ORDER, values, reason=reason)
    telling = {
        role: given if slots[role].pace.knows_strangers else {**given, "unknown": None}
        for role, given in values.items()
    }
    return Table(best_first(telling), values, first.measure, first.split)


def _reliable(figures: Figures) -> dict[str, float | None]:
    """Return figures by kind of visitor, without means of a handful of visitors.

    Those whom training knew, well or a little, share one mean where either are few.
    """
    values, visitors = dict(figures.values), figures.visitors
    if any(visitors.get(kind, 0) < _FEWEST for kind in _RETURNING):
        values |= dict.fromkeys(_RETURNING, figures.pooled(_RETURNING))
    if visitors.get("unknown", 0) < _FEWEST:
        values["unknown"] = None
    return values


def _figures_of(slot: Slot) -> Figures | None:
    training = None if slot.entry is None else slot.entry.training
    return None if training is None else training.figures
