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
from app.models.scoring.features import ItemFeatures, QueryFeatures

Scores = NDArray[np.float64]
Items = NDArray[np.int64]


class ExactForm(Protocol):
    """A way to score."""

    def scores(self, query: QueryFeatures, items: Items) -> Scores:
        """Return the raw scores, shape (items,)."""


class LinearForm:
    """`pure_linear_model`: intercept and weights only."""

    def __init__(self, model: FactorModel, catalogue: ItemFeatures) -> None:
        self._intercept = model.intercept
        self._catalogue = catalogue

    def scores(self, query: QueryFeatures, items: Items) -> Scores:
        """Return the raw scores, shape (items,)."""
        total = own_linear(self._intercept, self._catalogue, query, items)
        return add_other_linear(total, self._catalogue, query, items)


class MatrixForm:
    """`matrix_factorization`, general form: only user and item have factors."""

    def __init__(self, model: FactorModel, catalogue: ItemFeatures) -> None:
        self._intercept = model.intercept
        self._catalogue = catalogue

    def scores(self, query: QueryFeatures, items: Items) -> Scores:
        """Return the raw scores, shape (items,)."""
        total = own_linear(self._intercept, self._catalogue, query, items)
        if query.user is not None:
            total += float32.dot(self._catalogue.factors(items), query.user.raw[np.newaxis])
        return add_other_linear(total, self._catalogue, query, items)


class SimpleMatrixForm:
    """`matrix_factorization` of a known user, where nothing else is known or asked."""

    def __init__(self, model: FactorModel, catalogue: ItemFeatures) -> None:
        self._intercept = model.intercept
        self._catalogue = catalogue
        self._weights = catalogue.linear.astype(np.float32)

    def scores(self, query: QueryFeatures, items: Items) -> Scores:
        """Return the raw scores, shape (items,)."""
        user = query.user
        if user is None:
            raise ValueError("the simple form needs a known user")
        products = float32.matrix_vector(self._catalogue.factors(items), user.raw, user.row)
        constant = self._intercept + user.linear
        return constant + (products + self._weights[items]).astype(np.float64)


class MachineForm:
    """`factorization_machine`: every pair of features interacts through their factors."""

    def __init__(self, model: FactorModel, catalogue: ItemFeatures) -> None:
        self._intercept = model.intercept
        self._catalogue = catalogue

    def scores(self, query: QueryFeatures, items: Items) -> Scores:
        """Return the raw scores, shape (items,)."""
        total = own_linear(self._intercept, self._catalogue, query, items)
        total = add_other_linear(total, self._catalogue, query, items)
        own = self._catalogue.factors(items).T
        sums = own.copy() if query.user is None else query.user.factors[:, np.newaxis] + own
        stacked = query.others.stacked
        for place in range(stacked.shape[1]):
            sums += stacked[:, place : place + 1]
        side = [
            (at, self._catalogue.side_factors(entry).T)
            for at, entry in self._catalogue.side_slots(items)
        ]
        for at, factors in side:
            sums[:, at] += factors
        return self._add_pairs(total, query, own, sums, side)

    def _add_pairs(
        self,
        total: Scores,
        query: QueryFeatures,
        own: NDArray[np.float32],
        sums: NDArray[np.float32],
        side: list[tuple[Items, NDArray[np.float32]]],
    ) -> Scores:
        """Add half of what each feature's factors make with all others': user, own, others, side."""
        shared = query.others.stacked
        if query.user is not None:
            shared = np.concatenate([query.user.factors[:, np.newaxis], shared], axis=1)
        halves, own_halves = _half_pairs(shared, own, sums)
        first = 0
        if query.user is not None:
            total += halves[0]
            first = 1
        total += own_halves
        for half in halves[first:]:
            total += half
        for at, factors in side:
            pairs = float32.dot_columns(sums[:, at] * factors)
            pairs -= float32.dot_columns(factors * factors)
            total[at] += 0.5 * pairs.astype(np.float64)
        return total


def _half_pairs(
    shared: NDArray[np.float32], own: NDArray[np.float32], sums: NDArray[np.float32]
) -> tuple[Scores, Scores]:
    """Return half of (dot(sum, factors) - squared length) for shared features and for each item.

    All sums are taken in one pass over one array of products: with the few items that are left to
    be scored exactly, it is the number of calls that takes the time.

    Parameters
    ----------
    shared : ndarray of float32, shape (K, F)
    own, sums : ndarray of float32, shape (K, n)

    Returns
    -------
    halves : ndarray of float64, shape (F, n)
    own_halves : ndarray of float64, shape (n,)
    """
    width, count = own.shape
    features = shared.shape[1]
    end = features * count
    products = np.empty((width, end + 2 * count + features), np.float32)
    pairs = products[:, :end].reshape(width, features, count)
    np.multiply(shared[:, :, np.newaxis], sums[:, np.newaxis, :], out=pairs)
    np.multiply(sums, own, out=products[:, end : end + count])
    np.multiply(own, own, out=products[:, end + count : end + 2 * count])
    np.multiply(shared, shared, out=products[:, end + 2 * count :])
    dots = float32.dot_columns(products)
    halves = dots[:end].reshape(features, count) - dots[end + 2 * count :, np.newaxis]
    own_halves = dots[end : end + count] - dots[end + count : end + 2 * count]
    return 0.5 * halves.astype(np.float64), 0.5 * own_halves.astype(np.float64)


def own_linear(
    intercept: float, catalogue: ItemFeatures, query: QueryFeatures, items: Items
) -> Scores:
    """Intercept, then the user's and each item's own linear term."""
    constant = intercept
    if query.user is not None:
        constant += query.user.linear
    total: Scores = constant + catalogue.linear[items]
    return total


def add_other_linear(
    total: Scores, catalogue: ItemFeatures, query: QueryFeatures, items: Items
) -> Scores:
    """Add the linear terms of context, user side and item side, in this order, in place."""
    for feature in query.others.features:
        total += feature.linear
    for at, entry in catalogue.side_slots(items):
        total[at] += catalogue.side_linear[entry]
    return total
