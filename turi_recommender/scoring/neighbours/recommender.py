"""Recommending by the neighbours of the items in a user's history.

A score is a sum of integers (`visits`), divided once or twice at the end.

Source: docs/format.md, sections 7.3 and 8.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.errors import QueryError
from turi_recommender.format import NeighbourModel, SavedModel
from turi_recommender.scoring import limits
from turi_recommender.scoring.arguments import cast_id
from turi_recommender.scoring.candidates import Candidates, in_sorted
from turi_recommender.scoring.given.item_data import ItemData, scores_at
from turi_recommender.scoring.lookup import UNKNOWN
from turi_recommender.scoring.neighbours.terms import (
    explain_means,
    explain_shares,
    kinds_of,
    terms_bound,
)
from turi_recommender.scoring.neighbours.visits import ONE, NeighbourTable, Visits
from turi_recommender.scoring.query import History, Query
from turi_recommender.scoring.recommender import Recommender
from turi_recommender.scoring.remember import remember
from turi_recommender.scoring.results import Id
from turi_recommender.scoring.scorer import Indices, Ranked, Scores
from turi_recommender.scoring.selection.nth_element import best_by_nth_element
from turi_recommender.scoring.selection.topk import EXACT_TIES_UP_TO, select, without_nan
from turi_recommender.scoring.strangers import differ
from turi_recommender.scoring.terms import TermsBound, Why

_LARGEST = np.iinfo(np.int64).max


class ItemSimilarityRecommender(Recommender):
    """`item_similarity` and `item_content_recommender` models.

    Parameters
    ----------
    saved : SavedModel
        The model that was read.
    model : NeighbourModel
        Its details.
    """

    def __init__(self, saved: SavedModel, model: NeighbourModel) -> None:
        super().__init__(saved)
        self._table = NeighbourTable(saved, model, self.num_items)
        self._seeds = History(model.seed_items, model.seed_values)
        self._fallback = _fallback_scores(model, self.num_items)
        self._cold = remember(limits.COLD_ANSWERS, self._rank_stranger)

        self._heavy = self._heavy_users()

    @property
    @np.errstate(all="ignore")  # as in `_answer`
    def knows_strangers(self) -> bool:
        """See `Recommender.knows_strangers`: they are given the seeds, or else the mean scores."""
        visits = self._seed_visits
        if len(visits.items) == 0:
            return differ(self._fallback)
        if self._table.similarity == "pearson":
            return differ(self._pearson_scores(visits))
        return self.num_items < 2 or bool(visits.sums.any())

    def extra_work(
        self,
        row: Mapping[str, Any],
        k: int,
        *,
        interactions: int = 0,
        user_data: Mapping[str, Any] | None = None,
        fold_in: bool = False,
    ) -> int:
        """See `Recommender.extra_work`: a history is long by the neighbours of its items."""
        _ = k, user_data, fold_in
        given = interactions * self._table.widest if interactions > limits.USUAL_HISTORY else 0
        return given + self._trained_work(row)

    def _trained_work(self, row: Mapping[str, Any]) -> int:
        """Return how many neighbours the trained history of a row has, if it is a long one."""
        if not self._heavy:
            return 0
        user_id = row.get(self.user_column.name)
        if type(user_id) is int and user_id not in self._heavy:
            return 0  # as nearly always; casting would take longer than asking
        try:
            user_id = cast_id(user_id, self.user_column)
        except QueryError:
            return 0  # which is refused later
        if user_id not in self._heavy:
            return 0
        return self._table.count(self._history(Query(user_id, self.users.find(user_id))).items)

    def _heavy_users(self) -> frozenset[Id]:
        """Return the users whose histories are longer than usual."""
        lengths = np.diff(self.interactions.starts)
        return frozenset(self.users.ids((lengths > limits.USUAL_HISTORY).nonzero()[0]))

    def _has_history(self, query: Query) -> bool:
        """See `Recommender`: users known from side data alone are answered like strangers."""
        starts, user = self.interactions.starts, query.user
        return 0 <= user < len(starts) - 1 and starts.item(user) < starts.item(user + 1)

    # -- recommend -------------------------------------------------------------------------

    def _rank_all(
        self,
        queries: Sequence[Query],
        candidates: Sequence[Candidates],
        k: int,
        given: ItemData | None,
    ) -> list[Ranked]:
        """See `Recommender`: side data has no effect, and new items score 0."""
        _ = given
        ranked: list[Ranked] = []
        for here in self._passes(queries):
            ranked += self._rank_some(queries[here], candidates[here], k)
        return ranked

    def _passes(self, queries: Sequence[Query]) -> Iterator[slice]:
        """Yield queries that share a pass: neither too many, nor with too many neighbours."""
        if len(queries) == 1:
            yield slice(0, 1)
            return
        usual = limits.NEIGHBOURS_AT_ONCE // limits.HISTORIES_AT_ONCE
        low = neighbours = 0
        for place, query in enumerate(queries):
            items = self._history(query).items
            added = len(items) * self._table.widest
            if added > usual:
                added = self._table.count(items)
            is_full = place - low == limits.HISTORIES_AT_ONCE
            if place > low and (is_full or neighbours + added > limits.NEIGHBOURS_AT_ONCE):
                yield slice(low, place)
                low, neighbours = place, 0
            neighbours += added
        if low < len(queries):
            yield slice(low, len(queries))

    def _rank_some(
        self, queries: Sequence[Query], candidates: Sequence[Candidates], k: int
    ) -> list[Ranked]:
        visits = self._table.visit([self._history(query) for query in queries])
        best = self._best(visits, candidates, k)
        scores = (best.sums / ONE) / np.array(visits.lengths)[best.owners]
        ranked: list[Ranked] = []
        for number, (out, low, high) in enumerate(
            zip(candidates, [0, *best.ends], best.ends, strict=False)
        ):
            if low < high:
                order = select(scores[low:high], k, total=len(out)) + low
                ranked.append((best.items[order], scores[order]))
            else:
                ranked.append(self._rank_one(visits.only(number), out, k))
        return ranked

    def _best(self, visits: Visits, candidates: Sequence[Candidates], k: int) -> Visits:
        """Return the visits that can be among each history's best `k`, or none of a history.

        None are returned where it takes more than the sums to tell: where fewer than `k` candidates
        have a sum above 0, all others come into question, whether they were visited or not.
        """
        owners, items, sums = visits[:3]
        count = len(candidates)
        is_listed = any(out.allowed is not None for out in candidates)
        if is_listed or self._table.similarity == "pearson":
            return Visits(owners[:0], items[:0], sums[:0], [0] * count, visits.lengths)
        if count == 1:
            return self._best_of_one(visits, candidates[0], k)
        left = sums > 0
        stride = candidates[0].num_items  # with new items, which can be excluded, too
        excluded = [out.excluded + number * stride for number, out in enumerate(candidates)]
        left &= ~in_sorted(owners * stride + items, np.concatenate(excluded))
        owners, items, sums = owners[left], items[left], sums[left]
        bounds = owners.searchsorted(np.arange(count + 1))
        ends, kth = bounds[1:], bounds[:-1] + (k - 1)
        enough = kth < ends
        # Beyond 2**50 two sums can make one score; a little lower ones are looked at, too.
        lowest = np.full(count, _LARGEST)
        order = np.lexsort((-sums, owners))
        lowest[enough] = sums[order[kth[enough]]]
        reaching = sums >= (lowest - (lowest >> 50))[owners]
        owners = owners[reaching]
        ends = owners.searchsorted(np.arange(1, count + 1)).tolist()
        return Visits(owners, items[reaching], sums[reaching], ends, visits.lengths)

    def _best_of_one(self, visits: Visits, out: Candidates, k: int) -> Visits:
        """Return what `_best` does, in half the calls of NumPy, for a query that comes alone."""
        items, sums = visits.items, visits.sums
        left = sums > 0
        left &= ~in_sorted(items, out.excluded)
        items, sums = items[left], sums[left]
        if len(sums) < k:
            items, sums = items[:0], sums[:0]
        elif len(sums) > k:
            lowest = np.partition(sums, len(sums) - k).item(len(sums) - k)
            reaching = sums >= lowest - (lowest >> 50)
            items, sums = items[reaching], sums[reaching]
        return Visits.of_one(items, sums, visits.lengths[0])

    def _rank_one(self, visits: Visits, candidates: Candidates, k: int) -> Ranked:
        if len(visits.items):
            return self._rank_visited(visits, candidates, k)
        if candidates is self._everything:
            return self._cold(k)
        return self._rank_stranger(k, candidates)

    def _rank_stranger(self, k: int, candidates: Candidates | None = None) -> Ranked:
        """Rank for a user of whom nothing is known that has a neighbour."""
        if candidates is None:
            candidates = self._everything
        if len(self._seed_visits.items):
            return self._rank_visited(self._seed_visits, candidates, k)
        return self._rank_catalogue(self._fallback, candidates, k)

    @cached_property
    def _seed_visits(self) -> Visits:
        """What stands in for the history of a user without one."""
        return self._table.visit([self._seeds])

    def _rank_visited(self, visits: Visits, candidates: Candidates, k: int) -> Ranked:
        """Rank for one history, whatever its sums and the candidates are.

        Items that were not visited all score 0. Of these at most k can be among the best, and ties
        go by index, so the k lowest will do.
        """
        _, items, sums, _, (length,) = visits
        if self._table.similarity == "pearson":
            return self._rank_catalogue(self._pearson_scores(visits), candidates, k)
        rest = candidates.lowest(k, set(items.tolist()))
        left = candidates.contain(items)
        items = np.concatenate([items[left], np.array(rest, np.int64)])
        ascending = items.argsort()
        sums = np.concatenate([sums[left], np.zeros(len(rest), np.int64)])[ascending]
        items = items[ascending]
        scores = (sums / ONE) / length
        best = select(scores, k, total=len(candidates))
        return items[best], scores[best]

    def _pearson_scores(self, visits: Visits) -> Scores:
        item_means = self._table.item_means
        scores = np.zeros(max(self.num_items, len(item_means)))
        scores[: len(item_means)] = item_means
        scores[visits.items] += (visits.sums / ONE) / visits.lengths[0]
        return scores[: self.num_items]

    def _rank_catalogue(self, scores: Scores, candidates: Candidates, k: int) -> Ranked:
        items = candidates.indices()
        found = scores_at(scores, items, 0.0)
        best = select(found, k)
        return items[best], found[best]

    # -- diversity -------------------------------------------------------------------------

    def _rank_in_library_order(
        self, query: Query, candidates: Candidates, k: int, given: ItemData | None
    ) -> Ranked:
        _ = given
        visits = self._table.visit([self._history(query)])
        if not len(visits.items):
            visits = self._seed_visits
        scores = self._all_scores(visits) if len(visits.items) else self._fallback
        items = candidates.indices()
        scores = scores_at(scores, items, 0.0)
        best = best_by_nth_element(without_nan(scores), k)
        return items[best], scores[best]

    def _all_scores(self, visits: Visits) -> Scores:
        """Return the score of every item of the catalogue, for one history."""
        if self._table.similarity == "pearson":
            return self._pearson_scores(visits)
        scores = np.zeros(self.num_items)
        scores[visits.items] = (visits.sums / ONE) / visits.lengths[0]
        return scores

    # -- predict and explain ---------------------------------------------------------------

    def _predict(
        self,
        queries: Sequence[Query],
        items: Sequence[NDArray[np.int64]],
        given: ItemData | None,
    ) -> list[Scores]:
        _ = given
        scores: list[Scores] = []
        for here in self._passes(queries):
            visits = self._table.visit([self._history(query) for query in queries[here]])
            scores += [
                self._scores_of(visits.only(number), asked)
                for number, asked in enumerate(items[here])
            ]
        return scores

    def _scores_of(self, visits: Visits, items: NDArray[np.int64]) -> Scores:
        """Return the scores of items for one history; of an unknown one it is 0."""
        if not len(visits.items):
            visits = self._seed_visits
        if not len(visits.items):
            padded = np.append(self._fallback, 0.0)  # an unknown item's index is -1
            return padded[np.minimum(items, self.num_items)]
        places = np.minimum(visits.items.searchsorted(items), len(visits.items) - 1)
        sums = np.where(visits.items[places] == items, visits.sums[places], 0)
        scores: Scores = (sums / ONE) / visits.lengths[0]
        has_mean = (items != UNKNOWN) & (items < len(self._table.item_means))  # pearson
        scores[has_mean] += self._table.item_means[items[has_mean]]
        return scores

    def _explain(
        self,
        query: Query,
        items: Indices,
        scores: Scores,
        given: ItemData | None,
        *,
        as_pairs: bool,
    ) -> list[Why]:
        _ = given, as_pairs  # both score alike
        if not len(items):
            return []
        history = self._history(query)
        if self._table.visits_any(history):
            trained = self._history(replace(query, history=None))
            kinds = kinds_of(query, trained, history)
        elif len(self._seed_visits.items):
            history = self._seeds
            kinds = ["others"] * len(history.items)
        else:
            return explain_means(scores)
        asked = items.astype(np.int64)
        return explain_shares(self._table, history, kinds, asked, scores, self._names)

    def terms_bound(self) -> TermsBound:
        """See `Recommender.terms_bound`."""
        return terms_bound(self.items)

    def _names(self, items: NDArray[np.int64]) -> list[Id]:
        return self.items.ids(items)

    # -- similar items ---------------------------------------------------------------------

    def _similar(self, item: int, k: int) -> Ranked:
        row = self._table.row(item)
        neighbours, values = row[:, 0], row[:, 1].astype(np.float64)
        k = min(k, len(self._table) - 1)
        choose = best_by_nth_element if k <= EXACT_TIES_UP_TO else select
        best = choose(values, k)
        lowest = 0.0 if self._table.similarity == "jaccard" else -1.0
        scores = np.minimum(np.maximum(values[best] / ONE, lowest), 1.0)
        return neighbours[best], scores


def _fallback_scores(model: NeighbourModel, num_items: int) -> Scores:
    """Scores where neither the history nor the seeds have a neighbour."""
    spread = max(1.0, model.mean_max - model.mean_min)
    scores = np.zeros(max(num_items, len(model.mean_scores)))
    scores[: len(model.mean_scores)] = (model.mean_scores - model.mean_min) / spread
    return scores[:num_items]
