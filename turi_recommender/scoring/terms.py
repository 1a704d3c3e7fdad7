"""Why an item got its score: terms that add up to it.

Source: docs/queries.md, section 9.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import add
from typing import Literal, NamedTuple

SCORE = "score"
LOG_ODDS = "log-odds"
ROUNDING = "rounding"
WHOLE = "the whole score"

_ROUNDINGS = 2  # the second one where the first is so large that it is itself rounded
_LONGEST_VALUE = 64  # characters of a category that a name shows
LONGEST_SHOWN = 4 * _LONGEST_VALUE + 4  # bytes of it, with a space and an ellipsis


TermKind = Literal[
    "average",
    "visitor",
    "item",
    "column",
    "item column",
    "visitor with item",
    "column with item",
    "visitor with item column",
    "history",
    "basket",
    "others",
    "more",
    "mean",
    "popularity",
    "rounding",
    "whole",
]
"""What a term can be; docs/library.md ("Why") says what each kind means."""

ITEM_KINDS: frozenset[TermKind] = frozenset({"history", "basket", "others"})
"""Kinds whose terms are about an item of the history, which a term names."""


class Term(NamedTuple):
    """A part of a score.

    Attributes
    ----------
    name : str
        What it comes from, in a shopkeeper's words, such as "visitor with item". The words may
        change; programs go by the other fields.
    value : float
        How much it adds; negative if it takes something away.
    kind : str
        What it is, for programs: one of `TermKind`.
    item : int or str, optional
        Id of the item of the history that it is about, for the kinds of `ITEM_KINDS`; otherwise
        None. A trained id can be None, too.
    column : str, optional
        Name of the column of side data that it is about, or None.
    """

    name: str
    value: float
    kind: TermKind
    item: int | str | None = None
    column: str | None = None


class TermsBound(NamedTuple):
    """How large the terms of one score can get.

    Attributes
    ----------
    terms : int
        How many there are at most.
    text : int
        Bytes of all their names, items and columns together, in UTF-8.
    items : int
        How many of them are about an item at most.
    """

    terms: int
    text: int
    items: int = 0


# What `closed` adds.
CLOSING = TermsBound(_ROUNDINGS, _ROUNDINGS * len(ROUNDING) + len(WHOLE))


class Why(tuple[Term, ...]):
    """The terms of one score, in the order in which they add up to it.

    Parameters
    ----------
    terms : iterable of Term
        The terms; the last one is named "rounding" if float64 needs one to arrive at the score.
    of : str
        What they add up to: "score", or "log-odds" in logistic models. There the score is
        1 / (1 + exp(-log-odds)), which is no sum.

    Notes
    -----
    Add them from left to right, one after the other, as `total` does: `sum` of CPython 3.12 and
    newer compensates for rounding, and so arrives at another number.
    """

    of: str

    def __new__(cls, terms: Iterable[Term] = (), of: str = SCORE) -> Why:
        """Keep what the terms add up to beside them."""
        self = super().__new__(cls, terms)
        self.of = of
        return self

    @property
    def total(self) -> float:
        """What the terms add up to, to the last bit."""
        return added(self)


def added(terms: Sequence[Term]) -> float:
    """Add up the values of terms from left to right in float64; no terms make 0.0."""
    return reduce(add, [term.value for term in terms]) if terms else 0.0


def closed(terms: Sequence[Term], total: float, of: str = SCORE) -> Why:
    """Return terms that add up to a score exactly.

    Parameters
    ----------
    terms : sequence of Term
        They add up to the score, but for rounding.
    total : float
        The score, or the log-odds.
    of : str
        Which of these it is.

    Returns
    -------
    Why
        The terms, and a last one for the rounding if it is not 0. A score that is infinite or
        undefined, as in a model that diverged in training, is one term.
    """
    reached = added(terms)
    closing = list(terms)
    for _ in range(_ROUNDINGS):
        if reached == total or not math.isfinite(total - reached):
            break
        # Exact where the two are close; otherwise what is still missing is close.
        closing.append(Term(ROUNDING, total - reached, "rounding"))
        reached += total - reached
    if reached == total and math.copysign(1.0, reached) == math.copysign(1.0, total):
        return Why(closing, of)
    return Why([Term(WHOLE, total, "whole")], of)


def shown(name: str, value: object) -> str:
    """Return the name of a column with its value, such as "month 8".

    Parameters
    ----------
    name : str
        Name of the column.
    value : object
        A category, a number, or None where it is missing.
    """
    if value is None:
        return f"{name} missing"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{name} {text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + '…'}"
