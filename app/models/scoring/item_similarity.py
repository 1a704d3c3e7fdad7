"""Scoring by the neighbours of the items in a user's history.

Sums are 64-bit integers until one or two divisions at the end, so scores are exact whatever the
order of addition.

Source: format document, sections 7.3 and 8.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.models.format import NeighbourModel, SavedModel
from app.models.scoring.candidates import Candidates
from app.models.scoring.libstdcxx import best_by_nth_element
from app.models.scoring.query import Query
from app.models.scoring.recommender import Indices, Ranked, Recommender, Scores
from app.models.scoring.topk import EXACT_TIES_UP_TO, select

_ONE = 2.0**24  # fixed-point unit of the neighbour table


class ItemSimilarityRecommender(Recommender):
    """`item_similarity` and `item_content_recommender` models."""

    def __init__(self, saved: SavedModel, model: NeighbourModel) -> None:
        super().__init__(saved)
        self._model = model
        self._bounds = model.bounds.astype(np.int64)

    # -- recommend -------------------------------------------------------------------------

    def _rank_all(
        self, queries: Sequence[Query], candidates: Sequence[Candidates], k: int
    ) -> list[Ranked]:
        pairs = zip(queries, candidates, strict=True)
        return [self._rank(query, left, k) for query, left in pairs]

    def _rank(self, query: Query, candidates: Candidates, k: int) -> Ranked:
        history = self._history(query.user)
        visited = self._visit(*history)
        length = len(history[0])
        if len(visited[0]) == 0:
            visited, length = self._seed_visit
        if len(visited[0]) == 0:
            return self._rank_catalogue(self._fallback_scores, candidates, k)
        if self._model.similarity == "pearson":
            return self._rank_catalogue(self._pearson_scores(*visited, length), candidates, k)
        return self._rank_visited(*visited, length, candidates, k)

    @cached_property
    def _seed_visit(self) -> tuple[tuple[Indices, NDArray[np.int64]], int]:
        """What stands in for the history of a user without one."""
        seeds = self._model.seed_items
        return self._visit(seeds, self._model.seed_values), len(seeds)

    def _visit(self, items: Indices, values: Scores) -> tuple[Indices, NDArray[np.int64]]:
        """Add up what each item of a history gives to its neighbours.

        Returns
        -------
        items : ndarray of int64
            Every item visited, ascending; also those that got nothing.
        sums : ndarray of int64
            Their sums, times 2**24.
        """
        model = self._model
        within = (items >= 0) & (items < model.num_items)
        neighbours: list[NDArray[np.int64]] = []
        deltas: list[NDArray[np.int64]] = []
        for item, value in zip(items[within].tolist(), values[within].tolist(), strict=True):
            row = model.neighbours[self._bounds[item] : self._bounds[item + 1]]
            neighbours.append(row["item"].astype(np.int64))
            deltas.append(self._deltas(row["value"], item, value))
        if not neighbours:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        visited, places = np.unique(np.concatenate(neighbours), return_inverse=True)
        sums = np.zeros(len(visited), np.int64)
        np.add.at(sums, places, np.concatenate(deltas))
        return visited, sums

    def _deltas(self, similar: NDArray[np.int64], item: int, value: float) -> NDArray[np.int64]:
        match self._model.similarity:
            case "jaccard":
                return similar * int(value != 0)
            case "cosine":
                return _to_int64(np.trunc(similar * value))
            case _:
                return _to_int64(_round_half_away(similar * (value - self._model.item_means[item])))

    def _rank_visited(
        self,
        visited: Indices,
        sums: NDArray[np.int64],
        length: int,
        candidates: Candidates,
        k: int,
    ) -> Ranked:
        """Rank without touching the whole catalogue: items not visited all score 0.

        Of these at most k can be among the best, and ties go by index, so the k lowest will do.
        """
        visited_scores = (sums / _ONE) / length
        is_candidate = np.isin(visited, candidates.keep(visited), assume_unique=True)
        rest = candidates.first(k, visited)
        items = np.concatenate([visited[is_candidate], rest])
        scores = np.concatenate([visited_scores[is_candidate], np.zeros(len(rest))])
        ascending = np.argsort(items)
        items, scores = items[ascending], scores[ascending]
        best = select(scores, k, total=len(candidates))
        return items[best], scores[best]

    def _pearson_scores(self, visited: Indices, sums: NDArray[np.int64], length: int) -> Scores:
        scores = np.zeros(max(self.num_items, self._model.num_items))
        scores[: self._model.num_items] = self._model.item_means
        scores[visited] += (sums / _ONE) / length
        return scores[: self.num_items]

    @cached_property
    def _fallback_scores(self) -> Scores:
        """Scores where neither the history nor the seeds have a neighbour."""
        model = self._model
        spread = max(1.0, model.mean_max - model.mean_min)
        scores = np.zeros(max(self.num_items, len(model.mean_scores)))
        scores[: len(model.mean_scores)] = (model.mean_scores - model.mean_min) / spread
        return scores[: self.num_items]

    def _rank_catalogue(self, scores: Scores, candidates: Candidates, k: int) -> Ranked:
        items = candidates.indices()
        best = select(scores[items], k)
        return items[best], scores[items[best]]

    # -- similar items ---------------------------------------------------------------------

    def _similar(self, item: int, k: int) -> Ranked:
        if item >= self._model.num_items:
            return np.empty(0, np.int64), np.empty(0)
        row = self._model.neighbours[self._bounds[item] : self._bounds[item + 1]]
        values = row["value"].astype(np.float64)
        k = min(k, self._model.num_items - 1)
        choose = best_by_nth_element if k <= EXACT_TIES_UP_TO else select
        best = choose(values, k)
        lowest = 0.0 if self._model.similarity == "jaccard" else -1.0
        scores = np.clip(values[best] / _ONE, lowest, 1.0)
        return row["item"][best].astype(np.int64), scores


def _round_half_away(values: Scores) -> Scores:
    whole = np.trunc(values)
    return whole + np.where(np.abs(values - whole) >= 0.5, np.sign(values), 0.0)


def _to_int64(values: Scores) -> NDArray[np.int64]:
    return values.astype(np.int64)
