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
from turi_recommender.wording import counted

from ..limits import (
    ANSWERED_BYTES,
    BRIEF_ID_BYTES,
    INLINE_ANSWERS,
    INLINE_ITEMS,
    INLINE_ROWS,
    INLINE_SECONDS,
    PIECE_SECONDS,
    PIECE_WORK,
    ROW_BYTES,
    SHARED_SECONDS,
    SHORT_ANSWERS,
    SHORT_SECONDS,
    SMALL_ANSWER_BYTES,
    TEXT_GROWTH,
)
from .given_price import Load, load_of_baskets, load_of_recommend
from .pace import Pace
from .queries import BasketQuery, Given, RecommendQuery, SimilarQuery
from .work import most_work

_INTEGERS = np.dtype(np.int64)


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
    takes_turn : bool
        Whether it is small, but not so small that any number of its kind may be answered in one
        round of the event loop.
    """

    is_small: bool
    piece: int
    answer_bytes: int
    takes_turn: bool = False


SMALL = Price(is_small=True, piece=1, answer_bytes=0)
SMALL_IN_TURN = Price(is_small=True, piece=1, answer_bytes=0, takes_turn=True)


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
    check_answers(rows, query.k, ceilings)
    user = model.user_column.name
    heads = [row.get(user) for row in query.users]
    if query.given is not None:
        load = load_of_recommend(query, query.given, model)
        return _with_load(query, heads, load, model, pace, ceilings)
    works = (model.extra_work(row, query.k) for row in query.users)
    most = most_work(works, "users", "ask for fewer items, or send less side data")
    seconds, why_bytes = _told(query, rows, model, pace)
    if query.why:
        most *= 2  # a long history is looked through once more
        # Terms are long: even the answer to a short query can be larger than it may be.
        checked_bytes(why_bytes, "k", ceilings)
    is_short = most == 0 and is_short_query(rows, query.k, seconds) and _names_few(query, rows)
    if is_short and why_bytes <= SMALL_ANSWER_BYTES and _are_brief(heads, pace):
        return SMALL_IN_TURN if query.stands_alone else SMALL
    return Price(
        is_small=False,
        piece=piece_of(seconds) if most == 0 else max(PIECE_WORK // most, 1),
        answer_bytes=checked_bytes(_answer_bytes(heads, query.k, model) + why_bytes, "k", ceilings),
    )


def price_of_baskets(
    query: BasketQuery, model: Recommender, pace: Pace, ceilings: Ceilings
) -> Price:
    """Return what a query for baskets costs.

    Parameters
    ----------
    query : BasketQuery
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
    rows = len(query.baskets)
    check_answers(rows, query.k, ceilings)
    load = load_of_baskets(query, query.given or Given(), model)
    return _with_load(query, range(rows), load, model, pace, ceilings)


def _with_load(
    query: RecommendQuery | BasketQuery,
    heads: Sequence[Id | Any],
    load: Load,
    model: Recommender,
    pace: Pace,
    ceilings: Ceilings,
) -> Price:
    """Return what a query costs with what it brings along.

    Parameters
    ----------
    query : RecommendQuery or BasketQuery
        What is asked.
    heads : sequence
        What the rows of the answer are for.
    load : Load
        What the query brings along.
    model, pace, ceilings
        As for `price_of_recommend`.
    """
    rows, selected = len(heads), load.selected
    if selected > query.k and rows * selected > ceilings.answers:
        drawn = f"{counted(rows, 'row')} times {counted(selected, 'item')} to draw from"
        raise QueryError(("diversity",), f"{drawn} are more than {ceilings.answers} (MAX_ANSWERS)")
    seconds, why_bytes = _told(query, rows, model, pace)
    row_seconds = seconds + load.row_seconds * (2 if query.why else 1)
    checked_bytes(why_bytes, "k", ceilings)
    reading = load.reading_seconds
    is_short = rows <= INLINE_ROWS and rows * selected <= INLINE_ANSWERS and load.work == 0
    is_short = is_short and reading + rows * row_seconds <= INLINE_SECONDS
    is_short = is_short and why_bytes <= SMALL_ANSWER_BYTES
    if is_short and _names_few(query, rows) and _are_brief([*heads, *load.new_items], pace):
        return SMALL_IN_TURN if query.stands_alone or load.row_seconds > SHARED_SECONDS else SMALL
    # What is brought along is read for each piece, which should not take most of the time.
    piece = int(max(PIECE_SECONDS, reading) / max(row_seconds, PIECE_SECONDS / 64))
    return Price(
        is_small=False,
        piece=max(piece, 1),
        answer_bytes=checked_bytes(
            _answer_bytes(heads, query.k, model, load.new_items) + why_bytes, "k", ceilings
        ),
    )


