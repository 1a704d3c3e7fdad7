"""Scoring by the neighbours of the items in a user's history.

Sums are 64-bit integers until one or two divisions at the end, so scores are exact whatever the
order of addition.

Source: format document, sections 7.3 and 8.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.models.format import NeighbourModel, SavedModel
from app.models.scoring.candidates import Candidates
from app.models.scoring.libstdcxx import best_by_nth_element
from app.models.scoring.query import Query
from app.models.scoring.recommender import Indices, Ranked, Recommender, Scores
from app.models.scoring.topk import EXACT_TIES_UP_TO, select

_ONE = 2.0**24  # fixed-point unit of the neighbour table
_RECORD = 16  # bytes: a neighbour and its similarity
_COLD_ANSWERS = 64  # kept, one for each k


class _Visit(NamedTuple):
    """What a history gives to other items.

    Attributes
    ----------
    items : ndarray of int64
        Every item visited, ascending; also those that got nothing.
    sums : ndarray of int64
        Their sums, times 2**24.
    length : int
        Number of items in the history.
    """

    items: NDArray[np.int64]
    sums: NDArray[np.int64]
    length: int


class ItemSimilarityRecommender(Recommender):
    """`item_similarity` and `item_content_recommender` models."""

    def __init__(self, saved: SavedModel, model: NeighbourModel) -> None:
        super().__init__(saved)
        self._similarity = model.similarity
        self._item_means = np.array(model.item_means)
        self._bounds = model.bounds.astype(np.int64)
        self._neighbours = saved.rows(model.neighbours)
        self._seeds = (model.seed_items, model.seed_values)
        self._fallback = _fallback_scores(model, self.num_items)
        self._cold = lru_cache(_COLD_ANSWERS)(self._rank_stranger)

    # -- recommend -------------------------------------------------------------------------

    def _rank_all(
        self, queries: Sequence[Query], candidates: Sequence[Candidates], k: int
    ) -> list[Ranked]:
        pairs = zip(queries, candidates, strict=True)
        return [self._rank(query, left, k) for query, left in pairs]

    def _rank(self, query: Query, candidates: Candidates, k: int) -> Ranked:
        items, values = self._history(query.user)
        visit = self._visit(items, values)
        if len(visit.items):
            return self._rank_visited(visit, candidates, k)
        if candidates is self._everything:
            return self._cold(k)
        return self._rank_stranger(k, candidates)

    def _rank_stranger(self, k: int, candidates: Candidates | None = None) -> Ranked:
        """Rank for a user of whom nothing is known that has a neighbour."""
        candidates = candidates or self._everything
        if len(self._seed_visit.items):
            return self._rank_visited(self._seed_visit, candidates, k)
        return self._rank_catalogue(self._fallback, candidates, k)

    @cached_property
    def _seed_visit(self) -> _Visit:
        """What stands in for the history of a user without one."""
        return self._visit(*self._seeds)

    def _visit(self, items: Indices, values: Scores) -> _Visit:
        """Add up what each item of a history gives to its neighbours."""
        rows = [self._row(item) for item in items.tolist()]
        table = np.frombuffer(b"".join(rows), np.int64).reshape(-1, 2)
        lengths = [len(row) // _RECORD for row in rows]
        visited = table[:, 0]
        deltas = self._deltas(table[:, 1], items.repeat(lengths), values.repeat(lengths))
        if len(items) > 1 and len(visited):  # within one row, they ascend and are unique
            order = visited.argsort(kind="stable")
            visited = visited[order]
            is_first = np.empty(len(visited), np.bool_)
            is_first[0] = True
            np.not_equal(visited[1:], visited[:-1], out=is_first[1:])
            starts = is_first.nonzero()[0]
            visited, deltas = visited[starts], np.add.reduceat(deltas[order], starts)
        return _Visit(visited, deltas, len(items))

    def _row(self, item: int) -> bytes:
        """Return the neighbours of an item, ascending, and their similarities times 2**24."""
        if not 0 <= item < len(self._bounds) - 1:
            return b""
        return self._neighbours.raw(int(self._bounds[item]), int(self._bounds[item + 1]))

    def _deltas(
        self, similar: NDArray[np.int64], items: Indices, values: Scores
    ) -> NDArray[np.int64]:
        match self._similarity:
            case "jaccard":
                return similar if values.all() else similar * (values != 0)
            case "cosine":
                return _to_int64(np.trunc(similar * values))
            case _:
                deviations = values - self._item_means[items]
                return _to_int64(_round_half_away(similar * deviations))

    def _rank_visited(self, visit: _Visit, candidates: Candidates, k: int) -> Ranked:
        """Rank by sums over the history; for jaccard and cosine without the whole catalogue.

        Items that were not visited all score 0. Of these at most k can be among the best, and ties
        go by index, so the k lowest will do.
        """
        if self._similarity == "pearson":
            return self._rank_catalogue(self._pearson_scores(visit), candidates, k)
        is_candidate = candidates.contain(visit.items)
        items, sums = visit.items[is_candidate], visit.sums[is_candidate]
        total = len(candidates)
        if len(sums) < k or (sums > 0).sum() < k:
            rest = candidates.lowest(k, set(visit.items.tolist()))
            items = np.concatenate([items, np.array(rest, np.int64)])
            ascending = items.argsort()
            sums = np.concatenate([sums, np.zeros(len(rest), np.int64)])[ascending]
            items = items[ascending]
        elif len(sums) > k:
            kth = int(np.partition(sums, len(sums) - k)[len(sums) - k])
            # Beyond 2**50 two sums can make one score; a little lower ones are looked at, too.
            reaching = (sums >= kth - (kth >> 50)).nonzero()[0]
            items, sums = items[reaching], sums[reaching]
        scores = (sums / _ONE) / visit.length
        best = select(scores, k, total=total)
        return items[best], scores[best]

    def _pearson_scores(self, visit: _Visit) -> Scores:
        scores = np.zeros(max(self.num_items, len(self._item_means)))
        scores[: len(self._item_means)] = self._item_means
        scores[visit.items] += (visit.sums / _ONE) / visit.length
        return scores[: self.num_items]

    def _rank_catalogue(self, scores: Scores, candidates: Candidates, k: int) -> Ranked:
        items = candidates.indices()
        best = select(scores[items], k)
        return items[best], scores[items[best]]

    # -- similar items ---------------------------------------------------------------------

    def _similar(self, item: int, k: int) -> Ranked:
        row = np.frombuffer(self._row(item), np.int64).reshape(-1, 2)
        neighbours, values = row[:, 0], row[:, 1].astype(np.float64)
        k = min(k, len(self._bounds) - 2)
        choose = best_by_nth_element if k <= EXACT_TIES_UP_TO else select
        best = choose(values, k)
        lowest = 0.0 if self._similarity == "jaccard" else -1.0
        scores = np.minimum(np.maximum(values[best] / _ONE, lowest), 1.0)
        return neighbours[best], scores


def _fallback_scores(model: NeighbourModel, num_items: int) -> Scores:
    """Scores where neither the history nor the seeds have a neighbour."""
    spread = max(1.0, model.mean_max - model.mean_min)
    scores = np.zeros(max(num_items, len(model.mean_scores)))
    scores[: len(model.mean_scores)] = (model.mean_scores - model.mean_min) / spread
    return scores[:num_items]


def _round_half_away(values: Scores) -> Scores:
    whole = np.trunc(values)
    return whole + np.where(np.abs(values - whole) >= 0.5, np.sign(values), 0.0)


def _to_int64(values: Scores) -> NDArray[np.int64]:
    return values.astype(np.int64)
