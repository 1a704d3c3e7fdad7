"""What an answer says about the parts of a request that the model does not know."""

from __future__ import annotations

from typing import Any

from turi_recommender import Id, Recommender

from ..limits import SHOWN_TEXT, SHOWN_UNKNOWN_VALUES
from ..models.queries import BasketQuery, RecommendQuery


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
    return list(dict.fromkeys([*told, *(one for one in named if one not in model.items)]))


def unknown_values(query: RecommendQuery, model: Recommender) -> list[dict[str, Any]]:
    """Return the first side values of a request that the model was not trained with.

    Parameters
    ----------
    query : RecommendQuery
    model : Recommender
    """
    shown: list[dict[str, Any]] = []
    for position, row in enumerate(query.users):
        if len(row) == 1:
            continue
        for column, value in model.unknown_values(row):
            shown.append({"row": position, "column": column, "value": _cut(value)})
            if len(shown) == SHOWN_UNKNOWN_VALUES:
                return shown
    return shown


def _cut(value: object) -> object:
    return value[:SHOWN_TEXT] if isinstance(value, str) else value