def _told(
    query: RecommendQuery | BasketQuery, rows: int, model: Recommender, pace: Pace
) -> tuple[float, int]:
    """Return the seconds that a usual row takes, and the bytes of the terms of all scores.

    Parameters
    ----------
    query : RecommendQuery or BasketQuery
        What is asked.
    rows : int
        For how many.
    model : Recommender
        The model that answers.
    pace : Pace
        How fast it answers.
    """
    if not query.why:
        return pace.row_seconds, 0
    answered = min(query.k, model.num_items)
    seconds = pace.explained_seconds * max(answered / 10, 1)
    return seconds, rows * answered * pace.why_bytes


def _names_few(query: RecommendQuery | BasketQuery, rows: int) -> bool:
    """Tell whether a query names few items, to allow or to exclude them for each row."""
    named = 0 if query.items is None else len(query.items)
    named += 0 if query.exclude is None else len(query.exclude)
    return named * rows <= INLINE_ITEMS


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
    check_answers(rows, query.k, ceilings)
    is_short = is_short_query(rows, query.k, pace.item_seconds)
    takes_turn = rows * pace.item_seconds > SHORT_SECONDS or rows * query.k > SHORT_ANSWERS
    if is_short and _are_brief(query.items, pace):
        return SMALL_IN_TURN if takes_turn else SMALL
    return Price(
        is_small=False,
        piece=piece_of(pace.item_seconds),
        answer_bytes=checked_bytes(_answer_bytes(query.items, query.k, model), "k", ceilings),
    )


def _are_brief(heads: Sequence[Id | Any], pace: Pace) -> bool:
    """Tell whether no id is so long that the answer to a short query could be large."""
    return pace.longest_item <= BRIEF_ID_BYTES and are_short_ids(heads)


def are_short_ids(heads: Sequence[Id | Any]) -> bool:
    """Tell whether all ids of a request are short, as nearly all are."""
    for head in heads:  # noqa: SIM110 - a generator takes longer
        if type(head) is not int and len(str(head)) > BRIEF_ID_BYTES:
            return False
    return True


def is_short_query(rows: int, k: int, seconds: float) -> bool:
    """Tell whether rows are few and soon answered.

    Parameters
    ----------
    rows, k : int
        Number of rows, and of answers for each.
    seconds : float
        Time for each row.
    """
    return rows <= INLINE_ROWS and rows * k <= INLINE_ANSWERS and rows * seconds <= INLINE_SECONDS


def piece_of(seconds: float) -> int:
    """Return how many rows make a piece, if one takes so many seconds."""
    return max(int(PIECE_SECONDS / max(seconds, PIECE_SECONDS / 64)), 1)


def check_answers(rows: int, k: int, ceilings: Ceilings) -> None:
    """Refuse a query that asks for too many answers.

    Parameters
    ----------
    rows, k : int
        Number of rows, and of answers for each.
    ceilings : Ceilings
        The limits that are settings.

    Raises
    ------
    QueryError
        If it does.
    """
    answers = rows * k
    if answers > ceilings.answers:
        asked = f"{counted(answers, 'answer')} ({counted(rows, 'row')} times {k})"
        raise QueryError(("k",), f"{asked} are more than {ceilings.answers} (MAX_ANSWERS)")


def checked_bytes(total: int, path: str, ceilings: Ceilings) -> int:
    """Return an upper bound of the size of an answer, unless it is too large.

    Parameters
    ----------
    total : int
        The bound.
    path : str
        The field that makes answers large, for errors.
    ceilings : Ceilings
        The limits that are settings.

    Raises
    ------
    QueryError
        If it is.
    """
    if total > ceilings.answer_bytes:
        message = f"the answer could be larger than {counted(ceilings.answer_bytes, 'byte')}"
        raise QueryError((path,), f"{message} (MAX_ANSWER_BYTES)")
    return total


def _answer_bytes(
    heads: Sequence[Id | Any], k: int, model: Recommender, new_items: Sequence[Id] = ()
) -> int:
    """Bound the size of the answer: each of its rows repeats the id that was asked about.

    Parameters
    ----------
    heads : sequence
        What was asked about.
    k : int
        Answers for each of them.
    model : Recommender
        The model that answers.
    new_items : sequence of int or str
        Items that can be answered though the model does not know them.
    """
    answered = min(k, model.num_items + len(new_items))
    row = ROW_BYTES + len(model.user_column.name) + len(model.item_column.name)
    about = ANSWERED_BYTES + len(model.user_column.name)
    text = id_bytes(heads)
    items = model.items.text_bound(min(k, model.num_items))
    if model.items.dtype != _INTEGERS:
        items *= TEXT_GROWTH
    items += id_bytes(new_items)
    return len(heads) * (answered * row + items + about) + text * (answered + 1)


def id_bytes(ids: Sequence[Id | Any]) -> int:
    """Bound what ids of a request take in an answer."""
    text = 0
    for one in ids:
        text += len(one) * TEXT_GROWTH if isinstance(one, str) else len(str(one))
    return text
