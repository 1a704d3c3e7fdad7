"""Raw scores of factorization models, in the library's own order of operations.

Each form takes some queries at once, each with its own few items, and returns float64 scores that
equal Turi Create's bit for bit. The order of additions within a score is the library's; across
scores, one numpy call does many.

Source: docs/format.md, section 7.4.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format import FactorModel
from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization import float32
from turi_recommender.scoring.factorization.catalogue import Catalogue
from turi_recommender.scoring.factorization.features import Feature, QueryFeatures

Scores = NDArray[np.float64]
Items = NDArray[np.int64]


class Pairs:
    """Queries, and the items that each is asked about.

    Parameters
    ----------
    queries : sequence of QueryFeatures
        All with a user or all without, and with equally many other features.
    owners : ndarray of int, shape (n,)
        Position of the query of each pair.
    items : ndarray of int64, shape (n,)
        Index of the item of each pair.

    Attributes
    ----------
    users : list of Feature
        The users' own features; empty if they are not known.
    """

    def __init__(
        self, queries: Sequence[QueryFeatures], owners: NDArray[np.integer[Any]], items: Items
    ) -> None:
        self.queries = queries
        self.owners = owners
        self.items = items
        self.users: list[Feature] = [each.user for each in queries if each.user is not None]

    @property
    def num_others(self) -> int:
        """How many features each query has besides the user."""
        return len(self.queries[0].others.features)

    def spread(self, values: NDArray[Any]) -> NDArray[Any]:
        """Turn values by query (last axis) into values by pair; of one query, leave them."""
        return values if values.shape[-1] == 1 else values[..., self.owners]


class ExactForm(ABC):
    """A way to score.

    Parameters
    ----------
    model : FactorModel
        For its intercept.
    catalogue : Catalogue
        The items.
    """

    def __init__(self, model: FactorModel, catalogue: Catalogue) -> None:
        self._intercept = model.intercept
        self._catalogue = catalogue

    @abstractmethod
    def scores(self, pairs: Pairs) -> Scores:
        """Return the raw scores, shape (n,)."""

    def without_item(self, query: QueryFeatures) -> float:
        """Return the raw score of a row whose item is not known: it has no entry."""
        features = query.others.features
        if query.user is not None:
            features = (query.user, *features)
        return self._of_features(features)

    def _of_features(self, features: tuple[Feature, ...]) -> float:
        linear = np.array([feature.linear for feature in features])
        return float(float32.add_rows(np.float64(self._intercept), linear))


class LinearForm(ExactForm):
    """`pure_linear_model`: intercept and weights only."""

    def scores(self, pairs: Pairs) -> Scores:
        """Return the raw scores, shape (n,)."""
        total = _own_linear(self._intercept, self._catalogue, pairs)
        return _add_other_linear(total, self._catalogue, pairs)


class MatrixForm(ExactForm):
    """`matrix_factorization`, general form: only user and item have factors."""

    def scores(self, pairs: Pairs) -> Scores:
        """Return the raw scores, shape (n,)."""
        total = _own_linear(self._intercept, self._catalogue, pairs)
        if pairs.users:
            total += self.meeting(pairs)
        return _add_other_linear(total, self._catalogue, pairs)

    def meeting(self, pairs: Pairs) -> NDArray[np.float32]:
        """Return what user and item add together, shape (n,); the users are known."""
        users = np.array([user.raw for user in pairs.users])
        products = self._catalogue.factors(pairs.items).T * pairs.spread(users.T)
        return float32.dot_columns(products)


class SimpleMatrixForm(ExactForm):
    """`matrix_factorization` of a known user, where nothing else is known or asked.

    Parameters
    ----------
    model : FactorModel
        For its intercept.
    catalogue : Catalogue
        The items; their weights are kept in float32, too.
    """

    def __init__(self, model: FactorModel, catalogue: Catalogue) -> None:
        super().__init__(model, catalogue)
        self._weights = catalogue.linear.astype(np.float32)

    def scores(self, pairs: Pairs) -> Scores:
        """Return the raw scores, shape (n,)."""
        constants = np.array([self._intercept + user.linear for user in pairs.users])
        return pairs.spread(constants) + self._with_weights(pairs).astype(np.float64)

    def meeting(self, pairs: Pairs) -> NDArray[np.float32]:
        """Return what user and item add together beyond the item's weight, shape (n,)."""
        return self._with_weights(pairs) - self._weights[pairs.items]

    def _with_weights(self, pairs: Pairs) -> NDArray[np.float32]:
        """Return product plus weight, which the library adds in float32."""
        products = np.empty(len(pairs.items), np.float32)
        factors = self._catalogue.factors(pairs.items)
        for number, user in enumerate(pairs.users):  # the order of additions depends on the row
            mine = pairs.owners == number
            products[mine] = float32.matrix_vector(factors[mine], user.raw, user.row)
        return products + self._weights[pairs.items]


