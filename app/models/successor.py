"""Checks that a version passes before it serves: at the start, and in the place of another one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from turi_recommender import Column, Id, Recommender
from turi_recommender.errors import QueryError
from turi_recommender.versions import ModelEntry

from ..errors import RefusedVersionError
from ..limits import SUCCESSOR_SAMPLES
from .columns import described
from .roles import Role, may_have_side_columns, takes_side_data


def check_successor(
    role: Role, old: Recommender, new: Recommender, defaults: Mapping[str, Any]
) -> None:
    """Check that one model can take another's place.

    It must have the same columns, because the documented types are made from them; but for the
    newcomer's, which is asked with what it understands: such a role is played by a factorization
    machine today, and by popularity tomorrow. It must also answer sample queries with finite
    scores. These are for users and items of both models, with and without side data; the new model
    need not know those of the old one.

    Parameters
    ----------
    role : {"similarity", "ranking", "newcomer"}
        The role that they play.
    old, new : Recommender
        The version that serves, and the one that is to replace it.
    defaults : mapping of str to value
        Side data that the service fills in.

    Raises
    ------
    RefusedVersionError
        If it cannot take that place.
    """
    same = ["user_column", "item_column", *(["side_columns"] if role != "newcomer" else [])]
    for what in same:
        mine, yours = _columns(getattr(old, what)), _columns(getattr(new, what))
        if mine != yours:
            raise RefusedVersionError(
                f"{what.replace('_', ' ')} changed: {_listed(mine)} to {_listed(yours)}"
            )
    for what in ("user_column", "item_column"):
        if getattr(new, what).nullable and not getattr(old, what).nullable:
            raise RefusedVersionError(f"{what.replace('_', ' ')} changed: an id is missing (None)")
    _check_answers(new, [old, new], defaults)


def check_fitness(role: Role, model: Recommender, defaults: Mapping[str, Any]) -> None:
    """Check that a model suits a role, where no other one serves that it could be compared with.

    Parameters
    ----------
    role : {"similarity", "ranking", "newcomer"}
        What it is to be.
    model : Recommender
        The model.
    defaults : mapping of str to value
        Side data that the service fills in.

    Raises
    ------
    RefusedVersionError
        If it does not suit.
    """
    if takes_side_data(role):
        if "factorization" not in model.kind:
            raise RefusedVersionError(
                f"the {role} model must be a factorization model, but this is {model.kind}"
            )
    elif len(model.side_columns) > 0 and not may_have_side_columns(role):
        names = ", ".join(sorted(_names(model)))
        raise RefusedVersionError(
            f"the {role} model must have no side columns, but this one has {names}"
        )
    _check_answers(model, [model], defaults)


def check_same_ids(one: ModelEntry, other: ModelEntry) -> None:
    """Check that two models have the same columns of ids: both answer the same requests.

    Raises
    ------
    RefusedVersionError
        If they differ in the names or the types.
    """
    for what in ("user_column", "item_column"):
        mine: Column = getattr(one.model, what)
        yours: Column = getattr(other.model, what)
        if (mine.name, mine.value_type) != (yours.name, yours.value_type):
            raise RefusedVersionError(
                f"the models differ in their {what.replace('_', ' ')}: {one.name} has "
                f"{_described(mine)}, {other.name} has {_described(yours)}"
            )


def _described(column: Column) -> str:
    return f"{column.name} ({column.value_type.name.lower()})"


def _check_answers(
    new: Recommender, models: Sequence[Recommender], defaults: Mapping[str, Any]
) -> None:
    """Ask a model for users and items that some models know, itself among them."""
    users = _samples(*(model.user_column for model in models))
    side = {name: value for name, value in defaults.items() if name in _names(new)}
    name = new.user_column.name
    rows = [{name: user} for user in users] + [{name: user, **side} for user in users]
    rankings = list(new.recommend(rows, k=10, exclude_known=False).rankings)
    if any(not ranking.items for ranking in rankings):
        raise RefusedVersionError("a sample query has no answer")
    with suppress(QueryError):  # a model without factors knows no similar items
        items = _samples(*(model.item_column for model in models))
        rankings += new.similar_items(items, k=10).rankings
    if not all(math.isfinite(score) for ranking in rankings for score in ranking.scores):
        raise RefusedVersionError("a sample query has a score that is not finite")


def _names(model: Recommender) -> set[str]:
    return {column.name for column in model.side_columns}


def _columns(columns: Any) -> list[tuple[str | int, ...]]:
    """Return what the documented types are made of."""
    return [described(each) for each in (columns if isinstance(columns, tuple) else (columns,))]


def _listed(columns: list[tuple[str | int, ...]]) -> str:
    """Return columns in words: the name of each, and in brackets what it is."""
    words = (
        f"{name} ({', '.join(str(part).lower().replace('_', ' ') for part in parts)})"
        for name, *parts in columns
    )
    return ", ".join(words) or "none"


def _samples(*columns: Column) -> list[Id]:
    return [value for column in columns for value in column.sample(SUCCESSOR_SAMPLES)]
