"""Scoring by the neighbours of the items in a user's history.

Sums are 64-bit integers until one or two divisions at the end, so scores are exact whatever the
order of addition.

Source: format document, sections 7.3 and 8.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from app.models.format import NeighbourModel, SavedModel
from app.models.scoring.candidates import Candidates
from app.models.scoring.libstdcxx import best_by_nth_element
from app.models.scoring.query import Query
from app.models.scoring.recommender import Indices, Ranked, Recommender, Scores
from app.models.scoring.topk import EXACT_TIES_UP_TO, select

_ONE = 2.0**24  # fixed-point unit of the neighbour table
_COLD_ANSWERS = 64  # kept, one for each k


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
        visited = self._visit(items, values)
        if visited:
            return self._rank_visited(visited, len(items), candidates, k)
        if candidates is self._everything:
            return self._cold(k)
        return self._rank_stranger(k, candidates)

    def _rank_stranger(self, k: int, candidates: Candidates | None = None) -> Ranked:
        """Rank for a user of whom nothing is known that has a neighbour."""
        candidates = candidates or self._everything
        visited, length = self._seed_visit
        if visited:
            return self._rank_visited(visited, length, candidates, k)
        return self._rank_catalogue(self._fallback, candidates, k)

    @cached_property
    def _seed_visit(self) -> tuple[dict[int, int], int]:
        """What stands in for the history of a user without one."""
        return self._visit(*self._seeds), len(self._seeds[0])

    def _visit(self, items: Indices, values: Scores) -> dict[int, int]:
        """Add up what each item of a history gives to its neighbours.

        Returns
        -------
        dict of int to int
            Every item visited, also those that got nothing, and its sum times 2**24.
        """
        sums: dict[int, int] = {}
        for item, value in zip(items.tolist(), values.tolist(), strict=True):
            neighbours, similar = self._row(item)
            deltas = self._deltas(similar, item, value)
            for neighbour, delta in zip(neighbours.tolist(), deltas.tolist(), strict=True):
                sums[neighbour] = sums.get(neighbour, 0) + delta
        return sums

    def _row(self, item: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Return the neighbours of an item, ascending, and their similarities times 2**24."""
        if not 0 <= item < len(self._bounds) - 1:
            return np.empty(0, np.uint64), np.empty(0, np.int64)
        row = self._neighbours.slice(int(self._bounds[item]), int(self._bounds[item + 1]))
        return row["item"], row["value"]

    def _deltas(self, similar: NDArray[np.int64], item: int, value: float) -> NDArray[np.int64]:
        match self._similarity:
            case "jaccard":
                return similar * int(value != 0)
            case "cosine":
                return _to_int64(np.trunc(similar * value))
            case _:
                return _to_int64(_round_half_away(similar * (value - self._item_means[item])))

    def _rank_visited(
        self, visited: dict[int, int], length: int, candidates: Candidates, k: int
    ) -> Ranked:
        """Rank by sums over the history; for jaccard and cosine without the whole catalogue.

        Items that were not visited all score 0. Of these at most k can be among the best, and ties
        go by index, so the k lowest will do.
        """
        if self._similarity == "pearson":
            return self._rank_catalogue(self._pearson_scores(visited, length), candidates, k)
        scored = {item: visited[item] / _ONE / length for item in candidates.kept(visited)}
        scored.update(dict.fromkeys(candidates.lowest(k, visited), 0.0))
        items = sorted(scored)
        best = select(np.array([scored[item] for item in items]), k, total=len(candidates))
        places = best.tolist()
        chosen = [items[place] for place in places]
        return np.array(chosen, np.int64), np.array([scored[item] for item in chosen])

    def _pearson_scores(self, visited: dict[int, int], length: int) -> Scores:
        scores = np.zeros(max(self.num_items, len(self._item_means)))
        scores[: len(self._item_means)] = self._item_means
        sums = np.fromiter(visited.values(), np.int64, len(visited))
        scores[np.fromiter(visited, np.int64, len(visited))] += (sums / _ONE) / length
        return scores[: self.num_items]

    def _rank_catalogue(self, scores: Scores, candidates: Candidates, k: int) -> Ranked:
        items = candidates.indices()
        best = select(scores[items], k)
        return items[best], scores[items[best]]

    # -- similar items ---------------------------------------------------------------------

    def _similar(self, item: int, k: int) -> Ranked:
        neighbours, similar = self._row(item)
        values = similar.astype(np.float64)
        k = min(k, len(self._bounds) - 2)
        choose = best_by_nth_element if k <= EXACT_TIES_UP_TO else select
        best = choose(values, k)
        lowest = 0.0 if self._similarity == "jaccard" else -1.0
        scores = np.minimum(np.maximum(values[best] / _ONE, lowest), 1.0)
        return neighbours[best].astype(np.int64), scores


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
