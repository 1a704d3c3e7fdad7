"""What `Recommender.predict` answers.

Source: docs/queries.md, section 6.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring.results import Id, Ids, id_array
from turi_recommender.scoring.terms import Why


@dataclass(frozen=True, slots=True, eq=False)
class PredictionColumns:
    """The rows of `Predictions` as parallel arrays, shape (rows,) each.

    Attributes
    ----------
    users, items : ndarray of int64, or ndarray of object that holds str
        Ids; the dtype is that of the model's column, also where there is no row.
    scores : ndarray of float64
        Scores.
    """

    users: Ids
    items: Ids
    scores: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.scores)


@dataclass(frozen=True, slots=True)
class Predictions:
    """Answer to `Recommender.predict`: a score for each pair, in the order of the query.

    Attributes
    ----------
    users, items : list of int or str
        The pairs of the query, also those that the model does not know.
    scores : list of float
        Their scores.
    why : list of Why, or None
        The terms of each score; None where they were not asked for.
    user_dtype, item_dtype : dtype
        Of the ids in `columns`: int64, or object for ids that are not all integers.
    """

    users: list[Id]
    items: list[Id]
    scores: list[float]
    why: list[Why] | None
    user_dtype: np.dtype[Any]
    item_dtype: np.dtype[Any]

    def rows(self) -> Iterator[tuple[Id, Id, float]]:
        """Yield (user, item, score)."""
        return zip(self.users, self.items, self.scores, strict=True)

    def columns(self) -> PredictionColumns:
        """Return the same rows as arrays, for data frames and files of columns."""
        return PredictionColumns(
            id_array(self.users, self.user_dtype),
            id_array(self.items, self.item_dtype),
            np.array(self.scores, np.float64),
        )

    @classmethod
    def joined(cls, parts: Sequence[Predictions]) -> Predictions:
        """Return the answers to several queries of one model, one after the other, as one.

        Parameters
        ----------
        parts : sequence of Predictions
            At least one; either all of them tell why, or none.
        """
        whys = [part.why for part in parts if part.why is not None]
        return cls(
            [user for part in parts for user in part.users],
            [item for part in parts for item in part.items],
            [score for part in parts for score in part.scores],
            [why for each in whys for why in each] if len(whys) == len(parts) else None,
            parts[0].user_dtype,
            parts[0].item_dtype,
        )

    def split(self, lengths: Sequence[int]) -> Iterator[Predictions]:
        """Yield the answers to the first so many pairs, to the next, and so on.

        Parameters
        ----------
        lengths : sequence of int
            Numbers of pairs; together they make up the pairs of this answer.
        """
        start = 0
        for length in lengths:
            here = slice(start, start + length)
            why = None if self.why is None else self.why[here]
            ids = (self.users[here], self.items[here])
            yield Predictions(*ids, self.scores[here], why, self.user_dtype, self.item_dtype)
            start += length
