"""What was known of a query, which says what its answer can be made of."""

from __future__ import annotations

from turi_recommender.scoring.query import Query
from turi_recommender.scoring.results import Basis


def basis_of(query: Query, *, has_history: bool) -> Basis:
    """Return the first that applies.

    Parameters
    ----------
    query : Query
        What was asked.
    has_history : bool
        Whether the model knows the user from training.
    """
    if query.factors is not None:
        return "fold-in"
    if has_history:
        return "history"
    if query.history is not None:
        return "basket"
    if query.side is not None:
        return "side data"
    return "context" if query.has_context else "nothing"
