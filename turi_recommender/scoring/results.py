"""What a recommender answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring.terms import Why

# None, too, in models that were trained on rows without an id; hardly any is, and whoever has such
# a model knows it (`Column.nullable`).
Id = int | str
Ids = NDArray[Any]  # int64, or object arrays of str

Head = TypeVar("Head", bound=Id)

Basis = Literal["fold-in", "history", "basket", "side data", "context", "nothing"]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Items in the order of their score, best first.

    Attributes
    ----------
    items : list of int or str
        Item ids; the rank is the position plus one. Of `SimilarUsers` they are ids of users.
    scores : list of float
        Their scores.
    why : list of Why, or None
        The terms of each score; None where they were not asked for.
    """

    items: list[Id]
    scores: list[float]
    why: list[Why] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RecommendationColumns:
    """The rows of `Recommendations` as parallel arrays, shape (rows,) each.

    Attributes
    ----------
    users, items : ndarray of int64, or ndarray of object that holds str
        Ids; the dtype is that of the model's column, also where there is no row.
    scores : ndarray of float64
        Scores.
    ranks : ndarray of int64
        Ranks, from 1 on for each user.
    """

    users: Ids
    items: Ids
    scores: NDArray[np.float64]
    ranks: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ranks)


@dataclass(frozen=True, slots=True, eq=False)
class SimilarItemColumns:
    """The rows of `SimilarItems` as parallel arrays, shape (rows,) each.

    Attributes
    ----------
    items, similar : ndarray of int64, or ndarray of object that holds str
        Ids of the items asked about, and of those similar to them.
    scores : ndarray of float64
        Similarities.
    ranks : ndarray of int64
        Ranks, from 1 on for each item asked about.
    """

    items: Ids
    similar: Ids
    scores: NDArray[np.float64]
    ranks: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ranks)


