"""What an answer says about the parts of a request that the model does not know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from turi_recommender import Id, IdIndex, Recommender

from ..limits import SHOWN_TEXT, SHOWN_UNKNOWN_VALUES, SOUGHT_VALUES
from ..models.queries import BasketQuery, RecommendQuery
from ..models.roles import Row

_LISTED = (list, dict)  # a tuple, which takes a third of the time that a union of types does

TellUnknown = Callable[[int, Row], Sequence[tuple[str, Any]]]


def unknown_items(
    query: RecommendQuery | BasketQuery, model: Recommender, told: list[Id]
) -> list[Id]:
    """Return the items of a request that the model does not know, each once.

    Parameters
    ----------
    query : RecommendQuery or BasketQuery
        Its allowed and excluded items are looked up.
    model : Recommender
        The model that answered.
    told : list of int or str
        Those that the model has told of: items of baskets and interactions.
    """
    if query.items is None and query.exclude is None:
        return told
    named = [*(query.items or ()), *(query.exclude or ())]
    return list(dict.fromkeys([*told, *unknown_ids(named, model.items)]))


def unknown_ids(ids: Iterable[Id], known: IdIndex) -> list[Id]:
    """Return the ids that a model does not know, each once.

    Parameters
    ----------
    ids : iterable of int or str
        Users or items of a request.
    known : IdIndex
        Those of the model.
    """
    return [one for one in dict.fromkeys(ids) if one not in known]


def told_by(model: Recommender) -> TellUnknown:
    """Return what tells the side data of a row that one model was not trained with."""
    return lambda _, row: model.unknown_values(row)


def unknown_values(
    rows: Iterable[Sequence[Row] | Row], tell: TellUnknown, ids: int = 1
) -> list[dict[str, Any]]:
    """Return the first side values of a request that no model was trained with.

    It stops at the row with which lists and dictionaries are more than it may look at.

    Parameters
    ----------
    rows : iterable
        Users, pairs or baskets; a list has no side values.
    tell : callable
        Takes the place of a row, and the row, and returns columns and values; see
        `Recommender.unknown_values`.
    ids : int
        How many fields of a row are no side values.
    """
    shown: list[dict[str, Any]] = []
    left = SOUGHT_VALUES
    for position, row in enumerate(rows):
        if len(row) <= ids or not isinstance(row, Mapping):
            continue
        for value in row.values():
            if isinstance(value, _LISTED):
                left -= len(value)
        if left < 0:
            return shown
        for column, value in tell(position, row):
            shown.append({"row": position, "column": column, "value": _cut(value)})
            if len(shown) == SHOWN_UNKNOWN_VALUES:
                return shown
    return shown


def _cut(value: object) -> object:
    return value[:SHOWN_TEXT] if isinstance(value, str) else value
