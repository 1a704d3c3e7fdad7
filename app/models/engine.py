"""The engine: every endpoint's way to a model.

::

    query -> choose a model -> price -> in a batch, at once, or in a worker thread
          -> score -> time -> note -> write the answer

Whoever asks says what is asked (`queries`) and how the answer is written. Where and when it is
scored, what is counted and what the log line says is decided here alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TypeVar

from anyio import to_thread

from turi_recommender import Recommendations, SimilarItems
from turi_recommender.errors import QueryError
from turi_recommender.versions import ModelEntry

from ..limits import INLINE_ANSWERS, INLINE_ROWS
from ..observability.metrics import Metrics
from ..observability.notes import note
from .batching import Batches
from .loaded import LoadedModels
from .queries import RecommendQuery, SimilarQuery
from .roles import Role, Row, choose

Answer = TypeVar("Answer")
WriteRecommendations = Callable[[ModelEntry, Recommendations], Answer]
WriteSimilar = Callable[[ModelEntry, SimilarItems], Answer]

_Key = tuple[Role, bool, int, bool]  # role, side_data_defaults, k, exclude_known


class Engine:
    """Answer queries by the loaded models.

    Parameters
    ----------
    models : LoadedModels
        Who answers.
    metrics : Metrics
        Where calls are counted.
    max_answers : int
        Most answers that one query may ask for: rows times `k`.
    """

    def __init__(self, models: LoadedModels, metrics: Metrics, max_answers: int) -> None:
        self.models = models
        self._metrics = metrics
        self._max_answers = max_answers
        self._batches = Batches(self._recommend_together)

    async def recommend(self, query: RecommendQuery, write: WriteRecommendations[Answer]) -> Answer:
        """Recommend items to users.

        Parameters
        ----------
        query : RecommendQuery
            What is asked.
        write : callable
            Takes the model and its recommendations, and returns the answer; called where the query
            was scored, so that a long answer is written off the event loop.

        Raises
        ------
        ModelUnavailableError
            If the model that it takes is not loaded.
        QueryError
            If that model cannot be asked so, or the query asks for too much.
        """
        self._check_size(len(query.users), query.k)
        if _is_small(len(query.users), query.k):
            if query.is_restricted:
                return self._recommend_alone(query, write)
            role = query.choice if query.choice != "auto" else choose(query.users)
            key = (role, query.side_data_defaults, query.k, query.exclude_known)
            return self._write(query, write, *await self._batches.ask(key, query.users))
        return await to_thread.run_sync(self._recommend_alone, query, write)

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
            If it cannot be asked so, or the query asks for too much.
        """
        self._check_size(len(query.items), query.k)
        if _is_small(len(query.items), query.k):
            return self._similar_alone(query, write)
        return await to_thread.run_sync(self._similar_alone, query, write)

    def _check_size(self, rows: int, k: int) -> None:
        if rows * k > self._max_answers:
            message = f"{rows} rows times {k} are more than {self._max_answers} answers"
            raise QueryError(("k",), message)

    # -- scoring ---------------------------------------------------------------------------

    def _recommend_together(
        self, key: _Key, requests: Sequence[Sequence[Row]]
    ) -> Sequence[tuple[ModelEntry, Recommendations]]:
        """Answer several small queries of the same kind by one call of the model."""
        role, side_data_defaults, k, exclude_known = key
        rows = [row for request in requests for row in request]
        query = RecommendQuery(rows, k, role, side_data_defaults, exclude_known)
        entry, found = self._score(query)
        return [(entry, part) for part in found.split([len(request) for request in requests])]

    def _recommend_alone(
        self, query: RecommendQuery, write: WriteRecommendations[Answer]
    ) -> Answer:
        return self._write(query, write, *self._score(query))

    def _score(self, query: RecommendQuery) -> tuple[ModelEntry, Recommendations]:
        started = perf_counter()
        entry, found = self.models.recommend(query)
        took = perf_counter() - started
        self._metrics.count(entry.name, took, len(query.users), len(found.cold_users))
        return entry, found

    def _similar_alone(self, query: SimilarQuery, write: WriteSimilar[Answer]) -> Answer:
        started = perf_counter()
        entry, found = self.models.similar_items(query.items, role=query.role, k=query.k)
        self._metrics.count(entry.name, perf_counter() - started)
        note(model=entry.name, version=entry.version, items=len(query.items), k=query.k)
        return write(entry, found)

    @staticmethod
    def _write(
        query: RecommendQuery,
        write: WriteRecommendations[Answer],
        entry: ModelEntry,
        found: Recommendations,
    ) -> Answer:
        note(
            model=entry.name,
            version=entry.version,
            users=len(found.users),
            k=query.k,
            cold=len(found.cold_users),
        )
        return write(entry, found)


def _is_small(rows: int, k: int) -> bool:
    """Tell whether a query is answered on the event loop."""
    return rows <= INLINE_ROWS and rows * k <= INLINE_ANSWERS
