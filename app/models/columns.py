"""What the documented types are made of a column; columns that agree in it mean the same."""

from __future__ import annotations

from typing import Literal

from turi_recommender import Column, ColumnMode

_SAMPLE = 1000


def described(column: Column) -> tuple[str | int, ...]:
    """Return a column's name, mode and type, and what else belongs to its type."""
    return (column.name, column.mode.name, column.value_type.name, *_parts(column))


def _parts(column: Column) -> tuple[str | int, ...]:
    """Return what belongs to a type of several values: a length, or the type of the values."""
    match column.mode:
        case ColumnMode.NUMERIC_VECTOR:
            return (column.size,)
        case ColumnMode.CATEGORICAL_LIST | ColumnMode.DICTIONARY:
            return (category_kind(column),)
        case _:
            return ()


def category_kind(column: Column) -> Literal["integer", "string", "either"]:
    """Return of what type a column's categories are, where the first of them agree.

    Lists and dictionaries do not say themselves.
    """
    kinds = {type(category) for category in column.sample(_SAMPLE)}
    if kinds == {int}:
        return "integer"
    return "string" if kinds <= {str} else "either"
