"""Which users of a query another model answers, because the one that it takes knows nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from turi_recommender import Id, Recommender
from turi_recommender.errors import QueryError
from turi_recommender.scoring.arguments import cast_id

from .queries import Given, RecommendQuery
from .roles import Role


class Split(NamedTuple):
    """Rows of a query.

    Attributes
    ----------
    known, strangers : list of int
        Positions of those whom a model knows, and of the others.
    """

    known: list[int]
    strangers: list[int]


def split(query: RecommendQuery, role: Role, model: Recommender, positions: Iterable[int]) -> Split:
    """Tell whom a model knows nothing of.

    Parameters
    ----------
    query : RecommendQuery
        What is asked.
    role : {"similarity", "ranking"}
        The role that the model plays. Baskets tell that of similarity something, and with `fold_in`
        any.
    model : Recommender
        The model that the query takes.
    positions : iterable of int
        Which rows to look at.
    """
    if query.given is not None and query.given.fold_in and not model.folds_in:
        return Split([*positions], [])  # which it refuses when it is asked
    told = told_of(query.given, role, model)
    parts = Split([], [])
    for position in positions:
        row = query.users[position]
        try:
            user = cast_id(row.get(model.user_column.name), model.user_column)
        except QueryError:  # which is refused when the model is asked
            parts.known.append(position)
            continue
        is_known = user in model.users or user in told
        (parts.known if is_known else parts.strangers).append(position)
    return parts


def told_of(given: Given | None, role: Role, model: Recommender) -> set[Id]:
    """Return the users of whom a query says something that the model takes into account.

    Parameters
    ----------
    given : Given or None
        What the query brings along.
    role : {"similarity", "ranking", "newcomer"}
        The role that the model plays. Interactions tell that of similarity something.
    model : Recommender
        The model.
    """
    told: set[Id] = set()
    if given is None:
        return told
    user, item = model.user_column.name, model.item_column.name
    if given.interactions is not None and (role == "similarity" or given.fold_in):
        told.update(row[user] for row in given.interactions if row[item] in model.items)
    if given.user_data is not None and len(model.user_side_columns) > 0:
        told.update(row[user] for row in given.user_data)
    return told
