"""The roles that models play, and which model plays which of them according to the settings.

Two models share the work: one for users without side data and for similar items ("similarity"), one
for users with side data ("ranking"). Either may be absent. A third one can answer for users whom
the one that a request takes does not know ("newcomer"); nobody asks for it by name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Literal

from turi_recommender.versions import is_name

from ..settings import Settings, variable_names

Role = Literal["similarity", "ranking", "newcomer"]
Choice = Literal["auto", "similarity", "ranking", "newcomer"]
Pin = Literal["setting", "activate"]  # what keeps a role from following new versions
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which model plays a role.

    Attributes
    ----------
    role : {"similarity", "ranking", "newcomer"}
    reference : str
        A registry name, ``name:version``, or a path.
    may_be_absent : bool
        Whether the service starts without it: its setting was left alone, or it is the newcomer
        role's, and a name.
    variable : str
        The environment variable that names it, for messages.
    """

    role: Role
    reference: str
    may_be_absent: bool
    variable: str

    @property
    def is_pinned(self) -> bool:
        """Whether it names one version or path, so that new versions are ignored."""
        return not is_name(self.reference)


# The one table of roles: each has a setting that names its model. A new role is one line here.
_SETTINGS: dict[Role, str] = {
    "similarity": "similarity_model",
    "ranking": "ranking_model",
    "newcomer": "newcomer_model",
}
MAIN: tuple[Role, ...] = ("similarity", "ranking")  # those that a request can take


def assignments(settings: Settings) -> list[Assignment]:
    """Return which model is to play each role; none plays a role whose setting is empty."""
    variables = variable_names()
    return [
        Assignment(role, reference, _may_be_absent(role, name, settings), variables[name])
        for role, name in _SETTINGS.items()
        if (reference := getattr(settings, name)) != ""
    ]


def _may_be_absent(role: Role, name: str, settings: Settings) -> bool:
    """Tell whether the service starts without a role.

    The newcomer role helps the others. Where a name has no version yet, such as after a night in
    which the gate refused the first one, that keeps nobody from being answered.
    """
    return settings.is_default(name) or (role == "newcomer" and is_name(getattr(settings, name)))


def takes_side_data(role: Role) -> bool:
    """Tell whether side data and their defaults go to the model of a role."""
    return role == "ranking"


def may_have_side_columns(role: Role) -> bool:
    """Tell whether a model with side columns suits a role."""
    return role != "similarity"


def choose(
    rows: Sequence[Row], loaded: Collection[Role] = (), others: Set[str] = frozenset()
) -> Role:
    """Return the role that `auto` means for users' rows.

    Parameters
    ----------
    rows : sequence of mappings
        Side data in any of them call for the ranking model.
    loaded : collection of roles
        Those that a model plays. If only one is played, `auto` means that one.
    others : set of str
        Columns of side data that are not the ranking model's.
    """
    if len(loaded) == 1:
        return next(iter(loaded))
    for row in rows:  # a generator would take longer than all of this
        if len(row) > 1 and (not others or len(row.keys() - others) > 1):
            return "ranking"
    return "similarity"


def default_scoring(loaded: Collection[Role]) -> Role:
    """Return the role that scores pairs, and compares users, where a request names none."""
    return "ranking" if "ranking" in loaded else "similarity"


def default_similar(loaded: Collection[Role]) -> Role:
    """Return the role whose model finds similar items where a request names none."""
    return "ranking" if "similarity" not in loaded else "similarity"
