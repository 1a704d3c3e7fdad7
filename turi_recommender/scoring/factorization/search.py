"""Find the few items that can be among the best k, without looking at the whole catalogue.

A score is a constant of the query, plus a constant of the item, plus the product of the item's
vector and the query's direction (`fold`). Items stand in the order of the bound on their scores, in
blocks, so a scan can stop where no later block reaches the k-th best (`bounds`, `scan`). The scan
itself is a float32 product, whose distance from the library's own arithmetic is bounded, too. The
items that are left are scored exactly elsewhere (`exact`).

Source: the order and the stop are those of exact maximum inner product search by length (Teflioudi
et al., LEMP, SIGMOD 2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format import FactorModel
from turi_recommender.scoring import limits
from turi_recommender.scoring.candidates import Candidates
from turi_recommender.scoring.factorization.bounds import OVERFLOW, UNIT, BlockBounds, Directions
from turi_recommender.scoring.factorization.catalogue import ItemFeatures
from turi_recommender.scoring.factorization.exact import MachineForm
from turi_recommender.scoring.factorization.features import QueryFeatures
from turi_recommender.scoring.factorization.fold import fold, typical_length
from turi_recommender.scoring.factorization.hunt import Stored
from turi_recommender.scoring.factorization.lengths import row_lengths
from turi_recommender.scoring.factorization.odd import OddSearch
from turi_recommender.scoring.factorization.scan import Scan

Scores = NDArray[np.float64]
Items = NDArray[np.int64]

_NOTHING = np.empty(0, np.int64)


class ScoreSearch:
    """The catalogue of a factorization model, in the order of its bounds.

    Parameters
    ----------
    model : FactorModel
        Weights and factors.
    catalogue : ItemFeatures
        The items; their factors are stored in the search's order afterwards.
    interactions : bool
        Whether all features interact (factorization machine), or only user and item.
    """

    def __init__(self, model: FactorModel, catalogue: ItemFeatures, *, interactions: bool) -> None:
        self._interactions = interactions
        self._intercept = abs(model.intercept)
        self._max_features = 1 + catalogue.max_side
        self._linear_size = _largest(catalogue.linear)
        self._linear_size += _largest(catalogue.side_linear) * catalogue.max_side
        vectors, constants, sizes = fold(catalogue, interactions=interactions)
        norms = sizes if vectors is catalogue.stored else row_lengths(vectors)
        typical = typical_length(model, interactions=interactions)
        order = np.argsort(-(constants + typical * norms), kind="stable").astype(np.int32)
        owned = vectors is catalogue.stored
        catalogue.reorder(order)
        self._order = order
        self._places = catalogue.places
        self._vectors = catalogue.stored if owned else vectors[order]
        constants, norms, squares = constants[order], norms[order], sizes[order] ** 2
        self._constants = constants.astype(np.float32)
        self._squares = squares.astype(np.float32)
        self._slacks = np.abs(self._constants) * np.float32(4 * UNIT)
        self._is_sound = bool(
            np.isfinite(constants).all()
            and np.isfinite(norms).all()
            and squares.max(initial=0.0) < OVERFLOW
        )
        self._bounds = BlockBounds(constants, norms, squares, typical)
        self._odd = None
        if interactions and self._is_sound and len(order):
            items = (self._order, self._vectors, self._constants, self._squares)
            stored = Stored(*items, MachineForm(model, catalogue))
            self._odd = OddSearch(stored, catalogue, model.intercept, self._linear_size)

    def survivors(
        self, queries: Sequence[QueryFeatures], candidates: Sequence[Candidates], k: int
    ) -> list[Items]:
        """Return, for each query, the candidates that can be among its best `k`, ties included.

        Parameters
        ----------
        queries : sequence of QueryFeatures
            All with a user or all without; they share each step's matrix product.
        candidates : sequence of Candidates
            One for each query, without an allow list, each of more than `k` items.
        k : int
            How many are wanted.

        Returns
        -------
        list of ndarray of int64, ascending
        """
        if self._odd is not None and any(query.others.odd for query in queries):
            return self._apart(self._odd, queries, candidates, k)
        return self._usual(queries, candidates, k)

    def _apart(
        self,
        search: OddSearch,
        queries: Sequence[QueryFeatures],
        candidates: Sequence[Candidates],
        k: int,
    ) -> list[Items]:
        """Search for queries with odd numbers one by one, and for the others together."""
        found: list[Items | None] = [
            search.survivors(query, out, k) if query.others.odd else None
            for query, out in zip(queries, candidates, strict=True)
        ]
        left = [place for place, items in enumerate(found) if items is None]
        if left:
            some = [queries[place] for place in left], [candidates[place] for place in left]
            for place, items in zip(left, self._usual(*some, k), strict=True):
                found[place] = items
        return [items for items in found if items is not None]

    def _usual(
        self, queries: Sequence[QueryFeatures], candidates: Sequence[Candidates], k: int
    ) -> list[Items]:
        directions = self._directions(queries)
        if not (self._is_sound and directions.is_sound):
            return [out.indices().astype(np.int64) for out in candidates]
        excluded = [self._places(out.excluded) for out in candidates]
        scan = Scan(directions, excluded, k)
        low, high = 0, min(max(limits.SEARCH_FIRST, limits.SEARCH_GROWTH * k), len(self._order))
        while len(scan.active):
            here = slice(low, high)
            products = self._products(directions.vectors[scan.active], self._vectors[here])
            products += self._constants[here]
            scan.absorb(low, products, self._errors(directions, here))
            low = high
            stop = scan.go_on(low, self._bounds, len(self._order))
            high = min(stop, low * limits.SEARCH_GROWTH, low + limits.SEARCH_LARGEST)
        return [np.sort(self._order[places]).astype(np.int64) for places in scan.found()]

    def among(self, query: QueryFeatures, items: Items, k: int) -> Items:
        """Return those of some items that can be among their best, ties included.

        Parameters
        ----------
        query : QueryFeatures
            Whom they are for.
        items : ndarray of int64
            Item indices, ascending; more than `k`.
        k : int
            How many are wanted.

        Returns
        -------
        ndarray of int64, ascending
        """
        if self._odd is not None and query.others.odd:
            found = self._odd.among(query, items, k)
            if found is not None:
                return found
        directions = self._directions([query])
        if not (self._is_sound and directions.is_sound):
            return items
        places = self._places(items)
        scan = Scan(directions, [_NOTHING], k)
        products = self._products(directions.vectors, self._vectors[places])
        products += self._constants[places]
        scan.absorb(0, products, self._errors(directions, places))
        left: Items = items[scan.found()[0]]
        return left

    @staticmethod
    def _products(
        directions: NDArray[np.float32], vectors: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        if len(directions) == 1:  # a product with a vector is faster than with a matrix of one row
            single: NDArray[np.float32] = vectors @ directions[0]
            return single[np.newaxis]
        return directions @ vectors.T

    def _errors(
        self, directions: Directions, where: slice | NDArray[np.integer[Any]]
    ) -> NDArray[np.float32]:
        """Return the items' part of the errors, shape (items,)."""
        errors: NDArray[np.float32] = self._squares[where] * np.float32(directions.rate)
        errors += self._slacks[where]
        return errors

    def _directions(self, queries: Sequence[QueryFeatures]) -> Directions:
        others = [query.others for query in queries]
        users = [query.user for query in queries if query.user is not None]
        linear = np.array([other.linear_size for other in others])
        linear += self._intercept + self._linear_size
        if self._interactions:
            totals = np.array([other.total for other in others])
            sizes = np.array([other.magnitude for other in others])
        else:
            totals = np.zeros((len(queries), self._vectors.shape[1]))
            sizes = totals.copy()
        if users:
            factors = np.array([user.factors for user in users])
            totals += factors
            sizes += np.abs(factors)
            linear += [abs(user.linear) for user in users]
        terms = self._max_features + 1 + len(others[0].features) + 2 * totals.shape[1] + 4
        return Directions(totals, sizes, linear, terms)


def _largest(values: Scores) -> float:
    """Largest magnitude; 0 of nothing."""
    return float(np.abs(values).max(initial=0.0))
