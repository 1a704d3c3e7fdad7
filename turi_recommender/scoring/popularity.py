"""Scoring by popularity: the same for everyone.

Source: docs/format.md, sections 7.5 and 8.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format import PopularityModel, SavedModel
from turi_recommender.scoring.candidates import Candidates
from turi_recommender.scoring.given.item_data import ItemData, scores_at
from turi_recommender.scoring.lookup import UNKNOWN
from turi_recommender.scoring.query import Query
from turi_recommender.scoring.recommender import Recommender
from turi_recommender.scoring.scorer import Indices, Ranked, Scores
from turi_recommender.scoring.selection.nth_element import best_by_nth_element
from turi_recommender.scoring.selection.similar import most_similar
from turi_recommender.scoring.selection.topk import select, without_nan
from turi_recommender.scoring.strangers import differ
from turi_recommender.scoring.terms import CLOSING, Term, TermsBound, Why, closed


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

    @property
    def knows_strangers(self) -> bool:
        """See `Recommender.knows_strangers`: all users are alike here."""
        return differ(self._scores)

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

    def _rank_in_library_order(
        self, query: Query, candidates: Candidates, k: int, given: ItemData | None
    ) -> Ranked:
        _ = query, given
        items = candidates.indices()
        scores = scores_at(self._scores, items, self._unseen)
        best = best_by_nth_element(without_nan(scores), k)
        return items[best], scores[best]

    def _predict(
        self,
        queries: Sequence[Query],
        items: Sequence[NDArray[np.int64]],
        given: ItemData | None,
    ) -> list[Scores]:
        _ = queries, given
        # The index of an unknown item is -1, which here is the last score.
        padded = np.append(self._scores, self._unseen)
        return [padded[np.minimum(asked, self.num_items)] for asked in items]

    def _explain(
        self,
        query: Query,
        items: Indices,
        scores: Scores,
        given: ItemData | None,
        *,
        as_pairs: bool,
    ) -> list[Why]:
        _ = query, given, as_pairs
        known = self._term_name()
        is_known = (items != UNKNOWN) & (items < self.num_items)
        names = [known if one else "unknown item" for one in is_known.tolist()]
        return [
            closed([Term(name, score, "popularity")], score)
            for name, score in zip(names, scores.tolist(), strict=True)
        ]

    def terms_bound(self) -> TermsBound:
        """See `Recommender.terms_bound`."""
        return TermsBound(1 + CLOSING.terms, len(self._term_name().encode()) + CLOSING.text)

    def _term_name(self) -> str:
        if self.target is None:
            return "how often this item was chosen"
        return f"this item's average {self.target}"

    def _similar_users(self, users: Sequence[int], k: int) -> list[Ranked]:
        counts = self.user_counts().astype(np.float64) if users else np.empty(0)
        return [_most_alike(counts, user, k) for user in users]

    @np.errstate(all="ignore")  # as in `_answer`
    def _similar(self, item: int, k: int) -> Ranked:
        return _most_alike(self._scores, item, k)


def _most_alike(values: Scores, one: int, k: int) -> Ranked:
    """Return the positions of the `k` values nearest to one of them, and how alike they are."""
    squares = (values[one] - values) ** 2
    return most_similar(1.0 - squares / squares.max(), one, k)
