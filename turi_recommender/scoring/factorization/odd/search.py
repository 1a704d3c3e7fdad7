"""Find the best items where a number of the query is far outside the trained range.

Such a number makes the query's vector so long that the usual order of the items, which is made for
usual lengths, says little; and its rounding is more than what scores differ by. Both can be helped:

* The number moves scores along one direction. How far each block of items reaches along it is kept
  (`shadows`), so that the bounds on scores need the usual length for the rest alone.
* Rounding is bounded term by term (`rounding`), and the k-th best is known exactly as soon as some
  k good items are scored exactly.
* Where it still exceeds the differences, the library's own arithmetic at the corners of each
  block's box bounds the odd terms (`boxes`).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits
from turi_recommender.scoring.candidates import Candidates
from turi_recommender.scoring.factorization.bounds import UNIT
from turi_recommender.scoring.factorization.catalogue import ItemFeatures
from turi_recommender.scoring.factorization.features import QueryFeatures
from turi_recommender.scoring.factorization.odd.boxes import Boxes
from turi_recommender.scoring.factorization.odd.hunt import Hunt, Places, Stored
from turi_recommender.scoring.factorization.odd.rounding import Rounding
from turi_recommender.scoring.factorization.odd.shadows import Shadow, Shadows

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
        self._starts = np.arange(0, len(stored.order), self._block)
        self._shadows = Shadows(stored.vectors)
        few = catalogue.max_side <= min(limits.ODD_SIDE, limits.SIDE_SLOTS)
        self._boxes = Boxes(catalogue, stored.order) if few else None

    @cached_property
    def _constants(self) -> Values:
        """What the constants of each block's items are at most, shape (blocks,)."""
        constants = np.maximum.reduceat(self._stored.constants, self._starts).astype(np.float64)
        slacks = np.maximum.reduceat(np.abs(self._stored.constants), self._starts)
        highest: Values = constants + 4 * UNIT * slacks.astype(np.float64)
        return highest

    @cached_property
    def _sizes(self) -> Values:
        """What the sizes of each block's items are at most, shape (blocks,)."""
        squares = np.maximum.reduceat(self._stored.squares, self._starts).astype(np.float64)
        sizes: Values = np.sqrt(squares * (1 + 4 * UNIT))
        return sizes

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
        hunt = Hunt(self._stored, query, rounding, k, self._boxes_for(query))
        taken = np.sort(self._catalogue.places(candidates.excluded))
        if len(query.others.odd) > limits.ODD_AT_ONCE:
            hunt.look(np.arange(len(self._stored.order)), taken)
        else:
            self._look(query, rounding, hunt, taken)
        return self._items(hunt)

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
        hunt = Hunt(self._stored, query, rounding, k, self._boxes_for(query))
        hunt.look(self._catalogue.places(items).astype(np.int64), _NOTHING)
        return self._items(hunt)

    def _rounding(self, query: QueryFeatures) -> Rounding:
        return Rounding(query, self._catalogue.max_side, self._intercept, self._linear_size)

    def _boxes_for(self, query: QueryFeatures) -> Boxes | None:
        return self._boxes if len(query.others.odd) <= limits.ODD_AT_ONCE else None

    def _items(self, hunt: Hunt) -> Items:
        if hunt.is_long():
            hunt.sharpen()
        return np.sort(self._stored.order[hunt.places]).astype(np.int64)

    def _look(self, query: QueryFeatures, rounding: Rounding, hunt: Hunt, taken: Places) -> None:
        """Look at those that reach farthest, and at the blocks that can have better ones."""
        features = query.others.features
        odd = [features[place] for place in query.others.odd]
        for count in (limits.ODD_ENDS, limits.ODD_MORE_ENDS):
            shadow = self._shadows.of(odd, count)
            hunt.look(shadow.ends, taken)
            taken = np.union1d(taken, shadow.ends)
            blocks = self._reaching(rounding, shadow, hunt)
            if len(blocks) <= limits.ODD_BLOCKS:
                break
        if len(blocks):
            places = (blocks[:, np.newaxis] * self._block + np.arange(self._block)).ravel()
            hunt.look(places[places < len(self._stored.order)], taken)

    def _reaching(self, rounding: Rounding, shadow: Shadow, hunt: Hunt) -> Places:
        """Return the blocks that can reach the bar, besides the items that reach farthest."""
        ceilings = self._ceilings(rounding.total, rounding.rest, shadow, 1.0)
        ceilings += rounding.error.of(self._sizes) + rounding.constant
        blocks = np.flatnonzero(ceilings >= hunt.bar)
        if len(blocks) > limits.ODD_BLOCKS:
            hunt.sharpen()
            blocks = np.flatnonzero(ceilings >= hunt.bar)
        if len(blocks) > limits.ODD_BLOCKS and self._boxes is not None:
            ceilings = self._boxed(rounding, shadow)[blocks]
            blocks = _boxed_reaching(self._boxes, rounding, blocks, ceilings, hunt.bar)
        return blocks

    def _boxed(self, rounding: Rounding, shadow: Shadow) -> Values:
        """Return the ceilings of blocks without the odd features' own terms, shape (blocks,)."""
        direction = 0.5 * (rounding.total + rounding.rest)
        ceilings = self._ceilings(direction, rounding.rest, shadow, 0.5)
        return ceilings + rounding.rest_error.of(self._sizes) + rounding.rest_constant

    def _ceilings(self, direction: Values, rest: Values, shadow: Shadow, share: float) -> Values:
        """Return what no item's constant and product exceed, shape (blocks,).

        Parameters
        ----------
        direction, rest : ndarray of float64, shape (K,)
            What vectors are multiplied with, and the part of it that is not odd. Where odd numbers
            cancel, the whole is short, and the lengths of the vectors are the closer bound.
        shadow : Shadow
            How far items reach along the odd part.
        share : float
            How much of that part there is.
        """
        along = share * shadow.blocks
        along += (float(np.linalg.norm(rest)) + share * shadow.slope) * self._sizes
        ceilings = self._constants.copy()
        ceilings += np.minimum(along, float(np.linalg.norm(direction)) * self._sizes)
        return ceilings


def _boxed_reaching(
    boxes: Boxes, rounding: Rounding, blocks: Places, ceilings: Values, bar: float
) -> Places:
    """Return those of some blocks that can reach the bar with the odd features' own terms.

    Parameters
    ----------
    boxes : Boxes
        They bound these terms.
    rounding : Rounding
        The query.
    blocks : ndarray of int64, shape (n,)
        The blocks.
    ceilings : ndarray of float64, shape (n,)
        What no score of each exceeds, without these terms.
    bar : float
        What is to be reached.
    """
    is_left = ceilings + boxes.of_all(rounding) >= bar
    blocks, ceilings = blocks[is_left], ceilings[is_left]
    if len(blocks) > limits.ODD_BLOCKS:
        blocks = blocks[ceilings + boxes.of_blocks(rounding, blocks) >= bar]
    return blocks
