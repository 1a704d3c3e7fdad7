"""What a recommender answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Id = int | str


@dataclass(frozen=True, slots=True)
class Ranking:
    """Items in the order of their score, best first.

    Attributes
    ----------
    items : list of int or str
        Item ids; the rank is the position plus one.
    scores : list of float
        Their scores.
    """

    items: list[Id]
    scores: list[float]


def _flatten(
    heads: Sequence[Id], rankings: Sequence[Ranking]
) -> Iterator[tuple[Id, Id, float, int]]:
    for head, ranking in zip(heads, rankings, strict=True):
        pairs = zip(ranking.items, ranking.scores, strict=True)
        for rank, (item, score) in enumerate(pairs, 1):
            yield head, item, score, rank


@dataclass(frozen=True, slots=True)
class Recommendations:
    """Answer to `Recommender.recommend`.

    Attributes
    ----------
    users : list of int or str
        The users of the query, in its order.
    rankings : list of Ranking
        One for each of them; empty where no candidate was left.
    cold_users : list of int or str
        Those of them that the model does not know, each once.
    """

    users: list[Id]
    rankings: list[Ranking]
    cold_users: list[Id]

    def rows(self) -> Iterator[tuple[Id, Id, float, int]]:
        """Yield (user, item, score, rank), as Turi Create's flat table has them."""
        return _flatten(self.users, self.rankings)

    def split(self, lengths: Sequence[int]) -> Iterator[Recommendations]:
        """Yield the answers to the first so many users, to the next, and so on."""
        cold, start = set(self.cold_users), 0
        for length in lengths:
            users = self.users[start : start + length]
            rankings = self.rankings[start : start + length]
            mine = dict.fromkeys(user for user in users if user in cold) if cold else ()
            yield Recommendations(users, rankings, list(mine))
            start += length


@dataclass(frozen=True, slots=True)
class SimilarItems:
    """Answer to `Recommender.similar_items`.

    Attributes
    ----------
    items : list of int or str
        The known items of the query, in its order.
    rankings : list of Ranking
        One for each of them.
    unknown_items : list of int or str
        The items of the query that the model does not know, each once.
    """

    items: list[Id]
    rankings: list[Ranking]
    unknown_items: list[Id]

    def rows(self) -> Iterator[tuple[Id, Id, float, int]]:
        """Yield (item, similar item, score, rank)."""
        return _flatten(self.items, self.rankings)
