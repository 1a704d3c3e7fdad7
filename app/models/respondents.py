"""Which models answer a query: the one that it names, or those that `auto` means.

`auto` means what the setting of that name says. Data that come with a query go to the model that
was trained with such data, whatever the setting is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from turi_recommender import Recommender

from ..settings import Auto
from .measured import Table, table_of
from .parts import Part, Plan
from .queries import Given, RecommendQuery
from .roles import MAIN, Role, choose
from .slots import Slot
from .strangers import split
from .visitors import roles_of_rows
from .visits import NO_COLUMNS, VisitColumns

_FIXED: Mapping[Auto, Role] = {"similarity": "similarity", "ranking": "ranking"}


class Respondents:
    """Who answers, as long as the same versions serve: it is made anew when one is swapped.

    Parameters
    ----------
    slots : mapping of role to Slot
        What plays each role.
    auto : {"side-data", "ranking", "similarity", "measured"}
        What `auto` means.
    visits : VisitColumns
        Which side data rows may have.

    Attributes
    ----------
    auto : {"side-data", "ranking", "similarity", "measured"}
        The same.
    loaded_roles : list of role
        The roles that a request can name, and that a model plays.
    table : Table or None
        Who is best for whom, where `auto` goes by that.
    """

    def __init__(
        self, slots: Mapping[Role, Slot], auto: Auto, visits: VisitColumns = NO_COLUMNS
    ) -> None:
        self.auto = auto
        self._slots = slots
        self._visits = visits
        entries = {role: slot.entry for role, slot in slots.items()}
        self._models = {role: entry.model for role, entry in entries.items() if entry is not None}
        self.loaded_roles = [role for role in MAIN if role in self._models]
        self.table: Table | None = table_of(slots) if auto == "measured" else None
        self._guests = {role: self._guests_of(role) for role in MAIN}

    def _guests_of(self, role: Role) -> tuple[Role | None, Role | None]:
        """Return who answers strangers for a role that is asked for by name, and by `auto`."""
        if "newcomer" in self._models:
            return "newcomer", "newcomer"
        if role not in self.loaded_roles or self._slots[role].pace.knows_strangers:
            return None, None
        better = (one for one in self.loaded_roles if self._slots[one].pace.knows_strangers)
        return None, next(better, None)

    def guest_of(self, role: Role, *, is_auto: bool) -> Role | None:
        """Return the role whose model answers users whom the model of another role does not know.

        That is the newcomer role, where a model plays it. Else `auto` takes the other main model,
        if the chosen one has but an arbitrary list for strangers.

        Parameters
        ----------
        role : {"similarity", "ranking"}
            The role that a query takes.
        is_auto : bool
            Whether it took it by `auto`.

        Returns
        -------
        {"similarity", "ranking", "newcomer"} or None
            None where the model answers them itself.
        """
        return self._guests[role][is_auto]

    def role_of(self, query: RecommendQuery) -> Role:
        """Return the role that a query takes as a whole; see `plan` for its rows."""
        if query.choice != "auto":
            return query.choice
        if query.given is not None and (role := self._role_of_given(query.given)) is not None:
            return role
        fixed = _FIXED.get(self.auto)
        if fixed is not None and fixed in self._models:
            return fixed
        return choose(query.users, self.loaded_roles, self._visits.of_newcomers)

    def _role_of_given(self, given: Given) -> Role | None:
        """Return the role whose model makes something of what only some models do."""
        for role in reversed(MAIN):
            model = self._models.get(role)
            if model is not None and _makes_use_of(given, model):
                return role
        return None

    def plan(self, query: RecommendQuery, role: Role) -> Plan | None:
        """Return who answers which rows of a query; None where one model answers it as it is.

        Parameters
        ----------
        query : RecommendQuery
            What is asked.
        role : {"similarity", "ranking", "newcomer"}
            The role that it takes as a whole. Its model must be loaded.
        """
        if len(query.users) == 0:
            return None
        if query.choice == "auto" and self.auto != "side-data":
            return self._plan_by_setting(query, role)
        guest = self.guest_of(role, is_auto=query.choice == "auto")
        if guest is None:
            return None
        parts = self._with_guest(query, role, range(len(query.users)), guest)
        is_one = not parts[-1].are_strangers and not self._visits.are_in(query.users)
        return None if is_one else Plan(role, role, parts)

    def _plan_by_setting(self, query: RecommendQuery, role: Role) -> Plan | None:
        """Return who answers where `auto` does not go by side data alone; see `plan`.

        Side data may then come to a model without such columns, which is asked without them.
        """
        parts, rest = self._parts_by_figures(query)
        if len(rest) > 0:
            parts += self._with_guest(query, role, rest, self.guest_of(role, is_auto=True))
        first, *others = parts
        source: Role = "ranking" if "ranking" in self._models else "similarity"
        says_more = query.given is not None or any(len(row) > 1 for row in query.users)
        is_understood = not says_more or (role == source and not self._visits.are_in(query.users))
        if len(others) == 0 and first.role == role and is_understood:
            return None
        is_rest_first = len(rest) > 0 and rest[0] == 0
        named = role if is_rest_first else _role_of_first_row(parts)
        return Plan(named, source, parts)

    def _parts_by_figures(self, query: RecommendQuery) -> tuple[list[Part], Sequence[int]]:
        """Return the parts of a query for which figures tell who is best, and the other rows."""
        rows = range(len(query.users))
        given = query.given
        if self.table is None or self.table.reason != "" or len(self._models) == 1:
            return [], rows
        if given is not None and (given.fold_in or self._role_of_given(given) is not None):
            return [], rows
        positions: dict[Role | None, list[int]] = {}
        roles = roles_of_rows(query, self._models, self.table.order)
        for position, role in zip(rows, roles, strict=True):
            positions.setdefault(role, []).append(position)
        rest = positions.pop(None, [])
        return [Part(role, where) for role, where in positions.items() if role is not None], rest

    def _with_guest(
        self, query: RecommendQuery, role: Role, positions: Sequence[int], guest: Role | None
    ) -> list[Part]:
        """Return rows as one part, or as two where the model of the role does not know them all.

        Parameters
        ----------
        query : RecommendQuery
            What is asked.
        role : {"similarity", "ranking", "newcomer"}
            The role that it takes as a whole.
        positions : sequence of int
            Which rows; at least one.
        guest : {"similarity", "ranking", "newcomer"} or None
            Who answers for those whom that model does not know.
        """
        if guest is None:
            return [Part(role, positions)]
        known, strangers = split(query, role, self._models[role], positions)
        parts = [Part(role, known)] if len(known) > 0 else []
        if len(strangers) > 0:
            parts.append(Part(guest, strangers, are_strangers=True))
        return parts


def _makes_use_of(given: Given, model: Recommender) -> bool:
    """Tell whether a model makes something of what not every model does."""
    if given.fold_in:  # which others refuse, whatever else is given
        return model.folds_in
    is_told_of_users = given.user_data is not None and len(model.user_side_columns) > 0
    return is_told_of_users or (given.item_data is not None and len(model.item_side_columns) > 0)


def _role_of_first_row(parts: Sequence[Part]) -> Role:
    return next(part.role for part in parts if part.positions[0] == 0)
