"""Scoring by the neighbours of the items in a user's history.

Sums are 64-bit integers until one or two divisions at the end, so scores are exact whatever the
order of addition.

Source: docs/format.md, sections 7.3 and 8.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from turi_recommender.format import NeighbourModel, SavedModel
from turi_recommender.scoring.candidates import Candidates, in_sorted
from turi_recommender.scoring.libstdcxx import best_by_nth_element
from turi_recommender.scoring.query import Query
from turi_recommender.scoring.recommender import Indices, Ranked, Recommender, Scores
from turi_recommender.scoring.remember import remember
from turi_recommender.scoring.topk import EXACT_TIES_UP_TO, select

_ONE = 2.0**24  # fixed-point unit of the neighbour table
_RECORD = 16  # bytes: a neighbour and its similarity
_USERS_AT_ONCE = 64
_COLD_ANSWERS = 64  # kept, one for each k


class _Visits(NamedTuple):
    """What some histories give to other items, history after history.

    Attributes
    ----------
    owners : ndarray of int64
        Position of the history.
    items : ndarray of int64
        Every item it visits, ascending; also those that got nothing.
    sums : ndarray of int64
        Their sums, times 2**24.
    ends : list of int
        Where each history's items end.
    lengths : list of int
        Number of items in each history.
    """

    owners: NDArray[np.int64]
    items: NDArray[np.int64]
    sums: NDArray[np.int64]
    ends: list[int]
    lengths: list[int]

    def only(self, number: int) -> _Visits:
        """Return the visits of one history."""
        here = slice(self.ends[number - 1] if number else 0, self.ends[number])
        items, sums = self.items[here], self.sums[here]
        return _Visits(
            np.zeros(len(items), np.int64), items, sums, [len(items)], [self.lengths[number]]
        )


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
        self._cold = remember(_COLD_ANSWERS, self._rank_stranger)

    # -- recommend -------------------------------------------------------------------------

    def _rank_all(
        self, queries: Sequence[Query], candidates: Sequence[Candidates], k: int
    ) -> list[Ranked]:
        ranked: list[Ranked] = []
        for low in range(0, len(queries), _USERS_AT_ONCE):
            here = slice(low, low + _USERS_AT_ONCE)
            ranked += self._rank_some(queries[here], candidates[here], k)
        return ranked

    def _rank_some(
        self, queries: Sequence[Query], candidates: Sequence[Candidates], k: int
    ) -> list[Ranked]:
        visits = self._visit([self._history(query.user) for query in queries])
        best = self._best(visits, candidates, k)
        ranked: list[Ranked] = []
        for number, out in enumerate(candidates):
            items, sums = best.only(number)[1:3]
            if len(items):
                scores = (sums / _ONE) / visits.lengths[number]
                order = select(scores, k, total=len(out))
                ranked.append((items[order], scores[order]))
            else:
                ranked.append(self._rank_one(visits.only(number), out, k))
        return ranked

    def _best(self, visits: _Visits, candidates: Sequence[Candidates], k: int) -> _Visits:
        """Return what can be among each history's best `k`; nothing where that takes a closer look.

        It does where fewer than `k` candidates have a sum above 0: all others, visited or not, then
        come into question.
        """
        owners, items, sums = visits[:3]
        count = len(candidates)
        if self._similarity == "pearson" or any(out.allowed is not None for out in candidates):
            return _Visits(owners[:0], items[:0], sums[:0], [0] * count, visits.lengths)
        left = sums > 0
        excluded = [out.excluded + number * self.num_items for number, out in enumerate(candidates)]
        left &= ~in_sorted(owners * self.num_items + items, np.concatenate(excluded))
        owners, items, sums = owners[left], items[left], sums[left]
        ends = owners.searchsorted(np.arange(1, count + 1))
        kth = ends - np.diff(ends, prepend=0) + (k - 1)
        enough = kth < ends
        # Beyond 2**50 two sums can make one score; a little lower ones are looked at, too.
        lowest = np.full(count, np.iinfo(np.int64).max)
        order = np.lexsort((-sums, owners))
        lowest[enough] = sums[order[kth[enough]]]
        reaching = sums >= (lowest - (lowest >> 50))[owners]
        owners = owners[reaching]
        ends = owners.searchsorted(np.arange(1, count + 1)).tolist()
        return _Visits(owners, items[reaching], sums[reaching], ends, visits.lengths)

    def _rank_one(self, visits: _Visits, candidates: Candidates, k: int) -> Ranked:
        if len(visits.items):
            return self._rank_visited(visits, candidates, k)
        if candidates is self._everything:
            return self._cold(k)
        return self._rank_stranger(k, candidates)

    def _rank_stranger(self, k: int, candidates: Candidates | None = None) -> Ranked:
        """Rank for a user of whom nothing is known that has a neighbour."""
        candidates = candidates or self._everything
        if len(self._seed_visits.items):
            return self._rank_visited(self._seed_visits, candidates, k)
        return self._rank_catalogue(self._fallback, candidates, k)

    @cached_property
    def _seed_visits(self) -> _Visits:
        """What stands in for the history of a user without one."""
        return self._visit([self._seeds])

    def _visit(self, histories: Sequence[tuple[Indices, Scores]]) -> _Visits:
        """Add up what each item of a history gives to its neighbours."""
        lengths = [len(items) for items, _ in histories]
        items = np.concatenate([items for items, _ in histories])
        values = np.concatenate([values for _, values in histories])
        rows = [self._row(item) for item in items.tolist()]
        sizes = [len(row) // _RECORD for row in rows]
        table = np.frombuffer(b"".join(rows), np.int64).reshape(-1, 2)
        owners = np.arange(len(histories)).repeat(lengths).repeat(sizes)
        deltas = self._deltas(table[:, 1], items.repeat(sizes), values.repeat(sizes))
        keys = owners * self.num_items + table[:, 0]
        order = keys.argsort(kind="stable")
        keys = keys[order]
        is_first = np.ones(len(keys), np.bool_)
        np.not_equal(keys[1:], keys[:-1], out=is_first[1:])
        starts = is_first.nonzero()[0]
        sums = np.add.reduceat(deltas[order], starts) if len(starts) else deltas
        owners, visited = np.divmod(keys[starts], max(self.num_items, 1))
        ends = owners.searchsorted(np.arange(1, len(histories) + 1)).tolist()
        return _Visits(owners, visited, sums, ends, lengths)

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

    def _rank_visited(self, visits: _Visits, candidates: Candidates, k: int) -> Ranked:
        """Rank for one history, whatever its sums and the candidates are.

        Items that were not visited all score 0. Of these at most k can be among the best, and ties
        go by index, so the k lowest will do.
        """
        _, items, sums, _, (length,) = visits
        if self._similarity == "pearson":
            return self._rank_catalogue(self._pearson_scores(visits), candidates, k)
        rest = candidates.lowest(k, set(items.tolist()))
        left = candidates.contain(items)
        items = np.concatenate([items[left], np.array(rest, np.int64)])
        ascending = items.argsort()
        sums = np.concatenate([sums[left], np.zeros(len(rest), np.int64)])[ascending]
        items = items[ascending]
        scores = (sums / _ONE) / length
        best = select(scores, k, total=len(candidates))
        return items[best], scores[best]

    def _pearson_scores(self, visits: _Visits) -> Scores:
        scores = np.zeros(max(self.num_items, len(self._item_means)))
        scores[: len(self._item_means)] = self._item_means
        scores[visits.items] += (visits.sums / _ONE) / visits.lengths[0]
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
