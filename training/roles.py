"""The roles of the service: whom each is for, and which plain model it has to beat."""

from __future__ import annotations

from typing import NamedTuple, Sequence, Tuple

import numpy as np

from training.visitors import KNOWN, LIGHT, UNKNOWN

SIMILARITY, RANKING, NEWCOMER = "similarity", "ranking", "newcomer"
JACCARD = "jaccard"
RECENT_POPULARITY = "popularity of the last 20%"


def kinds_of(role: str) -> Tuple[str, ...]:
    """Return the kinds of visitors that a role is for."""
    return (UNKNOWN,) if role == NEWCOMER else (LIGHT, KNOWN)


def yardstick_of(role: str) -> str:
    """Return the name of the plain model with which a role is compared; the gate takes the same."""
    return RECENT_POPULARITY if role == NEWCOMER else JACCARD


class Audience(NamedTuple):
    """Visitors by whom a role is judged.

    Attributes
    ----------
    whom : {"new", "returning", "all"}
        Who they are.
    rows : numpy.ndarray of bool, shape (visitors,)
        Which of the visitors they are.
    """

    whom: str
    rows: np.ndarray


def audience_of(role: str, kinds: Sequence[str], least: int = 1) -> Audience:
    """Return the visitors whom a role is for, or everybody where these are too few.

    Parameters
    ----------
    role : str
        The role.
    kinds : sequence of str
        The kind of each visitor.
    least : int
        How many are enough.
    """
    each: np.ndarray = np.array(list(kinds), dtype=object)
    theirs = np.isin(each, kinds_of(role))
    if theirs.sum() >= least:
        return Audience("new" if role == NEWCOMER else "returning", theirs)
    return Audience("all", np.ones(len(each), dtype=bool))
