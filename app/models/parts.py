"""A query in parts, each of them some rows that the model of one role answers.

Their answers are put together again in the order of the query.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from turi_recommender import Id, Recommendations, Recommender
from turi_recommender.errors import QueryError
from turi_recommender.versions import ModelEntry

from .columns import described
from .queries import Given, RecommendQuery
from .roles import Role, Row

Others = Mapping[int, ModelEntry]
"""Who answered the rows that the model at the top of an answer did not answer."""

NO_OTHERS: Others = {}


class Part(NamedTuple):
    """Some rows of a query.

    Attributes
    ----------
    role : {"similarity", "ranking", "newcomer"}
        Whose model answers them.
    positions : sequence of int
        Where they stand in the query.
    are_strangers : bool
        Whether they are here because the model that the query takes does not know them.
    """

    role: Role
    positions: Sequence[int]
    are_strangers: bool = False


class Plan(NamedTuple):
    """Who answers which rows of a query.

    Attributes
    ----------
    named : {"similarity", "ranking", "newcomer"}
        The role whose model stands at the top of the answer.
    source : {"similarity", "ranking", "newcomer"}
        The role whose model gets what the query brings along as it is. The others are asked with no
        more than they understand.
    parts : sequence of Part
        Each row is in one of them.
    """

    named: Role
    source: Role
    parts: Sequence[Part]


def given_for(given: Given | None, host: Recommender, guest: Recommender) -> Given | None:
    """Return what a query brings along, with no more than another model understands.

    Parameters
    ----------
    given : Given or None
        That.
    host : Recommender
        The model to which all of it means something.
    guest : Recommender
        The one that is asked instead.
    """
    if given is None:
        return None
    done = {guest.user_column.name, guest.item_column.name, guest.target}
    rows = given.interactions
    return given._replace(
        interactions=None if rows is None else only(rows, done),
        user_data=given.user_data if _alike(host, guest, "user_side_columns") else None,
        item_data=given.item_data if _alike(host, guest, "item_side_columns") else None,
        fold_in=given.fold_in and guest.folds_in,
    )


def only(rows: Sequence[Row], names: Collection[str | None]) -> list[Row]:
    """Return rows with some columns, where they have them."""
    return [{name: value for name, value in row.items() if name in names} for row in rows]


def without(rows: Sequence[Row], names: Collection[str]) -> list[Row]:
    """Return rows without some columns."""
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def _alike(host: Recommender, guest: Recommender, columns: str) -> bool:
    mine, yours = ([described(each) for each in getattr(one, columns)] for one in (host, guest))
    return mine == yours


def put_together(
    query: RecommendQuery, parts: Sequence[Part], answers: Sequence[Recommendations]
) -> Recommendations:
    """Return the answers of several models in the order of the query.

    Parameters
    ----------
    query : RecommendQuery
        What was asked.
    parts : sequence of Part
        Its rows; at least one part.
    answers : sequence of Recommendations
        One for each part.
    """
    order: list[tuple[Recommendations, int]] = [(answers[0], 0)] * len(query.users)
    cold: set[Id] = set()
    for part, found in zip(parts, answers, strict=True):
        for place, position in enumerate(part.positions):
            order[position] = (found, place)
        cold.update(found.users if part.are_strangers else found.cold_users)
    users = [found.users[place] for found, place in order]
    has_unknown = any(len(found.unknown) > 0 for found in answers)
    return Recommendations(
        users,
        [found.rankings[place] for found, place in order],
        list(dict.fromkeys(user for user in users if user in cold)),
        answers[0].user_dtype,
        answers[0].item_dtype,
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
