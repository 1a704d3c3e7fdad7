"""The vectors most similar to one, of users or of items.

Estimates rule out nearly all; the few that are left get the library's own float32 cosines, which
decide.

Source: docs/format.md, section 8; docs/queries.md, section 5.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization import float32
from turi_recommender.scoring.selection.estimates import best_of_estimates
from turi_recommender.scoring.selection.similar import most_similar, similar_to_nothing
from turi_recommender.scoring.selection.topk import EXACT_TIES_UP_TO, is_strict

Scores = NDArray[np.float64]
Places = NDArray[np.int64]


class Vectors(Protocol):
    """Vectors of a column's indices, in memory or in a file."""

    @property
    def count(self) -> int:
        """How many there are."""

    @property
    def first_row(self) -> int:
        """Row of the factor matrix that the first one is."""

    def take(self, indices: Places) -> NDArray[np.float32]:
        """Return some of them, shape (indices, K); their indices ascend."""

    def lengths(self, indices: Places) -> NDArray[np.float32]:
        """Return the lengths of some of them, as the library computes them."""


def best_cosines(
    vectors: Vectors,
    one: int,
    near: Places,
    k: int,
    estimates: Callable[[], NDArray[np.float32]],
    error: float,
) -> tuple[Places, Scores]:
    """Return the `k` indices whose vectors are most similar to that of one, and their cosines.

    Parameters
    ----------
    vectors : Vectors
        All vectors.
    one : int
        Index of the one asked about, which is left out.
    near : ndarray of int64, ascending
        All that can be among the best k + 2, ties included: the one itself, and one more than is
        asked for, which tells whether the last two are equal.
    k : int
        How many to return.
    estimates : callable
        Returns those of all cosines by index, float32, shape (all,), with NaN where nothing is
        known. It is only called where equal cosines meet.
    error : float
        How far an estimate can be from its cosine.
    """
    if vectors.lengths(np.array([one]))[0] == 0:  # what is divided by zero is no number, hence -1
        return similar_to_nothing(vectors.count, one, k)
    exact = cosines(vectors, one, near)
    if k != EXACT_TIES_UP_TO or len(near) == vectors.count or _is_unambiguous(exact, k + 1):
        place = int(np.searchsorted(near, one))
        best, scores = most_similar(exact, place, k, total=vectors.count)
        return near[best], scores
    # The order of ties depends on all vectors, those that were ruled out included.
    best, scores = best_of_estimates(estimates(), error, partial(cosines, vectors, one), k + 1)
    others = np.flatnonzero(best != one)[:k]
    return best[others], scores[others]


def cosines(vectors: Vectors, one: int, others: Places) -> Scores:
    """Return the cosines of one vector with others, as the library computes them in float32.

    Parameters
    ----------
    vectors : Vectors
        All vectors.
    one : int
        Index of the one.
    others : ndarray of int64, ascending
        Indices of the others.

    Returns
    -------
    ndarray of float64, shape (others,)
        -1 where it would be no number.
    """
    own, own_length = vectors.take(np.array([one]))[0], vectors.lengths(np.array([one]))
    row = vectors.first_row + one
    found = np.empty(len(others))
    for low in range(0, len(others), limits.EXACT_CHUNK):
        some = others[low : low + limits.EXACT_CHUNK]
        products = float32.matrix_vector(vectors.take(some), own, row)
        with np.errstate(all="ignore"):
            found[low : low + len(some)] = products / (own_length * vectors.lengths(some))
    return np.where(np.isfinite(found), found, -1.0)


def _is_unambiguous(scores: Scores, k: int) -> bool:
    """Tell whether the best k are the same, in the same order, by any algorithm."""
    return len(scores) > k and is_strict(np.sort(scores)[::-1][: k + 1])
