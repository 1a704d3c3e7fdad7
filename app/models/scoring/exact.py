"""Raw scores of a factorization model, in the library's own order of operations.

Each form takes the features of a query and an array of item indices, and returns float64 scores
that equal Turi Create's bit for bit.

Source: format document, section 7.4.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.models.format import FactorModel
from app.models.scoring import float32
from app.models.scoring.features import ItemFeatures, QueryFeatures, scaled

Scores = NDArray[np.float64]
Items = NDArray[np.int64]


class ExactForm(Protocol):
    """A way to score."""

    def scores(self, query: QueryFeatures, items: Items) -> Scores:
        """Return the raw scores, shape (items,)."""


class LinearForm:
    """`pure_linear_model`: intercept and weights only."""

    def __init__(self, model: FactorModel, catalogue: ItemFeatures) -> None:
        self._model = model
        self._catalogue = catalogue

    def scores(self, query: QueryFeatures, items: Items) -> Scores:
        """Return the raw scores, shape (items,)."""
        total = own_linear(self._model, self._catalogue, query, items)
        return add_other_linear(total, self._catalogue, query, items)


class MatrixForm:
    """`matrix_factorization`, general form: only user and item have factors."""

    def __init__(self, model: FactorModel, catalogue: ItemFeatures) -> None:
        self._model = model
        self._catalogue = catalogue

    def scores(self, query: QueryFeatures, items: Items) -> Scores:
        """Return the raw scores, shape (items,)."""
        total = own_linear(self._model, self._catalogue, query, items)
        if query.user is not None:
            user = np.asarray(self._model.factors[query.user.row])
            total += float32.dot(self._catalogue.factors[items], user[np.newaxis])
        return add_other_linear(total, self._catalogue, query, items)


class SimpleMatrixForm:
    """`matrix_factorization` of a known user, where nothing else is known or asked."""

    def __init__(self, model: FactorModel, catalogue: ItemFeatures) -> None:
        self._model = model
        self._catalogue = catalogue
        self._weights = catalogue.linear.astype(np.float32)

    def scores(self, query: QueryFeatures, items: Items) -> Scores:
        """Return the raw scores, shape (items,)."""
        if query.user is None:
            raise ValueError("the simple form needs a known user")
        row = query.user.row
        user = np.asarray(self._model.factors[row])
        products = float32.matrix_vector(self._catalogue.factors[items], user, row)
        constant = self._model.intercept + query.user.linear
        return constant + (products + self._weights[items]).astype(np.float64)


class MachineForm:
    """`factorization_machine`: every pair of features interacts through their factors."""

    def __init__(self, model: FactorModel, catalogue: ItemFeatures) -> None:
        self._model = model
        self._catalogue = catalogue

    def scores(self, query: QueryFeatures, items: Items) -> Scores:
        """Return the raw scores, shape (items,)."""
        total = own_linear(self._model, self._catalogue, query, items)
        total = add_other_linear(total, self._catalogue, query, items)
        return self._add_pairs(total, query, items)

    def _add_pairs(self, total: Scores, query: QueryFeatures, items: Items) -> Scores:
        own = self._catalogue.factors[items]
        user = None if query.user is None else scaled(self._model, query.user.row, query.user.x)
        others = [scaled(self._model, feature.row, feature.x) for feature in query.others]
        side = [
            (at, self._catalogue.side_factors(self._model, entry))
            for at, entry in self._catalogue.side_slots(items)
        ]
        sums = own.copy() if user is None else user + own
        for factors in others:
            sums += factors
        for at, factors in side:
            sums[at] += factors
        if user is not None:
            total += _half_pairs(sums, user)
        total += _half_pairs(sums, own)
        for factors in others:
            total += _half_pairs(sums, factors)
        for at, factors in side:
            total[at] += _half_pairs(sums[at], factors)
        return total


def own_linear(
    model: FactorModel, catalogue: ItemFeatures, query: QueryFeatures, items: Items
) -> Scores:
    """Intercept, then the user's and each item's own linear term."""
    constant = model.intercept
    if query.user is not None:
        constant += query.user.linear
    total: Scores = constant + catalogue.linear[items]
    return total


def add_other_linear(
    total: Scores, catalogue: ItemFeatures, query: QueryFeatures, items: Items
) -> Scores:
    """Add the linear terms of context, user side and item side, in this order, in place."""
    for feature in query.others:
        total += feature.linear
    for at, entry in catalogue.side_slots(items):
        total[at] += catalogue.side_linear[entry]
    return total


def _half_pairs(sums: NDArray[np.float32], factors: NDArray[np.float32]) -> Scores:
    """Return half of what one feature's factors make with all others'."""
    pairs = float32.dot(sums, factors) - float32.square_norm(factors)
    return 0.5 * pairs.astype(np.float64)
