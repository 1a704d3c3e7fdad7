"""What an answer says about the parts of a request that the model does not know."""

from __future__ import annotations

from typing import Any

from turi_recommender import Id, Recommender

from ..limits import SHOWN_TEXT, SHOWN_UNKNOWN_VALUES
from ..models.queries import RecommendQuery


def unknown_items(query: RecommendQuery, model: Recommender) -> list[Id]:
    """Return the allowed and excluded items that the model does not know, each once.

    Parameters
    ----------
    query : RecommendQuery
    model : Recommender
    """
    if query.items is None and query.exclude is None:
        return []
    named = [*(query.items or ()), *(query.exclude or ())]
    return [one for one in dict.fromkeys(named) if one not in model.items]


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
