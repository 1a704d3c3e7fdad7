"""Score the items of some queries exactly, in parts that take bounded memory.

Source: docs/format.md, section 7.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization.catalogue import Catalogue
from turi_recommender.scoring.factorization.exact import ExactForm, Pairs
from turi_recommender.scoring.factorization.features import QueryFeatures

Scores = NDArray[np.float64]
Scored = tuple[NDArray[np.int64], Scores]


def score_each(
    form: ExactForm,
    catalogue: Catalogue,
    queries: Sequence[QueryFeatures],
    items: Sequence[NDArray[np.int64]],
) -> list[Scored]:
    """Score the items of each query.

    Parameters
    ----------
    form : ExactForm
        How they are scored.
    catalogue : Catalogue
        The items.
    queries : sequence of QueryFeatures
        All with equally many features.
    items : sequence of ndarray of int64
        Those of each query.

    Returns
    -------
    list of (ndarray of int64, ndarray of float64)
        The items of each query, and their raw scores.
    """
    scores = _score(form, catalogue, queries, items)
    ends = accumulate(map(len, items))
    return [
        (of_query, scores[end - len(of_query) : end])
        for of_query, end in zip(items, ends, strict=True)
    ]


def _score(
    form: ExactForm,
    catalogue: Catalogue,
    queries: Sequence[QueryFeatures],
    items: Sequence[NDArray[np.int64]],
) -> Scores:
    """Score the items of all queries, one after the other, in parts that fit the cache."""
    owners = np.arange(len(queries)).repeat([len(of_query) for of_query in items])
    flat = np.concatenate(items)
    width = max(catalogue.stored.shape[1], 1)
    features = len(queries[0].others.features) + 2
    most = (features + catalogue.max_side) * width
    if len(flat) * most <= limits.EXACT_VALUES and len(flat) <= limits.EXACT_CHUNK:
        return form.scores(Pairs(queries, owners, flat))
    side = catalogue.side_starts[flat + 1] - catalogue.side_starts[flat]
    parts = _parts((features + side) * width)
    return np.concatenate([form.scores(Pairs(queries, owners[p], flat[p])) for p in parts])


def _parts(values: NDArray[np.int64]) -> list[slice]:
    """Cut items into parts: neither of more than `EXACT_CHUNK`, nor of much more than its values.

    Parameters
    ----------
    values : ndarray of int64, shape (items,)
        How many products each item takes.
    """
    least = -(-limits.EXACT_VALUES // limits.EXACT_CHUNK)
    shares = np.maximum(values, least)
    steps = (shares.cumsum() - shares) // limits.EXACT_VALUES
    cuts = np.flatnonzero(np.diff(steps)) + 1
    return [slice(low, high) for low, high in pairwise([0, *cuts.tolist(), len(values)])]
