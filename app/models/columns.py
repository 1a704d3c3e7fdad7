"""Of what types the categories of a column are.

Lists and dictionaries do not say themselves. The documented types are made of this, and a new
version must have the same.
"""

from __future__ import annotations

from typing import Literal

from turi_recommender import Column

_SAMPLE = 1000


def category_kind(column: Column) -> Literal["integer", "string", "either"]:
    """Return of what type a column's categories are, where the first of them agree."""
    kinds = {type(category) for category in column.sample(_SAMPLE)}
    if kinds == {int}:
        return "integer"
    return "string" if kinds <= {str} else "either"
