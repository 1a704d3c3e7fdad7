"""Items whose side data comes with a query: they are scored exactly, beside the search.

Source: docs/queries.md, section 2; docs/format.md, section 7.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.scoring.candidates import Candidates, in_sorted
from turi_recommender.scoring.factorization.catalogue import Catalogue, Factors, ItemFeatures
from turi_recommender.scoring.factorization.exact import ExactForm
from turi_recommender.scoring.factorization.features import FeatureReader, QueryFeatures
from turi_recommender.scoring.factorization.parts import Scored, score_each
from turi_recommender.scoring.given.item_data import ItemData


class GivenItems(Catalogue):
    """The features of the items of `item_data`, by their positions in it.

    What it takes depends on these items alone: own factors stay where they are.

    Parameters
    ----------
    given : ItemData
        Trained items, whose side data is replaced, and new ones, which have no feature of their
        own.
    catalogue : ItemFeatures
        The trained items.
    reader : FeatureReader
        Reads weights and factors of side features.
    """

    def __init__(self, given: ItemData, catalogue: ItemFeatures, reader: FeatureReader) -> None:
        self._catalogue = catalogue
        self._known = given.indices[given.indices < given.num_trained]
        self.stored = np.empty((0, catalogue.stored.shape[1]), np.float32)
        self.linear = np.zeros(len(given.indices))
        self.linear[: len(self._known)] = catalogue.linear[self._known]
        lengths = [len(entries) for entries in given.entries]
        self.side_starts = np.cumsum([0, *lengths], dtype=np.int64)
        self.max_side = max(lengths, default=0)
        side = reader.side_features([entry for entries in given.entries for entry in entries])
        self.side_x, self.side_linear = side.x, side.linear
        self.side_places, self.side_raw = side.places, side.raw
        self.side_distinct = side.distinct

    def factors(self, items: NDArray[np.integer[Any]]) -> Factors:
        """Return x times the own factors of these items, shape (n, K): zeros for a new one.

        A zero changes no finite sum, so it stands for the feature that a new item lacks.
        """
        factors: Factors = np.zeros((len(items), self.stored.shape[1]), np.float32)
        known = items < len(self._known)
        if self.stored.shape[1] > 0:
            factors[known] = self._catalogue.factors(self._known[items[known]])
        return factors


class Overlay:
    """What `item_data` changes of the catalogue for the length of a call.

    Parameters
    ----------
    given : ItemData
        The items.
    items : GivenItems
        Their features.
    form : ExactForm
        How they are scored.

    Attributes
    ----------
    items, form
        As given.
    """

    def __init__(self, given: ItemData, items: GivenItems, form: ExactForm) -> None:
        self._given = given
        self.items = items
        self.form = form
        self._replaced = given.indices[given.indices < given.num_trained]

    def rest(self, candidates: Candidates) -> Candidates:
        """Return the candidates whose features are those of training: all bounds hold for them."""
        return candidates.below(self._given.num_trained).without(self._replaced)

    def holds(self, items: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which items are given."""
        return in_sorted(items, self._given.indices)

    def places(self, items: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the positions of given items among them; of others, any number."""
        found: NDArray[np.int64] = self._given.indices.searchsorted(items)
        return found

    def added(
        self,
        queries: Sequence[QueryFeatures],
        candidates: Sequence[Candidates],
        scored: Sequence[Scored],
    ) -> list[Scored]:
        """Add to the scored items of each query those that are given.

        Parameters
        ----------
        queries : sequence of QueryFeatures
            All with equally many features.
        candidates : sequence of Candidates
            Of each query, trained, given and new items.
        scored : sequence of (ndarray of int64, ndarray of float64)
            Of each query, items whose features are those of training, ascending, and their scores.

        Returns
        -------
        list of (ndarray of int64, ndarray of float64)
            Ascending by item.
        """
        indices = self._given.indices
        wanted = [np.flatnonzero(out.contain(indices)) for out in candidates]
        more = score_each(self.form, self.items, queries, wanted)
        return [
            _joined(of_query, (indices[places], scores))
            for of_query, (places, scores) in zip(scored, more, strict=True)
        ]


def _joined(one: Scored, other: Scored) -> Scored:
    items = np.concatenate([one[0], other[0]])
    order = items.argsort()
    return items[order], np.concatenate([one[1], other[1]])[order]
