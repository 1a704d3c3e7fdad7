"""What a query for similar users costs: the factors of all users are looked through for it.

They are in the model's file, and several users share a pass through it, so what counts is how many
users there are, and not how long one query took when the model was loaded.
"""

from __future__ import annotations

from turi_recommender import Recommender
from turi_recommender.errors import QueryError

from ..limits import (
    BRIEF_ID_BYTES,
    INLINE_COMPARED,
    MAX_COMPARED,
    PIECE_COMPARISONS,
    ROW_BYTES,
    TEXT_GROWTH,
)
from .pace import Pace
from .price import (
    SMALL_IN_TURN,
    Ceilings,
    Price,
    are_short_ids,
    check_answers,
    checked_bytes,
    id_bytes,
    is_short_query,
)
from .queries import SimilarUsersQuery


def price_of_similar_users(
    query: SimilarUsersQuery, model: Recommender, pace: Pace, ceilings: Ceilings
) -> Price:
    """Return what a query for similar users costs.

    Parameters
    ----------
    query : SimilarUsersQuery
        What is asked.
    model : Recommender
        The model that answers.
    pace : Pace
        How long its ids are.
    ceilings : Ceilings
        The limits that are settings.

    Raises
    ------
    QueryError
        If it is too expensive.
    """
    rows = len(query.users)
    check_answers(rows, query.k, ceilings)
    per_user = model.num_users * max(model.num_factors or 0, 1)
    compared = rows * per_user
    if compared > MAX_COMPARED and rows > 1:
        most = max(MAX_COMPARED // per_user, 1)
        message = f"the model has so many users that a request may name {most} at most"
        raise QueryError(("users",), message)
    is_short = compared <= INLINE_COMPARED and is_short_query(rows, query.k, 0.0)
    if is_short and pace.longest_user <= BRIEF_ID_BYTES and are_short_ids(query.users):
        return SMALL_IN_TURN
    return Price(
        is_small=False,
        piece=max(PIECE_COMPARISONS // max(model.num_users, 1), 1),
        answer_bytes=checked_bytes(_answer_bytes(query, model, pace), "k", ceilings),
    )


def _answer_bytes(query: SimilarUsersQuery, model: Recommender, pace: Pace) -> int:
    """Bound the size of the answer: each of its rows has two ids of users."""
    answered = min(query.k, model.num_users)
    row = ROW_BYTES + len(model.user_column.name) + pace.longest_user * TEXT_GROWTH
    return answered * (len(query.users) * row + id_bytes(query.users))