@dataclass(frozen=True, slots=True, eq=False)
class SimilarUserColumns:
    """The rows of `SimilarUsers` as parallel arrays, shape (rows,) each.

    Attributes
    ----------
    users, similar : ndarray of int64, or ndarray of object that holds str
        Ids of the users asked about, and of those similar to them.
    scores : ndarray of float64
        Similarities.
    ranks : ndarray of int64
        Ranks, from 1 on for each user asked about.
    """

    users: Ids
    similar: Ids
    scores: NDArray[np.float64]
    ranks: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ranks)


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
    user_dtype, item_dtype : dtype
        Of the ids in `columns`: int64, or object for ids that are not all integers.
    basis : list of str
        What was known of each user, whatever the model makes of it: the first that applies of
        "fold-in" (a vector was made of the user's items, as `fold_in` says), "history" (the model
        knows the user and, if it scores by histories, has one), "basket" (an interaction of the
        query with an item that the model knows), "side data" (`user_data`), "context" (side columns
        of the visit) and "nothing".
    unknown : list of tuple of int or str
        For each user, the items of `interactions` that the model does not know, each once; empty
        where the query had no interactions.
    """

    users: list[Id]
    rankings: list[Ranking]
    cold_users: list[Id]
    user_dtype: np.dtype[Any]
    item_dtype: np.dtype[Any]
    basis: list[Basis] = field(default_factory=list)
    unknown: list[tuple[Id, ...]] = field(default_factory=list)

    @property
    def unknown_items(self) -> list[Id]:
        """Items of `interactions` that the model does not know, each once."""
        return each_once(self.unknown)

    def rows(self) -> Iterator[tuple[Id, Id, float, int]]:
        """Yield (user, item, score, rank), as Turi Create's flat table has them."""
        return flat_rows(self.users, self.rankings)

    def columns(self) -> RecommendationColumns:
        """Return the same rows as arrays, for data frames and files of columns.

        Examples
        --------
        >>> columns = model.recommend([6000], k=2).columns()
        >>> columns.items, columns.ranks
        (array([3325, 9986]), array([1, 2]))
        """
        dtypes = (self.user_dtype, self.item_dtype)
        return RecommendationColumns(*flat_columns(self.users, self.rankings, *dtypes))

    @classmethod
    def joined(cls, parts: Sequence[Recommendations]) -> Recommendations:
        """Return the answers to several queries of one model, one after the other, as one.

        Parameters
        ----------
        parts : sequence of Recommendations
            At least one.
        """
        return cls(
            [user for part in parts for user in part.users],
            [ranking for part in parts for ranking in part.rankings],
            list(dict.fromkeys(user for part in parts for user in part.cold_users)),
            parts[0].user_dtype,
            parts[0].item_dtype,
            [basis for part in parts for basis in part.basis],
            _joined_unknown([(part.unknown, len(part.users)) for part in parts]),
        )

    def split(self, lengths: Sequence[int]) -> Iterator[Recommendations]:
        """Yield the answers to the first so many users, to the next, and so on.

        Parameters
        ----------
        lengths : sequence of int
            Numbers of users; together they make up the users of this answer.
        """
        if len(lengths) == 1:
            yield self
            return
        cold, start = set(self.cold_users), 0
        for length in lengths:
            here = slice(start, start + length)
            users = self.users[here]
            mine = dict.fromkeys(user for user in users if user in cold) if cold else ()
            yield Recommendations(
                users,
                self.rankings[here],
                list(mine),
                self.user_dtype,
                self.item_dtype,
                self.basis[here],
                self.unknown[here],
            )
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
    item_dtype : dtype
        Of the ids in `columns`: int64, or object for ids that are not all integers.
    """

    items: list[Id]
    rankings: list[Ranking]
    unknown_items: list[Id]
    item_dtype: np.dtype[Any]

    @classmethod
    def joined(cls, parts: Sequence[SimilarItems]) -> SimilarItems:
        """Return the answers to several queries of one model as one; there is at least one."""
        return cls(
            [item for part in parts for item in part.items],
            [ranking for part in parts for ranking in part.rankings],
            list(dict.fromkeys(item for part in parts for item in part.unknown_items)),
            parts[0].item_dtype,
        )

    def rows(self) -> Iterator[tuple[Id, Id, float, int]]:
        """Yield (item, similar item, score, rank)."""
        return flat_rows(self.items, self.rankings)

    def columns(self) -> SimilarItemColumns:
        """Return the same rows as arrays, for data frames and files of columns."""
        dtypes = (self.item_dtype, self.item_dtype)
        return SimilarItemColumns(*flat_columns(self.items, self.rankings, *dtypes))


@dataclass(frozen=True, slots=True)
class SimilarUsers:
    """Answer to `Recommender.similar_users`.

    Attributes
    ----------
    users : list of int or str
        The known users of the query, in its order.
    rankings : list of Ranking
        One for each of them; their `items` are the ids of users.
    unknown_users : list of int or str
        The users of the query that the model does not know, each once.
    user_dtype : dtype
        Of the ids in `columns`: int64, or object for ids that are not all integers.
    """

    users: list[Id]
    rankings: list[Ranking]
    unknown_users: list[Id]
    user_dtype: np.dtype[Any]

    @classmethod
    def joined(cls, parts: Sequence[SimilarUsers]) -> SimilarUsers:
        """Return the answers to several queries of one model as one; there is at least one."""
        return cls(
            [user for part in parts for user in part.users],
            [ranking for part in parts for ranking in part.rankings],
            list(dict.fromkeys(user for part in parts for user in part.unknown_users)),
            parts[0].user_dtype,
        )

    def rows(self) -> Iterator[tuple[Id, Id, float, int]]:
        """Yield (user, similar user, score, rank)."""
        return flat_rows(self.users, self.rankings)

    def columns(self) -> SimilarUserColumns:
        """Return the same rows as arrays, for data frames and files of columns."""
        dtypes = (self.user_dtype, self.user_dtype)
        return SimilarUserColumns(*flat_columns(self.users, self.rankings, *dtypes))


def each_once(parts: Sequence[Sequence[Id]]) -> list[Id]:
    """Return the ids of all parts in order, each once."""
    return list(dict.fromkeys(chain.from_iterable(parts)))


def _joined_unknown(parts: Sequence[tuple[list[tuple[Id, ...]], int]]) -> list[tuple[Id, ...]]:
    """Join what several answers have for each user, or have not, with their numbers of users."""
    if not any(unknown for unknown, _ in parts):
        return []
    padded = [unknown or [()] * count for unknown, count in parts]
    return list(chain.from_iterable(padded))


def flat_rows(
    heads: Sequence[Head], rankings: Sequence[Ranking]
) -> Iterator[tuple[Head, Id, float, int]]:
    """Yield (head, item, score, rank) of the rankings that several heads have."""
    for head, ranking in zip(heads, rankings, strict=True):
        pairs = zip(ranking.items, ranking.scores, strict=True)
        for rank, (item, score) in enumerate(pairs, 1):
            yield head, item, score, rank


def flat_columns(
    heads: Sequence[Id],
    rankings: Sequence[Ranking],
    head_dtype: np.dtype[Any],
    item_dtype: np.dtype[Any],
) -> tuple[Ids, Ids, NDArray[np.float64], NDArray[np.int64]]:
    """Return the columns of the rows: heads, items, scores and ranks."""
    lengths = np.array([len(ranking.items) for ranking in rankings], np.int64)
    ends = lengths.cumsum()
    ranks = np.arange(1, lengths.sum() + 1) - (ends - lengths).repeat(lengths)
    items = [item for ranking in rankings for item in ranking.items]
    scores = [score for ranking in rankings for score in ranking.scores]
    return (
        id_array(heads, head_dtype).repeat(lengths),
        id_array(items, item_dtype),
        np.array(scores, np.float64),
        ranks,
    )


def id_array(ids: Sequence[Id], dtype: np.dtype[Any]) -> Ids:
    """Return ids as an array of the dtype of their column."""
    array = np.empty(len(ids), dtype)  # np.array(ids) would make strings as wide as the longest
    array[:] = ids
    return array
