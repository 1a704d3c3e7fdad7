"""What odd features add to scores by themselves, by the library's own arithmetic.

That arithmetic never falls when one of its numbers rises. So its result for the best corner of a
box is a bound on the results of all items in the box, without any allowance for rounding. Where an
odd number is so large that items vanish in the rounding, all corners agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization import float32
from turi_recommender.scoring.factorization.catalogue import ItemFeatures
from turi_recommender.scoring.factorization.odd.rounding import Rounding

Values = NDArray[np.float64]
Factors = NDArray[np.float32]
Places = NDArray[np.int64]


class Box(NamedTuple):
    """Between which numbers factors lie, for each block.

    Attributes
    ----------
    lowest, highest : ndarray of float32, shape (K, blocks)
    """

    lowest: Factors
    highest: Factors

    def of(self, blocks: Places) -> Box:
        """Return the boxes of some blocks."""
        return Box(self.lowest[:, blocks], self.highest[:, blocks])

    def whole(self) -> Box:
        """Return the box of all blocks together, shape (K, 1)."""
        lowest = self.lowest.min(axis=1, keepdims=True)
        return Box(lowest, self.highest.max(axis=1, keepdims=True))


class Boxes:
    """The boxes of the items' own factors, of their first side feature, of the second, and so on.

    Parameters
    ----------
    catalogue : ItemFeatures
        The items; none has more than `limits.ODD_SIDE` side features.
    order : ndarray of int32, shape (items,)
        Index of the item at each place of the search.
    """

    def __init__(self, catalogue: ItemFeatures, order: NDArray[np.int32]) -> None:
        self._catalogue = catalogue
        self._order = order
        self._block = limits.SEARCH_BLOCK

    def of_all(self, rounding: Rounding) -> Values:
        """Return what the odd features' own terms add to any item's score at most, shape (1,)."""
        return _odd_terms(rounding, self._whole)

    def of_blocks(self, rounding: Rounding, blocks: Places) -> Values:
        """Return what they add to the scores in some blocks at most, shape (n,)."""
        return _odd_terms(rounding, [box.of(blocks) for box in self._boxes])

    def of_items(self, rounding: Rounding, places: Places) -> Values:
        """Return what they add to the scores of some items, to the last bit, shape (n,)."""
        terms = np.empty(len(places))
        for low in range(0, len(places), limits.EXACT_CHUNK):
            here = slice(low, low + limits.EXACT_CHUNK)
            layers = self._layers(self._order[places[here]].astype(np.int64))
            terms[here] = _odd_terms(rounding, [Box(layer, layer) for layer in layers])
        return terms

    def _layers(self, items: Places) -> Iterator[Factors]:
        """Yield some items' own factors, then those of the first side feature, and so on.

        Each has shape (K, items); 0, which changes no sum, stands for what an item lacks.
        """
        yield np.ascontiguousarray(self._catalogue.factors(items).T)
        slots = 0
        for at, entries in self._catalogue.side_slots(items):
            layer = np.zeros((self._catalogue.stored.shape[1], len(items)), np.float32)
            layer[:, at] = self._catalogue.side_factors(entries).T
            slots += 1
            yield layer
        for _ in range(slots, self._catalogue.max_side):
            yield np.zeros((self._catalogue.stored.shape[1], len(items)), np.float32)

    @cached_property
    def _boxes(self) -> list[Box]:
        parts = []
        step = -(-limits.FOLD_CHUNK // self._block) * self._block  # whole blocks
        for low in range(0, len(self._order), step):
            items = self._order[low : low + step].astype(np.int64)
            starts = np.arange(0, len(items), self._block)
            parts.append(
                [
                    (np.minimum.reduceat(layer, starts, 1), np.maximum.reduceat(layer, starts, 1))
                    for layer in self._layers(items)
                ]
            )
        return [
            Box(*(np.concatenate(bounds, axis=1) for bounds in zip(*layer, strict=True)))
            for layer in zip(*parts, strict=True)
        ]

    @cached_property
    def _whole(self) -> list[Box]:
        return [box.whole() for box in self._boxes]


def _odd_terms(rounding: Rounding, layers: Sequence[Box]) -> Values:
    """Return what the odd features' own terms add at most, as `MachineForm` adds it.

    Parameters
    ----------
    rounding : Rounding
        The query.
    layers : sequence of Box
        Between these are the factors of n items' own features, and of their side features; if the
        numbers of each are the same, the result is exact.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    low = _sums(rounding, [box.lowest for box in layers])
    high = low
    if layers[0].highest is not layers[0].lowest:
        high = _sums(rounding, [box.highest for box in layers])
    terms = np.zeros(low.shape[1])
    for row in rounding.odd.nonzero()[0].tolist():
        factors = rounding.rows[row][:, np.newaxis]
        best = low if high is low else np.where(factors > 0, high, low)
        made = float32.dot_columns(best * factors) - rounding.squares[row]
        terms += 0.5 * made.astype(np.float64)
    return terms


def _sums(rounding: Rounding, layers: Sequence[Factors]) -> Factors:
    """Add up user, own, others and the items' side features, in this order."""
    own, *side = layers
    first = int(rounding.has_user)
    sums = rounding.rows[0][:, np.newaxis] + own if first else own.copy()
    for row in rounding.rows[first:]:
        sums += row[:, np.newaxis]
    for layer in side:
        sums += layer
    return sums
