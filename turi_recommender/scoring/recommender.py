"""What a recommender may be asked, and how a question is checked and translated.

Source: docs/format.md, sections 7.1, 7.2 and 8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.errors import QueryError
from turi_recommender.format import Column
from turi_recommender.scoring.arguments import cast_id, read_choice, read_count, read_list
from turi_recommender.scoring.basket_results import BasketRecommendations
from turi_recommender.scoring.candidates import Candidates, in_sorted
from turi_recommender.scoring.counts import history_lengths, read_counts
from turi_recommender.scoring.diversity import read_spread
from turi_recommender.scoring.given.basis import basis_of
from turi_recommender.scoring.given.item_data import ItemData
from turi_recommender.scoring.lookup import UNKNOWN
from turi_recommender.scoring.pairs import AskedPairs
from turi_recommender.scoring.predictions import Predictions
from turi_recommender.scoring.query import Query
from turi_recommender.scoring.results import (
    Basis,
    Id,
    Ranking,
    Recommendations,
    SimilarItems,
    SimilarUsers,
)
from turi_recommender.scoring.scorer import Indices, Scorer
from turi_recommender.wording import counted


class Recommender(Scorer):
    """A trained model that answers.

    It never changes: unknown users and items in a query are not added to it, so it may be shared
    by any number of threads. A pickle of it holds its path alone: whoever unpickles it loads the
    model from there.

    Attributes
    ----------
    kind : str
        Turi Create's class name, such as "item_similarity".
    path : Path
        The directory it was read from.
    user_column, item_column : Column
        The columns of users and items.
    side_columns : tuple of Column
        Observation side columns: what a query may say of a visit.
    target : str or None
        Name of the target column.
    users, items : IdIndex
        Trained ids.
    num_observations : int
        Rows it was trained on.
    num_factors : int or None
        Factors, for factorization models.
    summary : mapping of str to int, float, bool, str, tuple of str, or None
        What the model says of itself, as saved: options and results of its training, read-only.
        Which names it has depends on `kind` alone (docs/queries.md, section 7); what was not set is
        None. `solver` is what was asked for, and `solver_used` what was used. A float can be
        infinite or NaN where training diverged.
    """

    def __repr__(self) -> str:
        counts = f"{counted(self.num_users, 'user')}, {counted(self.num_items, 'item')}"
        return f"<Recommender {self.kind}, {counts}, from {str(self.path)!r}>"

    def __copy__(self) -> Recommender:
        return self  # it never changes

    def __deepcopy__(self, memo: object) -> Recommender:
        return self

    @property
    def user_side_columns(self) -> tuple[Column, ...]:
        """The columns that a row of `user_data` must have, by their saved names."""
        return self._given.user_side.columns

    @property
    def item_side_columns(self) -> tuple[Column, ...]:
        """The columns that a row of `item_data` must have, by their saved names."""
        return self._given.item_side.columns

    @property
    def side_names_before(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Names that such rows of users, and of items, may use instead, by the saved name.

        Training renamed these columns because another one had their name; nothing else bears it.
        """
        return self._given.user_side.names_before, self._given.item_side.names_before

    def user_counts(self) -> NDArray[np.int64]:
        """Return how many rows of the training data each user has, from the file.

        Returns
        -------
        ndarray of int64, shape (num_users,)
            By index, as `users` has them. A user with the same item twice counts twice; one who was
            known from side data only has 0.

        Raises
        ------
        ModelUnreadableError
            If the model's file can no longer be read.
        """
        return read_counts(self._user_counts, self.num_users)

    def item_counts(self) -> NDArray[np.int64]:
        """Return how many rows of the training data each item has, from the file.

        Returns
        -------
        ndarray of int64, shape (num_items,)
            By index, as `items` has them. As for `user_counts`, these are rows, not distinct users.

        Raises
        ------
        ModelUnreadableError
            If the model's file can no longer be read.
        """
        return read_counts(self._item_counts, self.num_items)

    def history_sizes(
        self, users: Sequence[Id], *, seen: Mapping[Any, Sequence[Id]] | None = None
    ) -> list[int]:
        """Return how many different items the model knows of each user.

        That tells how well a user is known, and costs a microsecond or two for each: nothing is
        scored, and no file is read.

        Parameters
        ----------
        users : sequence of int or str
            User ids; one that the model does not know, or knows from side data alone, has 0 items.
        seen : mapping of int or str to sequence of int or str, optional
            Items that some of these users have seen since the model was trained, by their ids. They
            count like those of the training data, each once; unknown items do not.

        Returns
        -------
        list of int
            One for each user, in the order of the query.

        Raises
        ------
        QueryError
            If an id is of the wrong type; it names the place in the query.

        Examples
        --------
        >>> model.history_sizes([6000, 900000001], seen={900000001: [2250, 2250]})
        """
        listed = read_list(users, "users")
        ids = [self._cast_user(user, position) for position, user in enumerate(listed)]
        found = self.users.find_many(ids)
        sizes = history_lengths(self.interactions, found)
        if seen is None:
            return sizes
        indices = dict(zip(ids, found, strict=True))
        more = {
            one: self._count_new(Query(one, indices[one]), items)
            for one, items in seen.items()
            if one in indices
        }
        return [size + more.get(one, 0) for one, size in zip(ids, sizes, strict=True)]

    def _count_new(self, query: Query, items: Sequence[Id]) -> int:
        """Return how many different items are known, and not in the trained history of a user."""
        known = np.unique(self._known_items(items, "seen", None))
        trained = self._history(query).items
        return len(known) - int(in_sorted(known, trained).sum())

    def recommend(  # noqa: PLR0913 - named arguments, all but one optional
        self,
        users: Sequence[Id | Mapping[str, Any]],
        *,
        k: int = 10,
        exclude_known: bool = True,
        items: Sequence[Id] | None = None,
        exclude: Sequence[Id] | None = None,
        interactions: Sequence[Mapping[str, Any]] | None = None,
        user_data: Sequence[Mapping[str, Any]] | None = None,
        item_data: Sequence[Mapping[str, Any]] | None = None,
        diversity: float = 0.0,
        seed: int | None = None,
        explain: bool = False,
        fold_in: bool = False,
    ) -> Recommendations:
        """Recommend the best `k` items to each user.

        Parameters
        ----------
        users : sequence of int, str or mapping
            User ids, or mappings of column names to values: the user column and any of the
            observation side columns (`side_columns`). Here and below, arrays of one dimension and
            scalars of NumPy, of which data frames are made, will do, too.
        k : int
            Number of items per user; at least 1. A user gets fewer where fewer candidates are left.
        exclude_known : bool
            Whether to leave out the items that the user is known to have interacted with.
        items : sequence of int or str, optional
            Recommend only these. Unknown ones are ignored. An empty list allows nothing.
        exclude : sequence of int or str, optional
            Recommend none of these. Unknown ones are ignored.
        interactions : sequence of mapping, optional
            What users have done since the model was trained: rows of the user column, the item
            column and, where it is known, the target column (1.0 where it is not). Those of users
            who are not asked for have no effect; neither have unknown items. Item similarity and
            item content models add the rest to the trained history (docs/queries.md, section 1);
            the other models only leave these items out, if `exclude_known`, unless they take
            `fold_in`.
        user_data : sequence of mapping, optional
            Side data of users for this call: rows of the user column and all side columns of users,
            by name. A row replaces the trained one; users without a row keep theirs. A model that
            was trained without side data of users ignores it (docs/queries.md, section 2).
        item_data : sequence of mapping, optional
            Side data of items, likewise. An item that the model does not know becomes a candidate
            of every user, in `items` and `exclude`, too. Models other than factorization models
            score it as the library scores an item without interactions.
        diversity : float
            From how many items an answer is drawn: the best ``k * (1 + diversity)``, rounded, of
            which better ones are drawn more likely. They stand in the order of their scores. With
            0, and wherever that number is `k`, the answer is the best `k`.
        seed : int or None
            What the draw depends on: any signed integer of 64 bits; None is 0. The same model,
            row and seed draw the same items, whatever else is asked in the same call.
        explain : bool
            Whether to tell the terms of each score (`Ranking.why`; docs/queries.md, section 9).
        fold_in : bool
            Whether users with interactions are answered by the vector that training would give to
            what they have, with the factors of the items as they are. Turi Create has nothing like
            it (docs/queries.md, section 13). Only models that the solver "ials" trained can
            (`folds_in`). Users without an interaction with a known item are answered as ever.

        Returns
        -------
        Recommendations
            One ranking for each user, in the order of the query; also for users that the model does
            not know.

        Raises
        ------
        QueryError
            If `k` is less than 1, an id or a value is of the wrong type, a column is unknown,
            `diversity` is no finite number of 0 or more, `seed` no such integer, or the model does
            not take `fold_in`; it names the place in the query.
        ModelUnreadableError
            If the model's file can no longer be read.

        Notes
        -----
        Draws are those of Turi Create (docs/queries.md, section 4), with these differences. An
        item that was drawn makes items like *it* more likely in factorization models, and not those
        like some other item. Every unknown user, and the first unknown category of each column,
        counts as the first that Turi Create would learn. There, a seed of None differs from call to
        call.

        Examples
        --------
        >>> visits = [6000, {"visitorid": 6001, "period": "Night"}]
        >>> for user, item, score, rank in model.recommend(visits, k=3).rows():
        ...     print(user, item, score, rank)
        """
        k = read_count(k)
        spread = read_spread(k, diversity, seed)
        exclude_known = read_choice(exclude_known, "exclude_known")
        explain = read_choice(explain, "explain")
        fold_in = read_choice(fold_in, "fold_in")
        rows = read_list(users, "users")
        queries = self._queries.read_all(rows)
        given = None if item_data is None else self._given.items(item_data)
        if interactions is not None:
            queries = self._given.with_interactions(queries, interactions, given, self._history)
        if user_data is not None:
            queries = self._given.with_user_data(queries, user_data)
        if fold_in:
            queries = self._folded(queries)
        everyone = self._candidates(items, exclude, given)
        rankings = self._answer(
            queries,
            everyone,
            k,
            exclude_known=exclude_known,
            given=given,
            spread=spread,
            explain=explain,
        )
        cold = {query.user_id: None for query in queries if query.user == UNKNOWN}
        unknown = [] if interactions is None else _unknown_items(queries)
        return Recommendations(
            [query.user_id for query in queries],
            rankings,
            list(cold),
            self._user_dtype,
            self.items.dtype,
            self._bases(queries),
            unknown,
        )

    def recommend_basket(  # noqa: PLR0913 - named arguments, all but one optional
        self,
        baskets: Sequence[Sequence[Id | Mapping[str, Any]] | Mapping[str, Any]],
        *,
        k: int = 10,
        exclude_known: bool = True,
        items: Sequence[Id] | None = None,
        exclude: Sequence[Id] | None = None,
        item_data: Sequence[Mapping[str, Any]] | None = None,
        diversity: float = 0.0,
        seed: int | None = None,
        explain: bool = False,
        fold_in: bool = False,
    ) -> BasketRecommendations:
        """Recommend the best `k` items to whoever has each basket, such as a visitor not known.

        Parameters
        ----------
        baskets : sequence
            Each is a list of items: their ids, or mappings of the item column and, where it is
            known, the target column (1.0 where it is not). Or it is a mapping of "items" to such a
            list and of the user column and any observation side columns to their values. Without a
            user, a basket is nobody's: a user's that the model does not know. Unknown items have no
            effect.
        k : int
            Number of items per basket; at least 1.
        exclude_known : bool
            Whether to leave out the items of the basket, and those that its user is known to have
            interacted with.
        items, exclude : sequence of int or str, optional
            As for `recommend`.
        item_data : sequence of mapping, optional
            As for `recommend`.
        diversity, seed, explain, fold_in
            As for `recommend`.

        Returns
        -------
        BasketRecommendations
            One ranking for each basket, in the order of the query.

        Raises
        ------
        QueryError, ModelUnreadableError
            As `recommend`.

        Notes
        -----
        Only item similarity and item content models score by what is in a basket, and those that
        take `fold_in`, with it. The others only leave it out (docs/queries.md, sections 1 and 3).

        Examples
        --------
        >>> model.recommend_basket([[5, 7], [{"itemid": 5, "target": 10.0}]], k=3).unknown_items
        []
        """
        k = read_count(k)
        spread = read_spread(k, diversity, seed)
        exclude_known = read_choice(exclude_known, "exclude_known")
        explain = read_choice(explain, "explain")
        fold_in = read_choice(fold_in, "fold_in")
        given = self._given.items(item_data)
        queries = self._given.baskets(baskets, given, self._history)
        if fold_in:
            queries = self._folded(queries)
        everyone = self._candidates(items, exclude, given)
        rankings = self._answer(
            queries,
            everyone,
            k,
            exclude_known=exclude_known,
            given=given,
            spread=spread,
            explain=explain,
        )
        return BasketRecommendations(
            rankings, self.items.dtype, self._bases(queries), _unknown_items(queries)
        )

    def _candidates(
        self, items: Sequence[Id] | None, exclude: Sequence[Id] | None, given: ItemData | None
    ) -> Candidates:
        """Return the candidates of all queries of a call."""
        exclude = () if exclude is None else read_list(exclude, "exclude")
        if items is None and len(exclude) == 0 and given is None:
            return self._everything
        count = self.num_items if given is None else given.num_items
        allowed = None if items is None else self._known_items(items, "items", given)
        return Candidates.of(count, allowed, self._known_items(exclude, "exclude", given))

    def _bases(self, queries: Sequence[Query]) -> list[Basis]:
        """Return what was known of each query."""
        return [basis_of(query, has_history=self._has_history(query)) for query in queries]

    def predict(
        self,
        pairs: Sequence[Mapping[str, Any]],
        *,
        user_data: Sequence[Mapping[str, Any]] | None = None,
        item_data: Sequence[Mapping[str, Any]] | None = None,
        explain: bool = False,
    ) -> Predictions:
        """Score given pairs of user and item.

        Parameters
        ----------
        pairs : sequence of mapping
            Column names to values: the user column, the item column, and any of the observation
            side columns (`side_columns`). A side column that is absent contributes nothing. The
            library demands all of them: where all are given the score is its own, bit for bit.
        user_data, item_data : sequence of mapping, optional
            Side data that replaces the trained one for this call, as for `recommend`.
        explain : bool
            Whether to tell the terms of each score (`Predictions.why`; docs/queries.md, section 9).

        Returns
        -------
        Predictions
            One score for each pair, in the order of the query; also for users, items and categories
            that the model does not know (docs/queries.md, section 6). What a user has already
            interacted with is scored like anything else.

        Raises
        ------
        QueryError
            If an id is missing, an id or a value is of the wrong type, or a column is unknown; it
            names the place in the query, such as ``pairs.3.itemid``.
        ModelUnreadableError
            If the model's file can no longer be read.

        Examples
        --------
        >>> pairs = [{"visitorid": 6000, "itemid": 2250, "period": "Night"}]
        >>> model.predict(pairs).scores
        """
        explain = read_choice(explain, "explain")
        given = self._given.items(item_data)
        find_items = self.items.find_many if given is None else given.find_many
        asked = AskedPairs(pairs, self._queries, self.item_column, find_items)
        queries = asked.queries
        if user_data is not None:
            queries = self._given.with_user_data(queries, user_data)
        with np.errstate(all="ignore"):  # as in `_answer`
            scores = self._predict(queries, asked.indices, given)
            whys = [
                self._explain(query, items, of_query, given, as_pairs=True) if explain else []
                for query, items, of_query in zip(queries, asked.indices, scores, strict=True)
            ]
        return Predictions(
            asked.users,
            asked.items,
            asked.in_order([of_query.tolist() for of_query in scores]),
            asked.in_order(whys) if explain else None,
            self._user_dtype,
            self.items.dtype,
        )

    def check_side_data(self, row: Mapping[str, Any]) -> None:
        """Check side data that is to be given with users later.

        Raises
        ------
        QueryError
            If the model does not know a column, or a value is of the wrong type.
        """
        self._queries.context(row)

    def unknown_values(self, row: Mapping[str, Any]) -> Sequence[tuple[str, Any]]:
        """Return side data of a user's row that the model was not trained with, and so ignores.

        Parameters
        ----------
        row : mapping
            Column names to values, as for `recommend`.

        Returns
        -------
        sequence of (str, value)
            Column and category. Numbers and missing values are never unknown.
        """
        return self._queries.unknown(row)

    def similar_items(self, items: Sequence[Id], *, k: int = 10) -> SimilarItems:
        """Find the `k` items most similar to each item.

        Parameters
        ----------
        items : sequence of int or str
            Item ids; unknown ones get no answer.
        k : int
            Number of similar items per item; at least 1.

        Returns
        -------
        SimilarItems
            One ranking for each known item, in the order of the query.

        Raises
        ------
        QueryError
            If `k` is less than 1, an id is of the wrong type, or the model cannot tell what is
            similar, as one without factors cannot.
        ModelUnreadableError
            If the model's file can no longer be read.
        """
        k = read_count(k)
        known: list[Id] = []
        rankings: list[Ranking] = []
        unknown: dict[Id, None] = {}
        listed = read_list(items, "items")
        ids = [self._cast_item(item, "items", position) for position, item in enumerate(listed)]
        for item_id, index in zip(ids, self.items.find_many(ids), strict=True):
            if index == UNKNOWN:
                unknown[item_id] = None
            else:
                known.append(item_id)
                rankings.append(self._ranking(*self._similar(index, k)))
        return SimilarItems(known, rankings, list(unknown), self.items.dtype)

    def similar_users(self, users: Sequence[Id], *, k: int = 10) -> SimilarUsers:
        """Find the `k` users most similar to each user.

        Parameters
        ----------
        users : sequence of int or str
            User ids; unknown ones get no answer. Several in one call cost much less than as many
            calls, because the model's file is read once for all of them.
        k : int
            Number of similar users per user; at least 1.

        Returns
        -------
        SimilarUsers
            One ranking for each known user, in the order of the query (docs/queries.md, section 5).

        Raises
        ------
        QueryError
            If `k` is less than 1, an id is of the wrong type, or the model cannot tell which users
            are similar: only factorization models with factors and popularity models can.
        ModelUnreadableError
            If the model's file can no longer be read.
        """
        k = read_count(k)
        listed = read_list(users, "users")
        ids = [self._cast_user(user, position) for position, user in enumerate(listed)]
        found = self.users.find_many(ids)
        known = [index for index in found if index != UNKNOWN]
        with np.errstate(all="ignore"):  # as in `_answer`
            ranked = self._similar_users(known, k)
        rankings = [
            Ranking(self.users.ids_in_memory(users), scores.tolist()) for users, scores in ranked
        ]
        asked = list(zip(ids, found, strict=True))
        return SimilarUsers(
            [user for user, index in asked if index != UNKNOWN],
            rankings,
            list(dict.fromkeys(user for user, index in asked if index == UNKNOWN)),
            self.users.dtype,
        )

    def _known_items(self, items: Sequence[Id], argument: str, given: ItemData | None) -> Indices:
        listed = read_list(items, argument)
        ids = [self._cast_item(item, argument, position) for position, item in enumerate(listed)]
        find_many = self.items.find_many if given is None else given.find_many
        indices = np.array(find_many(ids), np.int64)
        known: Indices = indices[indices != UNKNOWN]
        return known

    def _cast_user(self, user: Id, position: int) -> Id:
        try:
            return cast_id(user, self.user_column)
        except QueryError as error:
            raise QueryError(("users", position), error.message) from None

    def _cast_item(self, item: Id, argument: str, position: int) -> Id:
        try:
            return cast_id(item, self.item_column)
        except QueryError as error:
            raise QueryError((argument, position), error.message) from None


def _unknown_items(queries: Sequence[Query]) -> list[tuple[Id, ...]]:
    """Return, for each query, the items of its basket that the model does not know."""
    return [() if query.basket is None else query.basket.unknown for query in queries]
