"""Types of the terms that tell why an item got its score."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from turi_recommender import TermKind

from .json_types import ANNOTATED, LIST, NOT_REQUIRED, SCORE, row_type

_TERM_FIELDS = ("term", "value", "kind", "column")

# What rows and terms call their fields. The item column is a field of both, with another name.
WHY_FIELDS = frozenset({"why", "why_of", *_TERM_FIELDS})


def why_fields(item: str, item_id: Any) -> dict[str, Any]:
    """Return the fields of a row that tell why, where that was asked for.

    Parameters
    ----------
    item : str
        Name of the item column.
    item_id : type
        Of its ids in answers.
    """
    told = "Where it was asked for: terms that add up to the score exactly, from left to right in "
    log_odds = (
        "Only with the terms of a logistic model: they add up to the log-odds, and the score is "
        "1 / (1 + exp(-log-odds))"
    )
    terms = ANNOTATED[LIST[_term(item, item_id)], Field(description=f"{told}float64")]
    return {
        "why": NOT_REQUIRED[terms],
        "why_of": NOT_REQUIRED[ANNOTATED[Literal["log-odds"], Field(description=log_odds)]],
    }


def _term(item: str, item_id: Any) -> Any:
    """Return the type of a part of a score."""
    name = Field(description="What it comes from, in words", examples=["visitor with item"])
    about = Field(description="The item that a history, basket or others term is about")
    column = Field(description="The column of side data that it is about", examples=["period"])
    return row_type(
        "Term",
        {
            "term": ANNOTATED[str, name],
            "value": ANNOTATED[SCORE, Field(description="How much it adds", examples=[0.25])],
            "kind": ANNOTATED[TermKind, Field(description="What it is, for programs")],
            item: NOT_REQUIRED[ANNOTATED[item_id, about]],
            "column": NOT_REQUIRED[ANNOTATED[str, column]],
        },
    )
