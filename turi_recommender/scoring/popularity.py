"""Scoring by popularity: the same for everyone.

Source: docs/format.md, sections 7.5 and 8.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from turi_recommender.format import PopularityModel, SavedModel
from turi_recommender.scoring.candidates import Candidates
from turi_recommender.scoring.given.item_data import ItemData, scores_at
from turi_recommender.scoring.query import Query
from turi_recommender.scoring.recommender import Ranked, Recommender
from turi_recommender.scoring.selection.similar import most_similar
from turi_recommender.scoring.selection.topk import select


class PopularityRecommender(Recommender):
    """`popularity` models.

    Parameters
    ----------
    saved : SavedModel
        The model that was read.
    model : PopularityModel
        Its details.
    """

    def __init__(self, saved: SavedModel, model: PopularityModel) -> None:
        super().__init__(saved)
        predictions = model.predictions[: self.num_items]
        self._unseen = model.unseen
        self._scores = np.full(self.num_items, model.unseen)
        self._scores[: len(predictions)] = predictions

    def _rank_all(
        self,
        queries: Sequence[Query],
        candidates: Sequence[Candidates],
        k: int,
        given: ItemData | None,
    ) -> list[Ranked]:
        """See `Recommender`: side data has no effect, and new items score as unseen ones do."""
        _ = queries, given
        return [self._rank(left, k) for left in candidates]

    def _rank(self, candidates: Candidates, k: int) -> Ranked:
        items = candidates.indices()
        scores = scores_at(self._scores, items, self._unseen)
        best = select(scores, k)
        return items[best], scores[best]

    @np.errstate(all="ignore")  # as in `_answer`
    def _similar(self, item: int, k: int) -> Ranked:
        squares = (self._scores[item] - self._scores) ** 2
        scores = 1.0 - squares / squares.max()
        return most_similar(scores, item, k)
