"""What all recommenders do alike with checked queries; each class adds how it scores.

Source: docs/format.md, sections 7.1, 7.2 and 8.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.errors import ModelFormatError, ModelUnreadableError, QueryError
from turi_recommender.format import SavedModel, ValueType
from turi_recommender.scoring import limits
from turi_recommender.scoring.arguments import read_count
from turi_recommender.scoring.candidates import Candidates
from turi_recommender.scoring.diversity import Likeness, Spread, SpreadWork, draw, read_spread
from turi_recommender.scoring.given.item_data import ItemData
from turi_recommender.scoring.given.reader import GivenReader
from turi_recommender.scoring.ids import IdIndex
from turi_recommender.scoring.lookup import UNKNOWN
from turi_recommender.scoring.query import History, Query, QueryReader
from turi_recommender.scoring.results import (
    Ranking,
)
from turi_recommender.scoring.selection.topk import EXACT_TIES_UP_TO, is_strict
from turi_recommender.scoring.terms import TermsBound, Why

Indices = NDArray[np.integer[Any]]
Scores = NDArray[np.float64]
Ranked = tuple[Indices, Scores]


class Scorer(ABC):
    """A trained model, and what it takes to answer queries that were checked and translated.

    What may be asked is in `Recommender`; how the items are scored, in its subclasses.

    Parameters
    ----------
    saved : SavedModel
        The model that was read.
    """

    num_factors: int | None = None

    def __init__(self, saved: SavedModel) -> None:
        metadata = saved.metadata
        self.kind = saved.kind
        self.path = saved.path
        # A mapped page that is gone would kill the process: nothing here stays in the map.
        self.user_column = metadata.user.kept()
        self.item_column = metadata.item.kept()
        self.side_columns = tuple(column.kept() for column in metadata.columns[2:])
        self.target = metadata.target.name if metadata.target else None
        self.num_observations = saved.num_observations
        self.summary = saved.summary
        self._user_counts = saved.rows(metadata.user.counts)
        self._item_counts = saved.rows(metadata.item.counts)
        user, item = metadata.user, metadata.item
        self.users = IdIndex(user.values, user.size, user.value_type)
        self.items = IdIndex(item.values.in_memory(), item.size, item.value_type)
        for column, ids in ((user, self.users), (item, self.items)):
            if ids.has_repeats():
                wanted = f"different ids in the column {column.name}"
                raise ModelFormatError(saved.path, 0, wanted, "one of them twice")
        # Users are answered as they were asked for, cast to the column's type (`cast_id`).
        is_object = user.nullable or user.value_type == ValueType.STRING
        self._user_dtype = np.dtype(object if is_object else np.int64)
        self.interactions = saved.interactions
        self._queries = QueryReader(metadata.columns, self.users)
        self._given = GivenReader(metadata, self.items, self._queries)
        self._everything = Candidates(self.num_items)

    @property
    def num_users(self) -> int:
        """Number of trained users."""
        return len(self.users)

    @property
    def num_items(self) -> int:
        """Number of trained items."""
        return len(self.items)

    @property
    @abstractmethod
    def knows_strangers(self) -> bool:
        """Whether the items score differently for a user whom the model does not know.

        False means that all score the same, so that what such a user gets is an arbitrary list. So
        it is in models of the solvers "als" and "ials" and with `nmf`, which have factors of users
        and items and no weights: to a user without factors every item is alike. What a query says
        besides the id (the context of a visit, a basket, side data) is left out of account here.
        """

    @property
    def folds_in(self) -> bool:
        """Whether `recommend` and `recommend_basket` take `fold_in`.

        They do in factorization models that the solver "ials" trained, unless these have more than
        1,024 factors or do not say how they were trained.
        """
        return False

    def extra_work(
        self,
        row: Mapping[str, Any],
        k: int,
        *,
        interactions: int = 0,
        user_data: Mapping[str, Any] | None = None,
        fold_in: bool = False,
    ) -> int:
        """Estimate what one row of a query may take beyond a usual one, from its sizes alone.

        Most queries of a model take about the same time, which can be measured. Some take far more:
        a user with a very long history, long lists as side data, a number far outside the trained
        range. This tells them apart before any work is done.

        Parameters
        ----------
        row : mapping
            As in `recommend`; it is not checked here.
        k : int
            Number of items for this row.
        interactions : int
            How many interactions, or items of a basket, come with it.
        user_data : mapping, optional
            The side data that comes with it; it is not checked here.
        fold_in : bool
            Whether the interactions make a vector; ignored where `folds_in` is false.

        Returns
        -------
        int
            Elementary operations, such as multiplications, at most; 0 for a usual row.
        """
        _ = row, k, interactions, user_data, fold_in
        return 0

    def spread_work(self, k: int, diversity: float) -> SpreadWork:
        """Estimate what `diversity` adds to one row of a query, before any work is done.

        Parameters
        ----------
        k : int
            Number of items for the row.
        diversity : float
            As in `recommend`.

        Raises
        ------
        QueryError
            If either is not what `recommend` takes.
        """
        k = min(read_count(k), self.num_items)
        spread = read_spread(k, diversity, None)
        selected = k if spread is None else min(spread.selected, self.num_items)
        if selected <= k:
            return SpreadWork(k, 0, 0)
        ties = self.num_items * self._order_work if k <= EXACT_TIES_UP_TO < selected else 0
        return SpreadWork(selected, k * selected * self._round_work, ties)

    @property
    def _round_work(self) -> int:
        """Elementary operations for each item of a round of a draw."""
        return limits.DRAW_WORK

    @property
    def _order_work(self) -> int:
        """Elementary operations for each item where all are put into the library's order."""
        return limits.ORDER_WORK

    def item_data_work(self, rows: Sequence[Mapping[str, Any]]) -> int:
        """Estimate what `item_data` adds to each row of a query, from its sizes alone.

        Reading it takes time, too, once for each call.

        Parameters
        ----------
        rows : sequence of mapping
            As in `recommend`; they are not checked here.

        Returns
        -------
        int
            Elementary operations, at most.
        """
        return len(rows)

    def _answer(
        self,
        queries: Sequence[Query],
        everyone: Candidates,
        k: int,
        *,
        exclude_known: bool,
        given: ItemData | None = None,
        spread: Spread | None = None,
        explain: bool = False,
    ) -> list[Ranking]:
        """Answer queries that were checked and translated, one ranking for each.

        Parameters
        ----------
        queries : sequence of Query
            The users, each with its context and, if it has one of its own, its history.
        everyone : Candidates
            Items that come into question for all of them.
        k : int
            Number of items for each of them.
        exclude_known : bool
            Whether to leave out the items of each query's history.
        given : ItemData, optional
            Items whose side data comes with the query; `everyone` counts the new ones.
        spread : Spread or None
            From how many items each answer is drawn; None for no draw.
        explain : bool
            Whether to tell the terms of the scores of those that are answered.
        """
        candidates = [everyone] * len(queries)
        if exclude_known:
            candidates = [everyone.without(self._known_to(query)) for query in queries]
        # Infinite and undefined scores are answers, too: a model may have diverged in training.
        with np.errstate(all="ignore"):
            if spread is None:
                ranked = self._rank_all(queries, candidates, k, given)
            else:
                ranked = self._rank_drawn(queries, candidates, k, spread, given)
            if not explain:
                return [self._ranking(*answer, given) for answer in ranked]
            whys = [
                self._explain(query, *answer, given, as_pairs=False)
                for query, answer in zip(queries, ranked, strict=True)
            ]
        return [
            self._ranking(*answer, given, why) for answer, why in zip(ranked, whys, strict=True)
        ]

    def _rank_drawn(
        self,
        queries: Sequence[Query],
        candidates: Sequence[Candidates],
        k: int,
        spread: Spread,
        given: ItemData | None,
    ) -> list[Ranked]:
        """Rank more than `k` items for each query, and draw `k` of them."""
        selected = min(spread.selected, max(map(len, candidates), default=0))
        if selected <= k:
            return self._rank_all(queries, candidates, k, given)
        ranked = self._rank_more(queries, candidates, k, selected, given)
        for number, (items, scores) in enumerate(ranked):
            if len(items) > k:
                seed = spread.seed_of(self._draw_key(queries[number]))
                drawn = draw(len(items), k, seed, self._likeness(items))
                ranked[number] = items[drawn], scores[drawn]
        return ranked

    def _rank_more(
        self,
        queries: Sequence[Query],
        candidates: Sequence[Candidates],
        k: int,
        selected: int,
        given: ItemData | None,
    ) -> list[Ranked]:
        """Rank `selected` items, from which `k` are to be drawn.

        What is drawn depends on the order, which the library's selection decides where scores are
        equal. It has to see all candidates, so it runs only where that matters.
        """
        if k > EXACT_TIES_UP_TO or selected <= EXACT_TIES_UP_TO:
            return self._rank_all(queries, candidates, selected, given)
        ranked = self._rank_all(queries, candidates, selected + 1, given)
        for number, (items, scores) in enumerate(ranked):
            if is_strict(scores):
                ranked[number] = items[:selected], scores[:selected]
            else:
                query, out = queries[number], candidates[number]
                ranked[number] = self._rank_in_library_order(query, out, selected, given)
        return ranked

    @abstractmethod
    def _rank_all(
        self,
        queries: Sequence[Query],
        candidates: Sequence[Candidates],
        k: int,
        given: ItemData | None,
    ) -> list[Ranked]:
        """Return, for each query, indices and scores of its best `k` candidates, best first.

        Parameters
        ----------
        queries : sequence of Query
            Whom to recommend to.
        candidates : sequence of Candidates
            One set for each query; it may be empty.
        k : int
            Number of items for each.
        given : ItemData or None
            Items whose side data comes with the query, of which the new ones are candidates, too.
        """

    @abstractmethod
    def _rank_in_library_order(
        self, query: Query, candidates: Candidates, k: int, given: ItemData | None
    ) -> Ranked:
        """Return what `_rank_all` does for one query, with equal scores in the library's order.

        That is the order of docs/format.md, section 7.6, cases a and c, also where `k` is above 10.
        """

    def _likeness(self, items: Indices) -> Likeness | None:
        """Return how much alike the items of an answer are; None if the model cannot tell."""
        _ = items
        return None

    def _draw_key(self, query: Query) -> int:
        """Return what a draw depends on besides its seed: the index of the user.

        Those that the model does not know have the next index, which the library would give the
        first of them. Here it is the same for all, so that nobody's answer depends on others.
        """
        return self.num_users if query.user == UNKNOWN else query.user

    @abstractmethod
    def _similar(self, item: int, k: int) -> tuple[Indices, Scores]:
        """Return the item indices and scores of the `k` items most similar to one."""

    @abstractmethod
    def _predict(
        self,
        queries: Sequence[Query],
        items: Sequence[NDArray[np.int64]],
        given: ItemData | None,
    ) -> list[Scores]:
        """Return the scores of given items for each query.

        Parameters
        ----------
        queries : sequence of Query
            The users, each with its context.
        items : sequence of ndarray of int64
            Item indices for each query; `UNKNOWN` where the model does not know the item.
        given : ItemData or None
            Items whose side data comes with the query.
        """

    @abstractmethod
    def _explain(
        self,
        query: Query,
        items: Indices,
        scores: Scores,
        given: ItemData | None,
        *,
        as_pairs: bool,
    ) -> list[Why]:
        """Return the terms of scores that one query was answered with.

        Parameters
        ----------
        query : Query
            The user, the context and, if it has one of its own, the history.
        items : ndarray of int
            Item indices; `UNKNOWN` where the model does not know the item.
        scores : ndarray of float64
            Their scores.
        given : ItemData or None
            Items whose side data comes with the query.
        as_pairs : bool
            Whether they are those of `_predict`; of `_rank_all` otherwise.
        """

    @abstractmethod
    def terms_bound(self) -> TermsBound:
        """Return how many terms a score has at most, and how long their texts are together."""

    def _similar_users(self, users: Sequence[int], k: int) -> list[tuple[Indices, Scores]]:
        """Return the indices and scores of the `k` users most similar to each of some."""
        _ = users, k
        message = f"is of the class {self.kind}, which cannot tell which users are similar"
        raise QueryError(("model",), message)

    def _folded(self, queries: Sequence[Query]) -> list[Query]:
        """Return the queries with the factors that training would give those with a basket."""
        _ = queries
        message = f"the model is of the class {self.kind}, which makes no vectors of baskets"
        raise QueryError(("fold_in",), message)

    def _has_history(self, query: Query) -> bool:
        """Tell whether training left something of the user that answers are made of."""
        return query.user != UNKNOWN

    def _history(self, query: Query) -> History:
        """Return the query's own history, or else the trained one: empty for a cold user."""
        if query.history is not None:
            return query.history
        if 0 <= query.user < self.interactions.num_users:
            return History(*self.interactions.row(query.user))
        return History(np.empty(0, np.int32), np.empty(0, np.float64))

    def _known_to(self, query: Query) -> Indices:
        """Return the items that `exclude_known` leaves out, ascending, each once."""
        items: Indices = self._history(query).items
        if query.basket is None:
            return items if query.history is None else _each_once(items)
        new = query.basket.new
        return np.concatenate([_each_once(items), new]) if len(new) else _each_once(items)

    def _ranking(
        self,
        items: Indices,
        scores: Scores,
        given: ItemData | None = None,
        why: list[Why] | None = None,
    ) -> Ranking:
        try:
            ids = self.items.ids(items) if given is None else given.ids(items)
            return Ranking(ids, scores.tolist(), why)
        except IndexError as error:  # all indices were checked when the model was loaded
            reason = "the file has changed: an item beyond the catalogue"
            raise ModelUnreadableError(self.path, 0, reason) from error


def _each_once(items: Indices) -> Indices:
    """Return ascending items without repeats."""
    differs = items[1:] != items[:-1]
    return items if differs.all() else np.concatenate([items[:1], items[1:][differs]])
