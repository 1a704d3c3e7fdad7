"""What the model of a request cannot do and another loaded one can: a hint for its error.

The library knows one model only, so its errors cannot say that another one has a column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from turi_recommender import Column, Recommender
from turi_recommender.errors import QueryError, RecommenderError

from .roles import MAIN, Role
from .slots import Slot

Can = Callable[[Recommender], bool]


def with_hint(
    error: QueryError, model: Recommender, slots: Mapping[Role, Slot], can: Can | None = None
) -> QueryError:
    """Return an error that also names the model that can answer, if one is loaded that can.

    Parameters
    ----------
    error : QueryError
        What is wrong with the query.
    model : Recommender
        The model that it was asked of.
    slots : mapping of role to Slot
        Those that are loaded.
    can : callable, optional
        Tells whether a model can answer such queries at all, where not every model can.
    """
    entries = {role: slots[role].entry for role in MAIN if role in slots}
    loaded = {role: entry.model for role, entry in entries.items() if entry is not None}
    others = {role: other for role, other in loaded.items() if other is not model}
    if len(others) == len(loaded):  # it plays no role that a request can name
        return error
    for role, other in others.items():
        if error.path == ("model",):
            hint = f"the {role} model can" if can is not None and can(other) else None
        elif error.path == ("fold_in",):
            hint = f"the {role} model can" if other.folds_in else None
        else:
            hint = f"the {role} model has it" if _only_there(error.path, model, other) else None
        if hint is not None:
            return QueryError(error.path, f"{error.message}; {hint}")
    return error


def tells_similar_users(model: Recommender) -> bool:
    """Tell whether a model can say which users are similar."""
    try:
        model.similar_users([], k=1)
    except RecommenderError:
        return False
    return True


def tells_similar_items(model: Recommender) -> bool:
    """Tell whether a model can say which items are similar: not one that has no factors."""
    return model.num_factors != 0


def _only_there(path: Sequence[str | int], model: Recommender, other: Recommender) -> bool:
    """Tell whether a path leads to a column that the other model has, and this one does not."""
    first, last = path[0], path[-1]
    if len(path) < 3 or not isinstance(last, str):  # argument, position, column
        return False
    return last in _names(first, other) and last not in _names(first, model)


def _names(argument: str | int, model: Recommender) -> set[str]:
    """Return the names of the columns that rows of an argument may have."""
    columns: Sequence[Column]
    before: Mapping[str, str] = {}
    match argument:
        case "user_data":
            columns, before = model.user_side_columns, model.side_names_before[0]
        case "item_data":
            columns, before = model.item_side_columns, model.side_names_before[1]
        case _:
            columns = model.side_columns
    target = set() if model.target is None else {model.target}
    return {column.name for column in columns} | set(before.values()) | target
