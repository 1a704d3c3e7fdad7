"""Find the best items where a number of the query is far outside the trained range.

Such a number makes the query's vector so long that the usual order of the items, which is made for
usual lengths, says little; and its rounding is more than what scores differ by. Both can be helped:

* The number moves scores along one direction. How far each block of items reaches along it is kept
  (`shadows`), so that the bounds on scores need the usual length for the rest alone.
* Rounding is bounded term by term (`rounding`), and the k-th best is known exactly as soon as some
  k good items are scored exactly.
* Where it still exceeds the differences, the library's own arithmetic at the corners of each
  block's box bounds the odd terms (`shadows.Boxes`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits
from turi_recommender.scoring.candidates import Candidates
from turi_recommender.scoring.factorization.bounds import UNIT
from turi_recommender.scoring.factorization.catalogue import ItemFeatures
from turi_recommender.scoring.factorization.features import Feature, QueryFeatures
from turi_recommender.scoring.factorization.hunt import Hunt, Places, Stored, estimates_of
from turi_recommender.scoring.factorization.rounding import Rounding, product_error
from turi_recommender.scoring.factorization.shadows import Boxes, Shadows

Values = NDArray[np.float64]
Items = NDArray[np.int64]

_NOTHING = np.empty(0, np.int64)


class OddSearch:
    """The search for queries with odd numbers; all features interact.

    Parameters
    ----------
    stored : Stored
        The items, in the order of the search.
    catalogue : ItemFeatures
        The same, with their side data.
    intercept : float
        Of the model.
    linear_size : float
        The largest magnitude of an item's linear terms.
    """

    def __init__(
        self, stored: Stored, catalogue: ItemFeatures, intercept: float, linear_size: float
    ) -> None:
        self._stored = stored
        self._catalogue = catalogue
        self._intercept = intercept
        self._linear_size = linear_size
        self._block = limits.SEARCH_BLOCK
        starts = np.arange(0, len(stored.order), self._block)
        self._constants = np.maximum.reduceat(stored.constants, starts).astype(np.float64)
        slacks = np.maximum.reduceat(np.abs(stored.constants), starts)
        self._constants += 4 * UNIT * slacks.astype(np.float64)
        squares = np.maximum.reduceat(stored.squares, starts).astype(np.float64)
        self._sizes = np.sqrt(squares * (1 + 4 * UNIT))
        self._shadows = Shadows(stored.vectors)
        self._boxes = None if catalogue.has_side else Boxes(stored.vectors)

    def survivors(self, query: QueryFeatures, candidates: Candidates, k: int) -> Items | None:
        """Return the candidates that can be among the best `k`, ties included.

        Parameters
        ----------
        query : QueryFeatures
            With an odd feature.
        candidates : Candidates
            Without an allow list; more than `k` items.
        k : int
            How many are wanted.

        Returns
        -------
        ndarray of int64, ascending, or None
            None if nothing can be said. Where no item has a score that is a number, all are equal,
            and only the first `k` are returned: these win.
        """
        rounding = self._rounding(query)
        if not rounding.is_finite:
            return candidates.indices()[:k].astype(np.int64)
        if not rounding.is_sound:
            return None
        hunt = Hunt(self._stored, query, rounding, k)
        taken = self._catalogue.places(candidates.excluded)
        ceilings = self._ceilings(query, rounding)
        blocks = np.argsort(-ceilings)
        seeds = limits.ODD_SEEDS + (k + len(taken)) // self._block
        hunt.look(self._in(blocks[:seeds]), taken)
        left = blocks[seeds:]
        left = left[ceilings[left] >= hunt.bar]
        if len(left) > limits.ODD_BLOCKS:
            hunt.settle()
            left = left[ceilings[left] >= hunt.bar]
        if len(left) > limits.ODD_BLOCKS:
            left = left[self._boxed_ceilings(query, rounding, left) >= hunt.bar]
        if len(left):
            hunt.look(self._in(left), taken)
        return self._items(query, rounding, hunt, k)

    def among(self, query: QueryFeatures, items: Items, k: int) -> Items | None:
        """Return those of some items that can be among their best, ties included.

        Parameters
        ----------
        query : QueryFeatures
            With an odd feature.
        items : ndarray of int64
            Item indices, ascending; more than `k`.
        k : int
            How many are wanted.

        Returns
        -------
        ndarray of int64, ascending, or None
            As for `survivors`.
        """
        rounding = self._rounding(query)
        if not rounding.is_finite:
            return items[:k]
        if not rounding.is_sound:
            return None
        hunt = Hunt(self._stored, query, rounding, k)
        hunt.look(self._catalogue.places(items).astype(np.int64), _NOTHING)
        return self._items(query, rounding, hunt, k)

    def _rounding(self, query: QueryFeatures) -> Rounding:
        return Rounding(query, self._catalogue.max_side, self._intercept, self._linear_size)

    def _in(self, blocks: Places) -> Places:
        """Return the places in some blocks."""
        places = (blocks[:, np.newaxis] * self._block + np.arange(self._block)).ravel()
        return places[places < len(self._stored.order)]

    def _items(self, query: QueryFeatures, rounding: Rounding, hunt: Hunt, k: int) -> Items:
        """Return what is left of a hunt."""
        places = hunt.found()
        if len(places) > limits.ODD_FEW + 2 * k and self._is_boxed(query):
            places = places[self._boxed(query, rounding, places) >= hunt.bar]
        return np.sort(self._stored.order[places]).astype(np.int64)

    # -- bounds ----------------------------------------------------------------------------

    def _ceilings(self, query: QueryFeatures, rounding: Rounding) -> Values:
        """Return what no score of each block exceeds, shape (blocks,)."""
        odd = _odd_features(query)
        if len(odd) > limits.ODD_AT_ONCE:
            return np.full(len(self._sizes), np.inf)
        errors = rounding.error().of(self._sizes)
        rest = float(np.linalg.norm(rounding.rest)) + self._shadows.slope(odd)
        ceilings = self._constants + self._shadows.highest(odd) + rest * self._sizes
        return ceilings + (errors + rounding.constant)

    def _is_boxed(self, query: QueryFeatures) -> bool:
        return self._boxes is not None and len(query.others.odd) <= limits.ODD_AT_ONCE

    def _boxed_ceilings(
        self, query: QueryFeatures, rounding: Rounding, blocks: Places
    ) -> Values:
        """Return the same for some blocks, with the odd features' own terms taken by boxes."""
        if self._boxes is None or not self._is_boxed(query):
            return np.full(len(blocks), np.inf)
        odd, sizes = _odd_features(query), self._sizes[blocks]
        terms = self._boxes.highest(rounding, blocks, has_user=query.user is not None)
        terms += self._constants[blocks] + 0.5 * self._shadows.highest(odd)[blocks]
        rest = float(np.linalg.norm(rounding.rest)) + 0.5 * self._shadows.slope(odd)
        terms += rest * sizes + rounding.rest_error().of(sizes)
        return terms + rounding.rest_constant

    def _boxed(self, query: QueryFeatures, rounding: Rounding, places: Places) -> Values:
        """Return what the scores of some items do not exceed by the same account."""
        assert self._boxes is not None
        blocks, where = np.unique(places // self._block, return_inverse=True)
        terms = self._boxes.highest(rounding, blocks, has_user=query.user is not None)
        direction = 0.5 * (rounding.total + rounding.rest)
        error = rounding.rest_error() + product_error(direction)
        estimates, errors = estimates_of(self._stored, places, direction, error)
        upper = estimates.astype(np.float64) + errors
        return upper + (terms[where] + (rounding.rest_constant + error.constant))


def _odd_features(query: QueryFeatures) -> list[Feature]:
    return [query.others.features[place] for place in query.others.odd]
