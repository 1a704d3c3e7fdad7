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
    MAX_ROW_WORK,
    PIECE_SECONDS,
    PIECE_WORK,
    ROW_BYTES,
    SHORT_ANSWERS,
    SHORT_SECONDS,
    TEXT_GROWTH,
)
from .given_price import Load, load_of_baskets, load_of_recommend
from .pace import Pace
from .queries import BasketQuery, Given, RecommendQuery, SimilarQuery

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


_SMALL = Price(is_small=True, piece=1, answer_bytes=0)
_SMALL_IN_TURN = Price(is_small=True, piece=1, answer_bytes=0, takes_turn=True)


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
    user = model.user_column.name
    heads = [row.get(user) for row in query.users]
    if query.given is not None:
        load = load_of_recommend(query, query.given, model)
        return _with_load(query, heads, load, model, pace, ceilings)
    most = _most_work(query, model)
    is_short = most == 0 and _is_short(rows, query.k, pace.row_seconds) and _names_few(query, rows)
    if is_short and _are_brief(heads, pace):
        return _SMALL
    return Price(
        is_small=False,
        piece=_piece(pace.row_seconds) if most == 0 else max(PIECE_WORK // most, 1),
        answer_bytes=_answer_bytes(heads, query.k, model, ceilings),
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
    _check_answers(rows, query.k, ceilings)
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
    row_seconds = pace.row_seconds + load.row_seconds
    reading = load.reading_seconds
    is_short = rows <= INLINE_ROWS and rows * selected <= INLINE_ANSWERS and load.work == 0
    is_short = is_short and reading + rows * row_seconds <= INLINE_SECONDS
    if is_short and _names_few(query, rows) and _are_brief([*heads, *load.new_items], pace):
        return _SMALL_IN_TURN
    # What is brought along is read for each piece, which should not take most of the time.
    piece = int(max(PIECE_SECONDS, reading) / max(row_seconds, PIECE_SECONDS / 64))
    return Price(
        is_small=False,
        piece=max(piece, 1),
        answer_bytes=_answer_bytes(heads, query.k, model, ceilings, load.new_items),
    )


def _most_work(query: RecommendQuery, model: Recommender) -> int:
    """Return the extra work of the row that takes most."""
    most = 0
    for position, row in enumerate(query.users):
        work = model.extra_work(row, query.k)
        if work > MAX_ROW_WORK:
            message = (
                f"the row would take more than {MAX_ROW_WORK} operations: ask for fewer items, or "
                "send less side data"
            )
            raise QueryError(("users", position), message)
        most = max(most, work)
    return most


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
    _check_answers(rows, query.k, ceilings)
    is_short = _is_short(rows, query.k, pace.item_seconds)
    takes_turn = rows * pace.item_seconds > SHORT_SECONDS or rows * query.k > SHORT_ANSWERS
    if is_short and _are_brief(query.items, pace):
        return _SMALL_IN_TURN if takes_turn else _SMALL
    return Price(
        is_small=False,
        piece=_piece(pace.item_seconds),
        answer_bytes=_answer_bytes(query.items, query.k, model, ceilings),
    )


def _are_brief(heads: Sequence[Id | Any], pace: Pace) -> bool:
    """Tell whether no id is so long that the answer to a short query could be large."""
    if pace.longest_item > BRIEF_ID_BYTES:
        return False
    for head in heads:  # noqa: SIM110 - a generator takes longer
        if type(head) is not int and len(str(head)) > BRIEF_ID_BYTES:
            return False
    return True


def _is_short(rows: int, k: int, seconds: float) -> bool:
    return rows <= INLINE_ROWS and rows * k <= INLINE_ANSWERS and rows * seconds <= INLINE_SECONDS


def _piece(seconds: float) -> int:
    return max(int(PIECE_SECONDS / max(seconds, PIECE_SECONDS / 64)), 1)


def _check_answers(rows: int, k: int, ceilings: Ceilings) -> None:
    answers = rows * k
    if answers > ceilings.answers:
        asked = f"{counted(answers, 'answer')} ({counted(rows, 'row')} times {k})"
        raise QueryError(("k",), f"{asked} are more than {ceilings.answers} (MAX_ANSWERS)")


def _answer_bytes(
    heads: Sequence[Id | Any],
    k: int,
    model: Recommender,
    ceilings: Ceilings,
    new_items: Sequence[Id] = (),
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
    ceilings : Ceilings
        The limits that are settings.
    new_items : sequence of int or str
        Items that can be answered though the model does not know them.
    """
    answered = min(k, model.num_items + len(new_items))
    row = ROW_BYTES + len(model.user_column.name) + len(model.item_column.name)
    about = ANSWERED_BYTES + len(model.user_column.name)
    text = _text_bytes(heads)
    items = model.items.text_bound(min(k, model.num_items))
    if model.items.dtype != _INTEGERS:
        items *= TEXT_GROWTH
    items += _text_bytes(new_items)
    total = len(heads) * (answered * row + items + about) + text * (answered + 1)
    if total > ceilings.answer_bytes:
        message = f"the answer could be larger than {counted(ceilings.answer_bytes, 'byte')}"
        raise QueryError(("k",), f"{message} (MAX_ANSWER_BYTES)")
    return total


def _text_bytes(ids: Sequence[Id | Any]) -> int:
    total = 0
    for one in ids:
        total += len(one) * TEXT_GROWTH if isinstance(one, str) else len(str(one))
    return total
