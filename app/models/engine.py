"""The engine: every endpoint's way to a model.

::

    query -> choose a model -> price -> in a batch, at once, or piece by piece in a pool of threads
          -> score -> time -> note -> write the answer

The caller says what is asked (`queries`) and how the answer is written. Where and when the query is
scored, what is counted, and what the log line says is decided here alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import TypeVar

from turi_recommender import (
    BasketRecommendations,
    Id,
    Predictions,
    Recommendations,
    Recommender,
    SimilarItems,
    SimilarUsers,
)
from turi_recommender.errors import QueryError
from turi_recommender.versions import ModelEntry

from ..limits import BATCH_ANSWERS, BATCH_ROWS, BATCH_SECONDS
from ..observability.metrics import Metrics
from .batching import Batches
from .current import caller, is_long, note
from .execution import Asked, Execution
from .loaded import LoadedModels
from .pace import Pace
from .parts import NO_OTHERS, Others, Part, Plan, at_places, given_for, put_together
from .price import Ceilings, Price, price_of_baskets, price_of_recommend, price_of_similar
from .price_pairs import price_of_predict
from .price_users import price_of_similar_users
from .queries import (
    BasketQuery,
    PredictQuery,
    RecommendQuery,
    SimilarQuery,
    SimilarUsersQuery,
)
from .roles import Role, Row
from .turns import Turns

Answer = TypeVar("Answer")
Query = TypeVar("Query")
PriceOf = Callable[[Query, Recommender, Pace, Ceilings], Price]
WriteRecommendations = Callable[[ModelEntry, Recommendations, Others], Answer]
WriteBaskets = Callable[[ModelEntry, BasketRecommendations], Answer]
WriteSimilar = Callable[[ModelEntry, SimilarItems], Answer]
WriteSimilarUsers = Callable[[ModelEntry, SimilarUsers], Answer]
WritePredictions = Callable[[ModelEntry, Predictions], Answer]

_Key = tuple[Role, bool, int, bool]  # role, side_data_defaults, k, exclude_known


class Engine:
    """Answer queries by the loaded models.

    Parameters
    ----------
    models : LoadedModels
        The models that answer.
    metrics : Metrics
        Where calls are counted.
    ceilings : Ceilings
        What one query may ask for at most.
    turns : Turns
        Whose turn it is to take longer on the event loop.
    """

    def __init__(
        self, models: LoadedModels, metrics: Metrics, ceilings: Ceilings, turns: Turns
    ) -> None:
        self.models = models
        self._metrics = metrics
        self._ceilings = ceilings
        self._turns = turns
        self._batches = Batches(self._recommend_together, self._rows_together)
        self._basket_batches = Batches(self._baskets_together, self._rows_together)
        self._execution = Execution(turns)

    def close(self) -> None:
        """Take no more long work."""
        self._execution.close()

    async def recommend(self, query: RecommendQuery, write: WriteRecommendations[Answer]) -> Answer:
        """Recommend items to users.

        Parameters
        ----------
        query : RecommendQuery
            What is asked.
        write : callable
            Takes the model, the recommendations, and who gave those that the model did not give;
            returns the answer. It is called where the query was scored, so that a long answer is
            written off the event loop.

        Raises
        ------
        ModelUnavailableError
            If the model that it takes is not loaded.
        QueryError
            If that model cannot answer such a query, or the query is too expensive.
        OverloadedError
            If too many large answers are being made.
        """
        role = self.models.role_of(query)
        _, price = await self._priced(price_of_recommend, query, role)
        plan = await self._plan(query, role, price)
        if plan is None:
            return await self._recommend_by(role, query, price, write)
        return await self._share(query, plan, price, write)

    async def _plan(self, query: RecommendQuery, role: Role, price: Price) -> Plan | None:
        """Return who answers which rows of a query, if more than one model does.

        Parameters
        ----------
        query : RecommendQuery
            What is asked.
        role : {"similarity", "ranking", "newcomer"}
            The role that it takes as a whole.
        price : Price
            What it costs.
        """
        if self.models.table is None or query.choice != "auto":
            return self.models.plan(query, role)
        # Every model looks for every user, which takes some microseconds where ids are texts.
        return await self._execution.run(price, lambda: self.models.plan(query, role))

    async def _recommend_by(
        self, role: Role, query: RecommendQuery, price: Price, write: WriteRecommendations[Answer]
    ) -> Answer:
        """Answer a query by the model of one role.

        Parameters
        ----------
        role : {"similarity", "ranking", "newcomer"}
            The role.
        query : RecommendQuery
            What is asked.
        price : Price
            What it costs.
        write : callable
            See `recommend`.
        """
        if price.is_small and not price.takes_turn:
            return self._write(
                query, write, *await self._batches.ask(_key(role, query), query.users)
            )
        entry = self.models.need(role)

        def find(users: Sequence[Row]) -> Recommendations:
            return self._score(query._replace(users=users, choice=role), entry)

        def finish(found: Recommendations) -> Answer:
            return self._write(query, write, entry, found)

        asked = Asked("users", query.users, find, Recommendations.joined)
        return await self._execution.answer(price, asked, finish)

    async def _share(
        self, query: RecommendQuery, plan: Plan, price: Price, write: WriteRecommendations[Answer]
    ) -> Answer:
        """Answer a query by the models of several roles, or by one that is asked for less.

        Parameters
        ----------
        query : RecommendQuery
            What is asked.
        plan : Plan
            Who answers which rows.
        price : Price
            What the whole query costs.
        write : callable
            See `recommend`.
        """
        first, *more = plan.parts
        if len(more) == 0 and first.role == plan.named:
            return await self._recommend_part(self._part_of(query, plan, first), first, write)
        host = self.models.need(plan.named)
        entries: list[ModelEntry] = []
        answers: list[Recommendations] = []
        for part in plan.parts:
            mine = self._part_of(query, plan, part)
            entry, found = await self._recommend_part(mine, part, _found)
            host = entry if part.role == plan.named else host
            entries.append(entry)
            answers.append(found)

        def work() -> Answer:
            others = {
                position: entry
                for part, entry in zip(plan.parts, entries, strict=True)
                if entry is not host
                for position in part.positions
            }
            found = put_together(query, plan.parts, answers)
            return self._write(query, write, host, found, others)

        return await self._execution.run(price, work)

    def _part_of(self, query: RecommendQuery, plan: Plan, part: Part) -> RecommendQuery:
        """Return what the model of a part is asked."""
        rows = [query.users[place] for place in part.positions]
        guest = self.models.need(part.role).model
        users = self.models.visits.rows_for(guest, part.role, plan.source, rows)
        if part.role == plan.source:
            return query._replace(users=users)
        host = self.models.need(plan.source).model
        return query._replace(users=users, given=given_for(query.given, host, guest))

    async def _recommend_part(
        self, query: RecommendQuery, part: Part, write: WriteRecommendations[Answer]
    ) -> Answer:
        """Answer some rows of a query by the model of a role.

        Parameters
        ----------
        query : RecommendQuery
            The rows.
        part : Part
            Who answers, and where the rows stand in the whole query, for errors.
        write : callable
            See `recommend`.
        """
        try:
            _, price = self._price(price_of_recommend, query, part.role)
            return await self._recommend_by(part.role, query, price, write)
        except QueryError as error:
            raise at_places(part.positions, error) from None

    async def recommend_baskets(self, query: BasketQuery, write: WriteBaskets[Answer]) -> Answer:
        """Recommend items to baskets.

        Parameters
        ----------
        query : BasketQuery
            What is asked.
        write : callable
            Takes the model and its answer, and returns what is sent; see `recommend`.

        Raises
        ------
        ModelUnavailableError, QueryError, OverloadedError
            As `recommend`.
        """
        entry, price = await self._priced(price_of_baskets, query, query.role)

        def find(baskets: Sequence[Sequence[Row] | Row]) -> BasketRecommendations:
            return self._score_baskets(query._replace(baskets=baskets), entry)

        def finish(found: BasketRecommendations) -> Answer:
            note(model=entry.name, version=entry.version, baskets=len(query.baskets), k=query.k)
            return write(entry, found)

        if price.is_small and not price.takes_turn:
            entry, shared = await self._basket_batches.ask(_key(query.role, query), query.baskets)
            return finish(shared)
        asked = Asked("baskets", query.baskets, find, BasketRecommendations.joined)
        return await self._execution.answer(price, asked, finish)

    async def similar_items(self, query: SimilarQuery, write: WriteSimilar[Answer]) -> Answer:
        """Find items that are similar to items.

        Parameters
        ----------
        query : SimilarQuery
            What is asked.
        write : callable
            Takes the model and its answer, and returns what is sent; see `recommend`.

        Raises
        ------
        ModelUnavailableError
            If the model is not loaded.
        QueryError
            If the model cannot answer such a query, or the query is too expensive.
        OverloadedError
            If too many large answers are being made.
        """
        entry, price = await self._priced(price_of_similar, query, query.role)

        def find(items: Sequence[Id]) -> SimilarItems:
            with self._timed(entry):
                return self.models.similar_items(query._replace(items=items), entry)[1]

        def finish(found: SimilarItems) -> Answer:
            note(model=entry.name, version=entry.version, items=len(query.items), k=query.k)
            return write(entry, found)

        asked = Asked("items", query.items, find, SimilarItems.joined)
        return await self._execution.answer(price, asked, finish)

    async def similar_users(
        self, query: SimilarUsersQuery, write: WriteSimilarUsers[Answer]
    ) -> Answer:
        """Find users who are similar to users.

        Parameters
        ----------
        query : SimilarUsersQuery
            What is asked.
        write : callable
            Takes the model and its answer, and returns what is sent; see `recommend`.

        Raises
        ------
        ModelUnavailableError, QueryError, OverloadedError
            As `similar_items`.
        """
        entry, price = await self._priced(price_of_similar_users, query, query.role)

        def find(users: Sequence[Id]) -> SimilarUsers:
            with self._timed(entry):
                return self.models.similar_users(query._replace(users=users), entry)[1]

        def finish(found: SimilarUsers) -> Answer:
            note(model=entry.name, version=entry.version, users=len(query.users), k=query.k)
            return write(entry, found)

        asked = Asked("users", query.users, find, SimilarUsers.joined)
        return await self._execution.answer(price, asked, finish)

    async def predict(self, query: PredictQuery, write: WritePredictions[Answer]) -> Answer:
        """Score given pairs of user and item.

        Parameters
        ----------
        query : PredictQuery
            What is asked.
        write : callable
            Takes the model and its answer, and returns what is sent; see `recommend`.

        Raises
        ------
        ModelUnavailableError, QueryError, OverloadedError
            As `similar_items`.
        """
        entry, price = await self._priced(price_of_predict, query, query.role)

        def find(pairs: Sequence[Row]) -> Predictions:
            with self._timed(entry):
                return self.models.predict(query._replace(pairs=pairs), entry)[1]

        def finish(found: Predictions) -> Answer:
            note(model=entry.name, version=entry.version, pairs=len(query.pairs))
            return write(entry, found)

        asked = Asked("pairs", query.pairs, find, Predictions.joined)
        return await self._execution.answer(price, asked, finish)

    async def _priced(
        self, price_of: PriceOf[Query], query: Query, role: Role
    ) -> tuple[ModelEntry, Price]:
        """Return who answers a query, and what it costs; see `_price`.

        A long one has been parsed in this turn, which takes as long as pricing it does.
        """
        if is_long():
            await self._turns.take(caller())
        return self._price(price_of, query, role)

    def _price(
        self, price_of: PriceOf[Query], query: Query, role: Role
    ) -> tuple[ModelEntry, Price]:
        """Return who answers a query, and what it costs.

        Parameters
        ----------
        price_of : callable
            Takes the query, the model, its pace and the ceilings.
        query : RecommendQuery or another
            What is asked.
        role : {"similarity", "ranking", "newcomer"}
            Whose model answers.
        """
        entry, pace = self.models.need(role), self.models.pace(role)
        return entry, price_of(query, entry.model, pace, self._ceilings)

    # -- scoring ---------------------------------------------------------------------------

    def _recommend_together(
        self, key: _Key, requests: Sequence[Sequence[Row]]
    ) -> Sequence[tuple[ModelEntry, Recommendations]]:
        """Answer several small queries of the same kind by one call of the model."""
        role, side_data_defaults, k, exclude_known = key
        rows = [row for request in requests for row in request]
        query = RecommendQuery(rows, k, role, side_data_defaults, exclude_known)
        entry = self.models.need(role)
        found = self._score(query, entry)
        return [(entry, part) for part in found.split([len(request) for request in requests])]

    def _baskets_together(
        self, key: _Key, requests: Sequence[Sequence[Sequence[Row] | Row]]
    ) -> Sequence[tuple[ModelEntry, BasketRecommendations]]:
        """Answer several small queries for baskets, likewise."""
        role, side_data_defaults, k, exclude_known = key
        baskets = [basket for request in requests for basket in request]
        query = BasketQuery(baskets, k, role, side_data_defaults, exclude_known)
        entry = self.models.need(role)
        found = self._score_baskets(query, entry)
        return [(entry, part) for part in found.split([len(request) for request in requests])]

    def _rows_together(self, key: _Key) -> int:
        """Return how many rows one call of a model may answer without holding up others."""
        seconds = self.models.pace(key[0]).row_seconds
        by_time = int(BATCH_SECONDS / max(seconds, BATCH_SECONDS / BATCH_ROWS))
        return max(min(by_time, BATCH_ANSWERS // key[2]), 1)

    def _score(self, query: RecommendQuery, entry: ModelEntry) -> Recommendations:
        started = perf_counter()
        _, found = self.models.recommend(query, entry)
        took = perf_counter() - started
        self._metrics.count(entry.name, took, len(query.users), len(found.cold_users))
        return found

    def _score_baskets(self, query: BasketQuery, entry: ModelEntry) -> BasketRecommendations:
        with self._timed(entry, users=len(query.baskets)):
            return self.models.recommend_baskets(query, entry)[1]

    @contextmanager
    def _timed(self, entry: ModelEntry, users: int = 0) -> Iterator[None]:
        """Count a call of a model, how many users it answers, and the time that it takes."""
        started = perf_counter()
        yield
        self._metrics.count(entry.name, perf_counter() - started, users)

    @staticmethod
    def _write(
        query: RecommendQuery,
        write: WriteRecommendations[Answer],
        entry: ModelEntry,
        found: Recommendations,
        others: Others = NO_OTHERS,
    ) -> Answer:
        note(
            model=entry.name,
            version=entry.version,
            users=len(found.users),
            k=query.k,
            cold=len(found.cold_users),
        )
        return write(entry, found, others)


def _key(role: Role, query: RecommendQuery | BasketQuery) -> _Key:
    """Return what queries must have in common to be answered together."""
    return role, query.side_data_defaults, query.k, query.exclude_known


def _found(
    entry: ModelEntry, found: Recommendations, _: Others
) -> tuple[ModelEntry, Recommendations]:
    return entry, found
