"""What a query will cost, estimated from all its sizes before any work is done.

Small queries are answered at once, on the event loop. Expensive ones go to a pool of threads, piece
by piece. Queries that are too expensive are refused, with the name of the limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from turi_recommender import Id, Recommender
from turi_recommender.errors import QueryError

from ..limits import (
    INLINE_ANSWERS,
    INLINE_ITEMS,
    INLINE_ROWS,
    INLINE_SECONDS,
    MAX_ROW_WORK,
    PIECE_SECONDS,
    PIECE_WORK,
    ROW_BYTES,
    TEXT_GROWTH,
)
from .pace import Pace
from .queries import RecommendQuery, SimilarQuery


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a query.

    Attributes
    ----------
    is_small : bool
        Whether it is answered on the event loop.
    piece : int
        Otherwise, the number of rows that are answered in one go, before the next check whether the
        caller still waits.
    answer_bytes : int
        Upper bound of the size of the answer.
    """

    is_small: bool
    piece: int
    answer_bytes: int


@dataclass(frozen=True, slots=True)
class Ceilings:
    """The settings that bound a query.

    Attributes
    ----------
    answers : int
        Most answers: rows times `k`.
    answer_bytes : int
        Largest size of an answer.
    """

    answers: int
    answer_bytes: int


def price_of_recommend(
    query: RecommendQuery, model: Recommender, pace: Pace, ceilings: Ceilings
) -> Price:
    """Return what a query costs.

    Parameters
    ----------
    query : RecommendQuery
        What is asked.
    model : Recommender
        The model that answers.
    pace : Pace
        How fast it answers.
    ceilings : Ceilings
        The limits that are settings.

    Raises
    ------
    QueryError
        If it is too expensive.
    """
    rows = len(query.users)
    _check_answers(rows, query.k, ceilings)
    works = [model.extra_work(row, query.k) for row in query.users]
    most = max(works, default=0)
    if most > MAX_ROW_WORK:
        raise QueryError(("users", works.index(most)), _too_much("work of a row", MAX_ROW_WORK))
    heads = [row.get(model.user_column.name) for row in query.users]
    answer_bytes = _answer_bytes(heads, query.k, model, ceilings)
    named = sum(len(each) for each in (query.items, query.exclude) if each is not None)
    is_small = _is_short(rows, query.k, pace.row_seconds) and most == 0 and named <= INLINE_ITEMS
    piece = _piece(pace.row_seconds) if most == 0 else max(PIECE_WORK // most, 1)
    return Price(is_small, piece, answer_bytes)


def price_of_similar(
    query: SimilarQuery, model: Recommender, pace: Pace, ceilings: Ceilings
) -> Price:
    """Return what a query for similar items costs.

    Parameters
    ----------
    query : SimilarQuery
        What is asked.
    model : Recommender
        The model that answers.
    pace : Pace
        How fast it answers.
    ceilings : Ceilings
        The limits that are settings.

    Raises
    ------
    QueryError
        If it is too expensive.
    """
    rows = len(query.items)
    _check_answers(rows, query.k, ceilings)
    answer_bytes = _answer_bytes(query.items, query.k, model, ceilings)
    is_small = _is_short(rows, query.k, pace.item_seconds)
    return Price(is_small, _piece(pace.item_seconds), answer_bytes)


def _is_short(rows: int, k: int, seconds: float) -> bool:
    return rows <= INLINE_ROWS and rows * k <= INLINE_ANSWERS and rows * seconds <= INLINE_SECONDS


def _piece(seconds: float) -> int:
    return max(int(PIECE_SECONDS / max(seconds, PIECE_SECONDS / 64)), 1)


def _check_answers(rows: int, k: int, ceilings: Ceilings) -> None:
    if rows * k > ceilings.answers:
        message = f"{rows} rows times {k} are more than {ceilings.answers} answers (MAX_ANSWERS)"
        raise QueryError(("k",), message)


def _answer_bytes(heads: Sequence[Id | Any], k: int, model: Recommender, ceilings: Ceilings) -> int:
    """Bound the size of the answer: each of its rows repeats the id that was asked about."""
    answered = min(k, model.num_items)
    names = len(model.user_column.name) + len(model.item_column.name)
    texts = sum(len(head) for head in heads if isinstance(head, str)) * answered
    items = len(heads) * model.items.text_bound(answered)
    total = len(heads) * answered * (ROW_BYTES + names)
    total += TEXT_GROWTH * texts + (items if model.items.dtype == np.int64 else TEXT_GROWTH * items)
    if total > ceilings.answer_bytes:
        message = f"the answer could be larger than {ceilings.answer_bytes} bytes"
        raise QueryError(("k",), f"{message} (MAX_ANSWER_BYTES)")
    return total


def _too_much(what: str, limit: int) -> str:
    return f"the {what} is more than {limit} operations (MAX_ROW_WORK)"
