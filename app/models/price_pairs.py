"""What a query for the scores of given pairs costs."""

from __future__ import annotations

from turi_recommender import Recommender

from ..limits import (
    INLINE_SECONDS,
    PIECE_WORK,
    ROW_BYTES,
    SHORT_ANSWERS,
    SHORT_SECONDS,
    SMALL_ANSWER_BYTES,
)
from .given_price import load_of_pairs
from .pace import Pace
from .price import (
    SMALL,
    SMALL_IN_TURN,
    Ceilings,
    Price,
    check_answers,
    checked_bytes,
    id_bytes,
    piece_of,
)
from .queries import PredictQuery
from .work import most_work


def price_of_predict(
    query: PredictQuery, model: Recommender, pace: Pace, ceilings: Ceilings
) -> Price:
    """Return what a query for the scores of pairs costs.

    Parameters
    ----------
    query : PredictQuery
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
    rows = len(query.pairs)
    check_answers(rows, 1, ceilings)
    load = None if query.given is None else load_of_pairs(query, query.given, model)
    most = _most_work(query, model) if load is None else load.work
    total = checked_bytes(_answer_bytes(query, model, pace), "pairs", ceilings)
    # Pairs of one visit share most of the work, so this is an upper bound.
    seconds = pace.pair_seconds
    if query.why:
        seconds += pace.explained_seconds
        most *= 2
    reading = 0.0
    if load is not None:  # what is brought along is read for each piece
        seconds += load.row_seconds
        reading = load.reading_seconds
    took = reading + rows * seconds
    if most == 0 and took <= INLINE_SECONDS and total <= SMALL_ANSWER_BYTES:
        is_brief = took <= SHORT_SECONDS and rows <= SHORT_ANSWERS
        return SMALL if is_brief else SMALL_IN_TURN
    return Price(
        is_small=False,
        piece=max(_piece(seconds, most), int(reading / seconds)),
        answer_bytes=total,
    )


def _piece(seconds: float, most: int) -> int:
    return piece_of(seconds) if most == 0 else max(PIECE_WORK // most, 1)


def _most_work(query: PredictQuery, model: Recommender) -> int:
    item = model.item_column.name
    visits = ({name: pair[name] for name in pair if name != item} for pair in query.pairs)
    works = (model.extra_work(visit, 1) for visit in visits)
    return most_work(works, "pairs", "send less side data", row="pair")


def _answer_bytes(query: PredictQuery, model: Recommender, pace: Pace) -> int:
    """Bound the size of the answer, which repeats the ids of the request."""
    user, item = model.user_column.name, model.item_column.name
    row = ROW_BYTES + len(user) + len(item) + (pace.why_bytes if query.why else 0)
    ids = [pair.get(name) for pair in query.pairs for name in (user, item)]
    return len(query.pairs) * row + 2 * (id_bytes(ids) + len(ids))  # unknown ones are named again
