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

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format import FactorModel
from turi_recommender.scoring import limits
from turi_recommender.scoring.candidates import Candidates
from turi_recommender.scoring.factorization.bounds import (
    LOWEST,
    OVERFLOW,
    UNIT,
    BlockBounds,
    Directions,
)
from turi_recommender.scoring.factorization.catalogue import ItemFeatures
from turi_recommender.scoring.factorization.context_order import ContextOrder, Head, find
from turi_recommender.scoring.factorization.context_orders import ContextOrders
from turi_recommender.scoring.factorization.exact import MachineForm
from turi_recommender.scoring.factorization.features import Others, QueryFeatures
from turi_recommender.scoring.factorization.fold import fold, typical_length
from turi_recommender.scoring.factorization.lengths import row_lengths
from turi_recommender.scoring.factorization.odd.hunt import Stored
from turi_recommender.scoring.factorization.odd.search import OddSearch
from turi_recommender.scoring.factorization.order import ItemOrder
from turi_recommender.scoring.factorization.scan import Scan
from turi_recommender.scoring.factorization.translate import Translator
from turi_recommender.scoring.remember import remember

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
        self._translator = Translator(model, catalogue, interactions=interactions)
        vectors, constants, sizes = fold(catalogue, interactions=interactions)
        norms = sizes if vectors is catalogue.stored else row_lengths(vectors)
        typical = typical_length(model, interactions=interactions)
        order = np.argsort(-(constants + typical * norms), kind="stable").astype(np.int32)
        owned = vectors is catalogue.stored
        catalogue.reorder(order)
        self._items = order
        self._places = catalogue.places
        self._vectors = catalogue.stored if owned else vectors[order]
        constants, norms, squares = constants[order], norms[order], sizes[order] ** 2
        self._constants = constants.astype(np.float32)
        self._squares = squares.astype(np.float32)
        self._is_sound = bool(
            np.isfinite(constants).all()
            and np.isfinite(norms).all()
            and squares.max(initial=0.0) < OVERFLOW
        )
        self._bounds = BlockBounds(constants, norms, squares, typical, limits.SEARCH_BLOCK)
        self._order = remember(limits.SEARCH_RATES, self._make_order)
        depth = limits.CONTEXT_HEAD // max(vectors.shape[1], 1)
        self._norms = np.nextafter(norms[:depth].astype(np.float32), np.float32(np.inf))
        self._typical_user = typical_length(model, interactions=False)
        self._contexts = ContextOrders(self._make_context)
        self._odd = None
        if interactions and self._is_sound and len(order) > 0:
            items = (order, self._vectors, self._constants, self._squares)
            stored = Stored(*items, MachineForm(model, catalogue))
            self._odd = OddSearch(stored, catalogue, model.intercept, self._translator.item_linear)

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
        """Search for queries without odd numbers."""
        left: list[Items | None] = [None] * len(queries)
        thresholds = np.full(len(queries), LOWEST, np.float32)
        if self._is_sound:
            self._look_in_contexts(queries, candidates, k, left, thresholds)
        others = [place for place, found in enumerate(left) if found is None]
        if others:
            found = self._look_everywhere(
                [queries[place] for place in others],
                [candidates[place] for place in others],
                k,
                thresholds[others],
            )
            for place, items in zip(others, found, strict=True):
                left[place] = items
        return [items for items in left if items is not None]

    def _look_in_contexts(
        self,
        queries: Sequence[QueryFeatures],
        candidates: Sequence[Candidates],
        k: int,
        left: list[Items | None],
        thresholds: NDArray[np.float32],
    ) -> None:
        """Answer the queries whose context has an order that is enough for them.

        Parameters
        ----------
        queries, candidates, k
            As for `survivors`.
        left : list
            What is found is put here, in the place of the query.
        thresholds : ndarray of float32, shape (queries,)
            What is known of the others is put here (`Scan.thresholds`).
        """
        orders = [self._contexts.of(query.others) for query in queries]
        places = [place for place, order in enumerate(orders) if order is not None]
        if not places:
            return
        mine = [order for order in orders if order is not None]
        asked = [queries[place] for place in places]
        directions = self._translator.beside(asked, [order.size for order in mine])
        if not directions.is_sound.all():
            return
        found = find(mine, directions, [candidates[place].excluded for place in places], k)
        thresholds[places] = found.thresholds
        for place, items, is_whole in zip(places, found.items, found.is_whole, strict=True):
            left[place] = items if is_whole else None

    def _look_everywhere(
        self,
        queries: Sequence[QueryFeatures],
        candidates: Sequence[Candidates],
        k: int,
        thresholds: NDArray[np.float32],
    ) -> list[Items]:
        """Look for the best among all items, in the order that all queries share.

        If the bounds of a query mean nothing, all its candidates are returned.
        """
        directions = self._translator.of(queries)
        if self._is_sound and directions.is_sound.all():
            return self._scan(directions, candidates, k, thresholds)
        sound = directions.is_sound.nonzero()[0].tolist() if self._is_sound else []
        left = [
            _NOTHING if place in sound else out.indices().astype(np.int64)
            for place, out in enumerate(candidates)
        ]
        if len(sound) > 0:
            some = [candidates[place] for place in sound]
            found = self._scan(directions.some(sound), some, k, thresholds[sound])
            for place, items in zip(sound, found, strict=True):
                left[place] = items
        return left

    def _scan(
        self,
        directions: Directions,
        candidates: Sequence[Candidates],
        k: int,
        thresholds: NDArray[np.float32],
    ) -> list[Items]:
        excluded = [self._places(out.excluded) for out in candidates]
        scan = Scan(self._order(directions.rate), directions, excluded, k, thresholds)
        found = scan.run(max(limits.SEARCH_FIRST, limits.SEARCH_GROWTH * k))
        return [np.sort(self._items[places]).astype(np.int64) for places in found]

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
        directions = self._translator.of([query])
        if not (self._is_sound and directions.is_sound.all()):
            return items
        places = self._places(items)
        every = self._order(directions.rate)
        vectors = self._vectors[places]
        some = every._replace(
            num_items=len(places),
            vectors=lambda low, high: vectors[low:high],
            uppers=every.uppers[places],
            spans=every.spans[places],
        )
        left: Items = items[Scan(some, directions, [_NOTHING], k).run(len(places))[0]]
        return left

    def _make_order(self, rate: float) -> ItemOrder:
        """Return the order that all queries share, with the items' errors at this rate."""
        errors = self._squares * np.float32(rate)
        errors += np.abs(self._constants) * np.float32(4 * UNIT)
        vectors = self._vectors  # what is returned must not keep this object alive: see `remember`
        return ItemOrder(
            len(self._items),
            lambda low, high: vectors[low:high],
            self._constants + errors,
            errors + errors,
            self._bounds,
            rate,
        )

    def _make_context(self, others: Others) -> ContextOrder | None:
        """Return the order of a context; None if its numbers are beyond float32."""
        translator = self._translator
        size = translator.size_of(others)
        if not size * size < OVERFLOW:
            return None
        order = self._order(translator.rate_of(others))
        head = Head(order, self._items, self._norms, self._typical_user)
        return ContextOrder(head, translator.total_of(others), size)
