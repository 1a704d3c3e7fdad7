"""What the service is asked, whichever endpoint asks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from turi_recommender import Id

from .roles import Choice, Role, Row


class Given(NamedTuple):
    """What a query brings along for its own answer. Few queries do.

    Attributes
    ----------
    interactions, user_data, item_data, diversity, seed, fold_in
        As in `turi_recommender.Recommender.recommend`; baskets have neither of the first two.
    """

    interactions: Sequence[Row] | None = None
    user_data: Sequence[Row] | None = None
    item_data: Sequence[Row] | None = None
    diversity: float = 0.0
    seed: int | None = None
    fold_in: bool = False

    def options(self) -> dict[str, Any]:
        """Return what is given as arguments for the library."""
        named = zip(self._fields[:3], self[:3], strict=True)
        options: dict[str, Any] = {name: rows for name, rows in named if rows is not None}
        if self.diversity > 0:
            options |= {"diversity": self.diversity, "seed": self.seed}
        if self.fold_in:
            options["fold_in"] = True
        return options


class RecommendQuery(NamedTuple):
    """Recommend items to users.

    Attributes
    ----------
    users : sequence of mappings
        The user column, and any side columns.
    k : int
        Number of items per user.
    choice : {"auto", "similarity", "ranking", "newcomer"}
        Whose model answers. What `auto` means is a setting; see `respondents`.
    side_data_defaults : bool
        Whether side columns that a row leaves out take their defaults (ranking model only).
    exclude_known, items, exclude
        As in `turi_recommender.Recommender.recommend`.
    given : Given or None
        What the query brings along. Such a query is answered by a call of its own.
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
    given: Given | None = None
    why: bool = False

    @property
    def stands_alone(self) -> bool:
        """Whether it asks for more than a ranking, so that no other query is like it."""
        return _stands_alone(self)


class BasketQuery(NamedTuple):
    """Recommend items to baskets.

    Attributes
    ----------
    baskets, exclude_known, items, exclude
        As in `turi_recommender.Recommender.recommend_basket`; items of baskets are mappings.
    k : int
        Number of items per basket.
    role : {"similarity", "ranking"}
        Whose model answers.
    side_data_defaults : bool
        As in `RecommendQuery`.
    given : Given or None
        What the query brings along.
    why : bool
        Whether to tell the terms of each score.
    """

    baskets: Sequence[Sequence[Row] | Row]
    k: int = 10
    role: Role = "similarity"
    side_data_defaults: bool = True
    exclude_known: bool = True
    items: Sequence[Id] | None = None
    exclude: Sequence[Id] | None = None
    given: Given | None = None
    why: bool = False

    @property
    def stands_alone(self) -> bool:
        """Whether it asks for more than a ranking, as in `RecommendQuery`."""
        return _stands_alone(self)


def _stands_alone(query: RecommendQuery | BasketQuery) -> bool:
    has_exclusions = query.exclude is not None and len(query.exclude) > 0
    return query.items is not None or has_exclusions or query.given is not None or query.why


def items_of(basket: Sequence[Row] | Row) -> Sequence[Row]:
    """Return the items of a basket, whichever form it has."""
    return basket["items"] if isinstance(basket, Mapping) else basket


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
    given : Given or None
        Side data that the query brings along.
    """

    pairs: Sequence[Row]
    role: Role = "ranking"
    side_data_defaults: bool = True
    why: bool = False
    given: Given | None = None
