"""What the features of a query multiply the items' vectors by, and how far scores can be off.

Source: docs/scoring.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format import FactorModel
from turi_recommender.scoring.factorization.bounds import Directions, error_rate
from turi_recommender.scoring.factorization.catalogue import ItemFeatures
from turi_recommender.scoring.factorization.features import Others, QueryFeatures

Scores = NDArray[np.float64]


class Translator:
    """Turn queries into directions, for one model.

    Parameters
    ----------
    model : FactorModel
        For its intercept and its number of factors.
    catalogue : ItemFeatures
        The items.
    interactions : bool
        Whether all features interact (factorization machine), or only user and item.

    Attributes
    ----------
    item_linear : float
        The largest magnitude of an item's linear terms.
    """

    def __init__(self, model: FactorModel, catalogue: ItemFeatures, *, interactions: bool) -> None:
        self._interactions = interactions
        self._width = model.num_factors
        self._intercept = abs(model.intercept)
        self._max_features = 1 + catalogue.max_side
        self.item_linear = _largest(catalogue.linear)
        self.item_linear += _largest(catalogue.side_linear) * catalogue.max_side

    def of(self, queries: Sequence[QueryFeatures]) -> Directions:
        """Return the directions of queries.

        Parameters
        ----------
        queries : sequence of QueryFeatures
            All with a user or all without, and with equally many other features.
        """
        others = [query.others for query in queries]
        users = [query.user for query in queries if query.user is not None]
        if self._interactions:
            totals = np.array([other.total for other in others])
            sizes = np.array([other.magnitude for other in others])
        else:
            totals = np.zeros((len(queries), self._width))
            sizes = totals.copy()
        if users:
            factors = np.array([user.factors for user in users])
            totals += factors
            sizes += np.abs(factors)
        return Directions.of_sums(totals, sizes, self._linear(queries), self._terms(others[0]))

    def beside(self, queries: Sequence[QueryFeatures], sizes: Sequence[float]) -> Directions:
        """Return the users' part of the directions alone.

        Parameters
        ----------
        queries : sequence of QueryFeatures
            As for `of`.
        sizes : sequence of float
            Of each query's other features (`size_of`).
        """
        none = np.zeros(self._width, np.float32)
        users = [none if each.user is None else each.user.factors for each in queries]
        terms = self._terms(queries[0].others)
        return Directions.beside(users, sizes, self._linear(queries), terms)

    def total_of(self, others: Others) -> Scores:
        """Return the sum of the factors of these features, shape (K,)."""
        return others.total if self._interactions else np.zeros(self._width)

    def size_of(self, others: Others) -> float:
        """Return the length of the sum of the magnitudes of these features' factors."""
        return math.sqrt(others.magnitude @ others.magnitude) if self._interactions else 0.0

    def rate_of(self, others: Others) -> float:
        """Return the rate of errors of queries with so many features (`Directions.rate`)."""
        return error_rate(self._terms(others))

    def _terms(self, others: Others) -> int:
        """Return how many roundings a score can take."""
        return self._max_features + 1 + len(others.features) + 2 * self._width + 4

    def _linear(self, queries: Sequence[QueryFeatures]) -> Scores:
        """Return the magnitude of all linear terms, shape (queries,)."""
        sizes = [
            query.others.linear_size + (0.0 if query.user is None else abs(query.user.linear))
            for query in queries
        ]
        return np.array(sizes) + (self._intercept + self.item_linear)


def _largest(values: Scores) -> float:
    """Largest magnitude; 0 of nothing."""
    return float(np.abs(values).max(initial=0.0))
