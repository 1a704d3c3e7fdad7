"""What the service is asked, whichever endpoint asks it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from turi_recommender import Id

from .roles import Choice, Role, Row


class RecommendQuery(NamedTuple):
    """Recommend items to users.

    Attributes
    ----------
    users : sequence of mappings
        The user column, and any side columns.
    k : int
        Number of items per user.
    choice : {"auto", "similarity", "ranking"}
        Whose model answers. Auto takes the ranking model if any row carries side data, else the
        similarity model; where only one is loaded, that one.
    side_data_defaults : bool
        Whether side columns that a row leaves out take their defaults (ranking model only).
    exclude_known, items, exclude
        As in `turi_recommender.Recommender.recommend`.
    why : bool
        Whether to tell the terms of each score.
    """

    users: Sequence[Row]
    k: int = 10
    choice: Choice = "auto"
    side_data_defaults: bool = True
    exclude_known: bool = True
    items: Sequence[Id] | None = None
    exclude: Sequence[Id] | None = None
    why: bool = False

    @property
    def is_restricted(self) -> bool:
        """Whether it names items that may, or may not, be recommended."""
        has_exclusions = self.exclude is not None and len(self.exclude) > 0
        return self.items is not None or has_exclusions


class SimilarQuery(NamedTuple):
    """Find items that are similar to items.

    Attributes
    ----------
    items : sequence of int or str
        Item ids.
    k : int
        Number of similar items per item.
    role : {"similarity", "ranking"}
        Whose model answers.
    """

    items: Sequence[Id]
    k: int = 10
    role: Role = "similarity"


class SimilarUsersQuery(NamedTuple):
    """Find users who are similar to users.

    Attributes
    ----------
    users : sequence of int or str
        User ids.
    k : int
        Number of similar users per user.
    role : {"similarity", "ranking"}
        Whose model answers.
    """

    users: Sequence[Id]
    k: int = 10
    role: Role = "ranking"


class PredictQuery(NamedTuple):
    """Score given pairs of user and item.

    Attributes
    ----------
    pairs : sequence of mappings
        The user column, the item column, and any side columns.
    role : {"similarity", "ranking"}
        Whose model answers.
    side_data_defaults : bool
        As in `RecommendQuery`.
    why : bool
        Whether to tell the terms of each score.
    """

    pairs: Sequence[Row]
    role: Role = "ranking"
    side_data_defaults: bool = True
    why: bool = False