class MachineForm(ExactForm):
    """`factorization_machine`: every pair of features interacts through their factors."""

    def scores(self, pairs: Pairs) -> Scores:
        """Return the raw scores, shape (n,)."""
        total = _own_linear(self._intercept, self._catalogue, pairs)
        total = _add_other_linear(total, self._catalogue, pairs)
        # Row by row in memory, as all that is made of it then is: a third less time for many items.
        own = np.ascontiguousarray(self._catalogue.factors(pairs.items).T)
        shared = _shared_factors(pairs)
        sums = self._sums(pairs, own, shared)
        side = [
            (at, self._catalogue.side_factors(entry).T)
            for at, entry in self._catalogue.side_slots(pairs.items)
        ]
        for at, factors in side:
            sums[:, at] += factors
        for place, entries in self._catalogue.side_tails(pairs.items):
            rows = self._catalogue.side_factors(entries)
            sums[:, place] = float32.add_rows(sums[:, place], rows)
        halves, own_halves = _half_pairs(pairs, shared, own, sums)
        first = len(pairs.users[:1])
        for half in (*halves[:first], own_halves):
            total += half
        total = _add_all(total, halves[first:])
        for at, factors in side:
            total[at] += _half_pairs_of(sums[:, at], factors)
        for place, entries in self._catalogue.side_tails(pairs.items):
            factors = self._catalogue.side_factors(entries).T
            halves_of = _half_pairs_of(sums[:, place, np.newaxis], factors)
            total[place] = float32.add_rows(total[place], halves_of)
        return total

    def _sums(
        self, pairs: Pairs, own: NDArray[np.float32], shared: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Add up user, own and others, in this order."""
        first = len(pairs.users[:1])
        sums = pairs.spread(shared[:, 0]) + own if first else own.copy()
        if shared.shape[1] > limits.SIDE_SLOTS:
            return float32.add_rows(sums, np.moveaxis(pairs.spread(shared[:, first:]), 1, 0))
        for place in range(first, shared.shape[1]):
            sums += pairs.spread(shared[:, place])
        return sums

    def _of_features(self, features: tuple[Feature, ...]) -> float:
        total = super()._of_features(features)
        if not features:
            return total
        rows = np.array([feature.factors for feature in features])
        sums = float32.add_rows(np.zeros(rows.shape[1], np.float32), rows)
        halves = _half_pairs_of(sums[:, np.newaxis], rows.T)
        return float(float32.add_rows(np.float64(total), halves))


def _add_all(total: Scores, terms: Any) -> Scores:
    """Add terms, each a number or one for each pair, one after the other."""
    if len(terms) > limits.SIDE_SLOTS:
        rows = np.asarray(terms)
        return float32.add_rows(total, rows.reshape(len(rows), -1))
    for term in terms:
        total += term
    return total


def _shared_factors(pairs: Pairs) -> NDArray[np.float32]:
    """Stack the factors of the user, if known, and of the others, shape (K, features, queries)."""
    parts = [query.others.stacked for query in pairs.queries]
    others = parts[0][:, :, np.newaxis] if len(parts) == 1 else np.stack(parts, axis=2)
    if not pairs.users:
        return others
    users = np.array([user.factors for user in pairs.users]).T
    return np.concatenate([users[:, np.newaxis], others], axis=1)


def _half_pairs_of(sums: NDArray[np.float32], factors: NDArray[np.float32]) -> Scores:
    """Return half of (dot(sum, factors) - squared length) for each column of factors."""
    made = float32.dot_columns(sums * factors)
    made -= float32.dot_columns(factors * factors)
    return 0.5 * made.astype(np.float64)


def _half_pairs(
    pairs: Pairs,
    shared: NDArray[np.float32],
    own: NDArray[np.float32],
    sums: NDArray[np.float32],
) -> tuple[Scores, Scores]:
    """Return half of (dot(sum, factors) - squared length) for shared features and own ones.

    All sums are taken in one pass over one array of products: with the few items that are left to
    be scored exactly, it is the number of calls that takes the time.

    Parameters
    ----------
    pairs : Pairs
        n of them, of U queries.
    shared : ndarray of float32, shape (K, F, U)
    own, sums : ndarray of float32, shape (K, n)

    Returns
    -------
    halves : ndarray of float64, shape (F, n)
    own_halves : ndarray of float64, shape (n,)
    """
    width, count = own.shape
    features, queries = shared.shape[1:]
    end = features * count
    products = np.empty((width, end + 2 * count + features * queries), np.float32)
    mixed = products[:, :end].reshape(width, features, count)
    np.multiply(pairs.spread(shared), sums[:, np.newaxis, :], out=mixed)
    np.multiply(sums, own, out=products[:, end : end + count])
    np.multiply(own, own, out=products[:, end + count : end + 2 * count])
    flat = shared.reshape(width, -1)
    np.multiply(flat, flat, out=products[:, end + 2 * count :])
    dots = float32.dot_columns(products)
    squares = dots[end + 2 * count :].reshape(features, queries)
    halves = dots[:end].reshape(features, count) - pairs.spread(squares)
    own_halves = dots[end : end + count] - dots[end + count : end + 2 * count]
    return 0.5 * halves.astype(np.float64), 0.5 * own_halves.astype(np.float64)


def _own_linear(intercept: float, catalogue: Catalogue, pairs: Pairs) -> Scores:
    """Return the intercept plus the user's and each item's own linear term, in this order."""
    users = pairs.users
    constants = np.array([intercept + user.linear for user in users] if users else [intercept])
    total: Scores = pairs.spread(constants) + catalogue.linear[pairs.items]
    return total


def _add_other_linear(total: Scores, catalogue: Catalogue, pairs: Pairs) -> Scores:
    """Add the linear terms of context, user side and item side, in this order."""
    if pairs.num_others:
        if len(pairs.queries) == 1:
            terms: Any = pairs.queries[0].others.linear
        else:
            terms = pairs.spread(np.array([query.others.linear for query in pairs.queries]).T)
        total = _add_all(total, terms)
    for at, entry in catalogue.side_slots(pairs.items):
        total[at] += catalogue.side_linear[entry]
    for place, entries in catalogue.side_tails(pairs.items):
        total[place] = float32.add_rows(total[place], catalogue.side_linear[entries])
    return total
