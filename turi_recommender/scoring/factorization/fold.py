"""Fold the side data of each item into one vector and one constant, once, while a model loads.

A score is then a constant of the query, plus the item's constant, plus one inner product.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format import FactorModel
from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization.catalogue import ItemFeatures
from turi_recommender.scoring.factorization.lengths import row_lengths, row_squares

Scores = NDArray[np.float64]


class Folded(NamedTuple):
    """The catalogue as the search sees it, in the order of item indices.

    Attributes
    ----------
    vectors : ndarray of float32, shape (items, K)
        The catalogue's own array if there is nothing to fold.
    constants : ndarray of float64, shape (items,)
    sizes : ndarray of float64, shape (items,)
        Length of the sum of the magnitudes of what was folded.
    """

    vectors: NDArray[np.float32]
    constants: Scores
    sizes: Scores


def fold(catalogue: ItemFeatures, *, interactions: bool) -> Folded:
    """Fold each item's side features into its own.

    Parameters
    ----------
    catalogue : ItemFeatures
        The items; they still stand in the order of their indices.
    interactions : bool
        Whether all features interact (factorization machine), or only user and item. Without
        interactions, side features have no factors, and only the constants change.

    Returns
    -------
    Folded
    """
    vectors, constants = catalogue.stored, catalogue.linear
    sizes = row_lengths(vectors)
    if not catalogue.has_side:
        return Folded(vectors, constants, sizes)
    constants = constants.copy()
    if interactions:
        vectors = vectors.copy()
    for low in range(0, catalogue.count, limits.FOLD_CHUNK):
        items = np.arange(low, min(low + limits.FOLD_CHUNK, catalogue.count))
        own = catalogue.factors(items).astype(np.float64)
        sums, magnitudes, squares = own.copy(), np.abs(own), row_squares(own)
        for at, entry in catalogue.side_slots(items):
            constants[items[at]] += catalogue.side_linear[entry]
            if interactions:
                side = catalogue.side_factors(entry).astype(np.float64)
                sums[at] += side
                magnitudes[at] += np.abs(side)
                squares[at] += row_squares(side)
        for place, entries in catalogue.side_tails(items):  # rounded less than the bounds allow for
            constants[items[place]] += catalogue.side_linear[entries].sum()
            if interactions:
                side = catalogue.side_factors(entries).astype(np.float64)
                sums[place] += side.sum(axis=0)
                magnitudes[place] += np.abs(side).sum(axis=0)
                squares[place] += row_squares(side).sum()
        if interactions:
            vectors[items] = sums
            constants[items] += 0.5 * (row_squares(sums) - squares)
            sizes[items] = np.sqrt(row_squares(magnitudes))
    return Folded(vectors, constants, sizes)


def typical_length(model: FactorModel, *, interactions: bool) -> float:
    """Return the length of a usual query's vector: half of the known users' vectors are longer.

    Parameters
    ----------
    model : FactorModel
        Its users' factors are sampled evenly.
    interactions : bool
        As for `fold`; with interactions, the first category of each side column is part of the
        vector, too.

    Returns
    -------
    float
        0.0 if no user's vector has a finite length.
    """
    users = model.sizes[0]
    count = min(users, limits.TYPICAL_USERS)
    rows = np.unique(np.linspace(0, users - 1, count).astype(np.int64))
    directions = model.factors[rows + model.offsets[0]].astype(np.float64)
    if interactions:
        for offset, size in zip(model.offsets[2:], model.sizes[2:], strict=True):
            if size > 1:  # a category; a number is near its mean, which counts as nothing
                directions = directions + model.factors[offset]
    lengths = np.sqrt(row_squares(directions))
    lengths = lengths[np.isfinite(lengths)]
    return float(np.median(lengths)) if len(lengths) else 0.0
