"""What a recommender answers to baskets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring.results import (
    Basis,
    Id,
    Ids,
    Ranking,
    each_once,
    flat_columns,
    flat_rows,
)


@dataclass(frozen=True, slots=True, eq=False)
class BasketColumns:
    """The rows of `BasketRecommendations` as parallel arrays, shape (rows,) each.

    Attributes
    ----------
    baskets : ndarray of int64
        Positions of the baskets.
    items : ndarray of int64, or ndarray of object that holds str
        Item ids.
    scores : ndarray of float64
        Scores.
    ranks : ndarray of int64
        Ranks, from 1 on for each basket.
    """

    baskets: NDArray[np.int64]
    items: Ids
    scores: NDArray[np.float64]
    ranks: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ranks)


@dataclass(frozen=True, slots=True)
class BasketRecommendations:
    """Answer to `Recommender.recommend_basket`.

    Attributes
    ----------
    rankings : list of Ranking
        One for each basket, in the order of the query; empty where no candidate was left.
    item_dtype : dtype
        Of the ids in `columns`: int64, or object for ids that are not all integers.
    basis : list of str
        What was known of each basket, as in `Recommendations`.
    unknown : list of tuple of int or str
        For each basket, its items that the model does not know, each once.
    """

    rankings: list[Ranking]
    item_dtype: np.dtype[Any]
    basis: list[Basis]
    unknown: list[tuple[Id, ...]]

    @property
    def baskets(self) -> range:
        """Positions of the baskets in the query."""
        return range(len(self.rankings))

    @property
    def unknown_items(self) -> list[Id]:
        """Items of the baskets that the model does not know, each once."""
        return each_once(self.unknown)

    def rows(self) -> Iterator[tuple[int, Id, float, int]]:
        """Yield (basket, item, score, rank)."""
        return flat_rows(self.baskets, self.rankings)

    def columns(self) -> BasketColumns:
        """Return the same rows as arrays, for data frames and files of columns."""
        dtypes = (np.dtype(np.int64), self.item_dtype)
        return BasketColumns(*flat_columns(self.baskets, self.rankings, *dtypes))

    @classmethod
    def joined(cls, parts: Sequence[BasketRecommendations]) -> BasketRecommendations:
        """Return the answers to several queries of one model, one after the other, as one.

        Parameters
        ----------
        parts : sequence of BasketRecommendations
            At least one; the positions of the baskets go on from part to part.
        """
        return cls(
            [ranking for part in parts for ranking in part.rankings],
            parts[0].item_dtype,
            [basis for part in parts for basis in part.basis],
            [unknown for part in parts for unknown in part.unknown],
        )

    def split(self, lengths: Sequence[int]) -> Iterator[BasketRecommendations]:
        """Yield the answers to the first so many baskets, to the next, and so on.

        Parameters
        ----------
        lengths : sequence of int
            Numbers of baskets; together they make up the baskets of this answer. The positions of
            each part begin with 0.
        """
        start = 0
        for length in lengths:
            here = slice(start, start + length)
            yield BasketRecommendations(
                self.rankings[here], self.item_dtype, self.basis[here], self.unknown[here]
            )
            start += length
