"""Scoring by popularity: the same for everyone.

Source: docs/format.md, sections 7.5 and 8.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from turi_recommender.format import PopularityModel, SavedModel
from turi_recommender.scoring.candidates import Candidates
from turi_recommender.scoring.query import Query
from turi_recommender.scoring.recommender import Ranked, Recommender
from turi_recommender.scoring.selection.nth_element import best_by_nth_element
from turi_recommender.scoring.selection.similar import most_similar
from turi_recommender.scoring.selection.topk import select, without_nan
from turi_recommender.scoring.strangers import differ


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
        self._scores = np.full(self.num_items, model.unseen)
        self._scores[: len(predictions)] = predictions

    @property
    def knows_strangers(self) -> bool:
        """See `Recommender.knows_strangers`: all users are alike here."""
        return differ(self._scores)

    def _rank_all(
        self, _: Sequence[Query], candidates: Sequence[Candidates], k: int
    ) -> list[Ranked]:
        return [self._rank(left, k) for left in candidates]

    def _rank(self, candidates: Candidates, k: int) -> Ranked:
        items = candidates.indices()
        best = select(self._scores[items], k)
        return items[best], self._scores[items[best]]

    def _rank_in_library_order(self, _: Query, candidates: Candidates, k: int) -> Ranked:
        items = candidates.indices()
        scores = self._scores[items]
        best = best_by_nth_element(without_nan(scores), k)
        return items[best], scores[best]

    @np.errstate(all="ignore")  # as in `_answer`
    def _similar(self, item: int, k: int) -> Ranked:
        squares = (self._scores[item] - self._scores) ** 2
        scores = 1.0 - squares / squares.max()
        return most_similar(scores, item, k)
