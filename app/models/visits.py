"""Which side data a user's row may have, and which of them mean something to which model.

The columns are those of the ranking model, and those that only the newcomer's has. They stay as
they are while the service runs, since requests are documented by them. A version that is taken up
later is told what it understands of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from turi_recommender import Recommender

from .columns import described
from .parts import only, without
from .roles import Role, Row


class VisitColumns:
    """The columns of side data.

    Parameters
    ----------
    ranking, newcomer : Recommender or None
        The models that play these roles when the service starts.

    Attributes
    ----------
    columns : tuple of Column
        Those that a row may have.
    of_newcomers : frozenset of str
        The names of those that the ranking model does not have.
    """

    def __init__(self, ranking: Recommender | None, newcomer: Recommender | None) -> None:
        mine = () if ranking is None else tuple(ranking.side_columns)
        theirs = () if newcomer is None else tuple(newcomer.side_columns)
        taken = {column.name for column in mine}
        for model in (ranking, newcomer):
            if model is not None:  # ids of one model are no side data of another
                taken |= {model.user_column.name, model.item_column.name}
        extra = tuple(column for column in theirs if column.name not in taken)
        self.columns = (*mine, *extra)
        self.of_newcomers = frozenset(column.name for column in extra)
        # Every query asks, and a column of lists or dictionaries is described by its categories.
        self._names: WeakKeyDictionary[Recommender, frozenset[str]] = WeakKeyDictionary()

    def names_for(self, model: Recommender) -> frozenset[str]:
        """Return the names of the columns that mean the same to a model."""
        names = self._names.get(model)
        if names is None:
            theirs = {described(column) for column in model.side_columns}
            names = frozenset(each.name for each in self.columns if described(each) in theirs)
            self._names[model] = names
        return names

    def are_in(self, rows: Sequence[Row]) -> bool:
        """Tell whether rows have side data for the newcomer's model alone."""
        if not self.of_newcomers:
            return False
        return any(not self.of_newcomers.isdisjoint(row) for row in rows)

    def untold_of(self, model: Recommender) -> list[str]:
        """Return the names of a model's side columns that rows cannot have before the next start.

        They have come with a version that was taken up later, or mean something else now.
        """
        names = self.names_for(model)
        return [column.name for column in model.side_columns if column.name not in names]

    def rows_for(self, model: Recommender, role: Role, source: Role, rows: Sequence[Row]) -> Any:
        """Return rows as a model understands them.

        Parameters
        ----------
        model : Recommender
            The model.
        role : {"similarity", "ranking", "newcomer"}
            The role that it plays.
        source : {"similarity", "ranking", "newcomer"}
            The role that the query takes, whose model refuses what it does not understand.
        rows : sequence of mapping
            As they were sent.
        """
        if role == source and role != "newcomer":
            return without(rows, self.of_newcomers) if self.are_in(rows) else rows
        return only(rows, {model.user_column.name, *self.names_for(model)})

    def defaults_for(self, model: Recommender, defaults: Mapping[str, Any]) -> dict[str, Any]:
        """Return the defaults of the columns that mean something to a model.

        Parameters
        ----------
        model : Recommender
            The model.
        defaults : mapping of str to value
            Of all columns.
        """
        names = self.names_for(model)
        return {name: value for name, value in defaults.items() if name in names}


NO_COLUMNS = VisitColumns(None, None)
