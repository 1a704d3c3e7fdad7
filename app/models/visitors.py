"""Which model is best for each visitor of a query, and has something to say of that visitor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from turi_recommender import Id, Recommender
from turi_recommender.errors import QueryError
from turi_recommender.scoring.arguments import cast_id

from .measured import Order, kind_of
from .queries import RecommendQuery
from .roles import Role
from .strangers import told_of


def roles_of_rows(
    query: RecommendQuery, models: Mapping[Role, Recommender], order: Order
) -> list[Role | None]:
    """Return the role that is best for each row, or None where figures do not tell.

    The kind of a visitor follows from the number of different items that the models know of, the
    most that any of them does, together with those of the query. A model that knows nothing of a
    visitor of whom another one knows something is passed over; but for the newcomer's, which is
    there for such visitors.

    Parameters
    ----------
    query : RecommendQuery
        What is asked.
    models : mapping of role to Recommender
        All that are loaded; at least one.
    order : mapping of kind to tuple of role
        The roles for each kind of visitor, best first.
    """
    roles: list[Role | None] = [None] * len(query.users)
    positions, ids = _ids(query, next(iter(models.values())))
    trained = {role: model.history_sizes(ids) for role, model in models.items()}
    most = list(map(max, zip(*trained.values(), strict=True)))
    told: dict[Role, set[Id]] = {}
    if query.given is not None:
        sizes = _with_interactions(query, models, ids)
        most = [sizes.get(one, size) for one, size in zip(ids, most, strict=True)]
        told = {role: told_of(query.given, role, model) for role, model in models.items()}
    for place, position in enumerate(positions):
        kind = kind_of(most[place])
        for role in order[kind]:
            if (
                kind == "unknown"
                or role == "newcomer"
                or trained[role][place] > 0
                or (query.given is not None and ids[place] in told[role])
            ):
                roles[position] = role
                break
    return roles


def _ids(query: RecommendQuery, model: Recommender) -> tuple[list[int], list[Id]]:
    """Return the positions and ids of the rows that have a valid id; the others are refused later.

    An id that is missing is valid for some models only, so figures do not tell who is to answer.
    """
    column = model.user_column
    positions: list[int] = []
    ids: list[Id] = []
    for position, row in enumerate(query.users):
        try:
            one = cast_id(row.get(column.name), column)
        except QueryError:
            continue
        if one is not None:
            positions.append(position)
            ids.append(one)
    return positions, ids


def _with_interactions(
    query: RecommendQuery, models: Mapping[Role, Recommender], ids: Sequence[Id]
) -> dict[Id, int]:
    """Return the most different items that any model knows of the users with interactions."""
    if query.given is None or query.given.interactions is None:
        return {}
    model = next(iter(models.values()))
    user, item = model.user_column.name, model.item_column.name
    asked = set(ids)
    seen: dict[Id, list[Id]] = {}
    for row in query.given.interactions:
        if row[user] in asked and row[item] is not None:  # as an id is, where one was trained
            seen.setdefault(row[user], []).append(row[item])
    users = list(seen)
    sizes = [model.history_sizes(users, seen=seen) for model in models.values()]
    return dict(zip(users, map(max, zip(*sizes, strict=True)), strict=True))
