"""Which users of a query another model answers, because the one that the query takes knows nothing.

The answers of both are put together again in the order of the query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from turi_recommender import Column, Id, Recommendations, Recommender
from turi_recommender.errors import QueryError
from turi_recommender.scoring.arguments import cast_id
from turi_recommender.versions import ModelEntry

from .queries import Given, RecommendQuery
from .roles import Role, Row

Others = Mapping[int, ModelEntry]
"""Who answered the rows that the model of the query did not answer."""

NO_OTHERS: Others = {}


class Parts(NamedTuple):
    """A query in two parts.

    Attributes
    ----------
    known, strangers : list of int
        Positions of the rows of each part.
    """

    known: list[int]
    strangers: list[int]


def split(query: RecommendQuery, role: Role, model: Recommender) -> Parts:
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
    """
    if query.given is not None and query.given.fold_in and not model.folds_in:
        return Parts([*range(len(query.users))], [])  # which it refuses when it is asked
    told = set() if query.given is None else _told(query.given, role, model)
    parts = Parts([], [])
    for position, row in enumerate(query.users):
        try:
            user = cast_id(row.get(model.user_column.name), model.user_column)
        except QueryError:  # which is refused when the model is asked
            parts.known.append(position)
            continue
        is_known = user in model.users or user in told
        (parts.known if is_known else parts.strangers).append(position)
    return parts


def _told(given: Given, role: Role, model: Recommender) -> set[Id]:
    """Return the users of whom a query says something that the model takes into account."""
    user, item = model.user_column.name, model.item_column.name
    told: set[Id] = set()
    if given.interactions is not None and (role == "similarity" or given.fold_in):
        told.update(row[user] for row in given.interactions if row[item] in model.items)
    if given.user_data is not None and len(model.user_side_columns) > 0:
        told.update(row[user] for row in given.user_data)
    return told


def query_for(
    query: RecommendQuery, positions: Sequence[int], host: Recommender, guest: Recommender
) -> RecommendQuery:
    """Return a query for some of the users, with no more than another model understands.

    Parameters
    ----------
    query : RecommendQuery
        What is asked.
    positions : sequence of int
        Which of its rows.
    host : Recommender
        The model that the query takes.
    guest : Recommender
        The one that is asked instead.
    """
    names = {host.user_column.name, *shared_names(host.side_columns, guest.side_columns)}
    users = [
        {name: value for name, value in query.users[position].items() if name in names}
        for position in positions
    ]
    given = query.given
    if given is not None:
        given = given._replace(
            interactions=_only(given.interactions, [host.user_column.name, host.item_column.name]),
            user_data=given.user_data if _alike(host, guest, "user_side_columns") else None,
            item_data=given.item_data if _alike(host, guest, "item_side_columns") else None,
            fold_in=False,  # what they did tells nothing, or the host would answer
        )
    return query._replace(users=users, given=given)


def _only(rows: Sequence[Row] | None, names: Sequence[str]) -> Sequence[Row] | None:
    return None if rows is None else [{name: row[name] for name in names} for row in rows]


def shared_names(mine: Sequence[Column], yours: Sequence[Column]) -> set[str]:
    """Return the names of columns that two models have alike.

    Parameters
    ----------
    mine, yours : sequence of Column
        Those of each model.
    """
    return {name for name, *_ in set(_described(mine)) & set(_described(yours))}


def _alike(host: Recommender, guest: Recommender, columns: str) -> bool:
    return _described(getattr(host, columns)) == _described(getattr(guest, columns))


def _described(columns: Sequence[Column]) -> list[tuple[str, str, str]]:
    return [(each.name, each.mode.name, each.value_type.name) for each in columns]


def put_together(
    query: RecommendQuery,
    parts: Parts,
    known: Recommendations | None,
    strangers: Recommendations,
) -> Recommendations:
    """Return the answers of two models in the order of the query.

    Parameters
    ----------
    query : RecommendQuery
        What was asked.
    parts : Parts
        Its rows.
    known, strangers : Recommendations
        The answers to each part; None where there is no such row.
    """
    pairs = [(parts.strangers, strangers)]
    if known is not None:
        pairs.append((parts.known, known))
    count = len(query.users)
    order: list[tuple[Recommendations, int]] = [(strangers, 0)] * count
    for positions, found in pairs:
        for place, position in enumerate(positions):
            order[position] = (found, place)
    cold = set(strangers.users)
    if known is not None:
        cold.update(known.cold_users)
    users = [found.users[place] for found, place in order]
    has_unknown = any(len(found.unknown) > 0 for _, found in pairs)
    return Recommendations(
        users,
        [found.rankings[place] for found, place in order],
        list(dict.fromkeys(user for user in users if user in cold)),
        strangers.user_dtype,
        strangers.item_dtype,
        [found.basis[place] for found, place in order],
        [found.unknown[place] if found.unknown else () for found, place in order]
        if has_unknown
        else [],
    )


def at_places(positions: Sequence[int], error: QueryError) -> QueryError:
    """Return an error of a part with the place in the whole query.

    Parameters
    ----------
    positions : sequence of int
        Where the rows of the part are.
    error : QueryError
        What went wrong.
    """
    first, *rest = error.path or ("",)
    if first == "users" and rest and isinstance(rest[0], int):
        return QueryError((first, positions[rest[0]], *rest[1:]), error.message)
    return error
