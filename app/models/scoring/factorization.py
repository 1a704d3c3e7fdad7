"""Recommending by factorization models.

Source: format document, sections 7.4 and 8.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.models.errors import QueryError
from app.models.format import LINEAR, MACHINE, MATRIX, FactorModel, SavedModel
from app.models.scoring import float32
from app.models.scoring.candidates import Candidates
from app.models.scoring.cosine import CosineFilter
from app.models.scoring.exact import (
    ExactForm,
    LinearForm,
    MachineForm,
    MatrixForm,
    SimpleMatrixForm,
)
from app.models.scoring.features import FeatureReader, ItemFeatures, QueryFeatures
from app.models.scoring.ids import UNKNOWN
from app.models.scoring.query import Query
from app.models.scoring.recommender import Indices, Ranked, Recommender, Scores
from app.models.scoring.search import ScoreSearch
from app.models.scoring.similarity import most_similar
from app.models.scoring.topk import EXACT_TIES_UP_TO, select

_CHUNK = 1 << 12
EXACT_WORK = 1 << 11  # up to so many items times factors, searching first does not pay
_USERS_AT_ONCE = 32  # share a matrix product; their scores stay in the cache


class FactorizationRecommender(Recommender):
    """`ranking_factorization_recommender` and `factorization_recommender` models."""

    def __init__(self, saved: SavedModel, model: FactorModel) -> None:
        super().__init__(saved)
        self.num_factors = model.num_factors
        self._model = model
        self._reader = FeatureReader(saved, model)
        self._catalogue = ItemFeatures(model, saved.metadata)
        self._form = self._make_form()
        self._simple_form = self._make_simple_form(saved)
        self._search = None
        if model.mode != LINEAR:
            interactions = model.mode == MACHINE
            self._search = ScoreSearch(model, self._catalogue, interactions=interactions)

    def _make_form(self) -> ExactForm:
        forms: dict[str, Callable[[FactorModel, ItemFeatures], ExactForm]] = {
            MACHINE: MachineForm,
            MATRIX: MatrixForm,
            LINEAR: LinearForm,
        }
        return forms[self._model.mode](self._model, self._catalogue)

    def _make_simple_form(self, saved: SavedModel) -> SimpleMatrixForm | None:
        sides = (saved.metadata.user_side.columns, saved.metadata.item_side.columns)
        if self._model.mode != MATRIX or any(sides):
            return None
        return SimpleMatrixForm(self._model, self._catalogue)

    # -- recommend -------------------------------------------------------------------------

    def _rank_all(
        self, queries: Sequence[Query], candidates: Sequence[Candidates], k: int
    ) -> list[Ranked]:
        answers: list[Ranked] = []
        for low in range(0, len(queries), _USERS_AT_ONCE):
            here = slice(low, low + _USERS_AT_ONCE)
            features = [self._reader.read(query) for query in queries[here]]
            left = self._narrow(features, candidates[here], k)
            for query, *rest in zip(queries[here], features, candidates[here], left, strict=True):
                answers.append(self._rank(query, *rest, k))
        return answers

    def _narrow(
        self, features: Sequence[QueryFeatures], candidates: Sequence[Candidates], k: int
    ) -> list[NDArray[np.int64]]:
        """Return, for each query, candidates enough to score exactly."""
        left: list[NDArray[np.int64]] = [np.empty(0, np.int64)] * len(features)
        searched = []
        for place, (query, out) in enumerate(zip(features, candidates, strict=True)):
            if self._search is None or not self._is_worth_it(len(out), k):
                left[place] = out.indices().astype(np.int64)
            elif out.allowed is not None:
                left[place] = self._search.among(query, out.indices().astype(np.int64), k)
            else:
                searched.append(place)
        if self._search is not None and searched:
            found = self._search.survivors(
                [features[place] for place in searched],
                [candidates[place] for place in searched],
                k,
            )
            for place, items in zip(searched, found, strict=True):
                left[place] = items
        return left

    def _is_worth_it(self, count: int, k: int) -> bool:
        return count > k and count * self._width > EXACT_WORK

    def _rank(
        self,
        query: Query,
        features: QueryFeatures,
        candidates: Candidates,
        items: NDArray[np.int64],
        k: int,
    ) -> Ranked:
        form: ExactForm = self._form
        if self._simple_form is not None and query.user != UNKNOWN and not query.has_context:
            form = self._simple_form
        raw = _in_chunks(lambda chunk: form.scores(features, chunk), items)
        best = select(raw, k, total=len(candidates))
        return self._link(items[best], raw[best], k)

    @property
    def _width(self) -> int:
        return self._model.num_factors

    def _link(self, items: Indices, raw: Scores, k: int) -> tuple[Indices, Scores]:
        """Pass raw scores through the link function of the model's loss."""
        if not self._model.sigmoid:
            return items, raw
        scores = np.array([_sigmoid(score) for score in raw.tolist()])
        if k > EXACT_TIES_UP_TO:  # different raw scores can become equal ones
            order = np.lexsort((items, -scores))
            items, scores = items[order], scores[order]
        return items, scores

    # -- similar items ---------------------------------------------------------------------

    def _similar(self, item: int, k: int) -> tuple[Indices, Scores]:
        if self._width == 0:
            raise QueryError(("model",), "has no factors, so it cannot tell what is similar")
        near = self._cosine_filter.survivors(item, k + 1)
        cosines = self._cosines(item, near)
        if len(near) < self.num_items and _is_unambiguous(cosines, k + 1):
            best, scores = most_similar(cosines, int(np.searchsorted(near, item)), k)
            return near[best], scores
        cosines = _in_chunks(lambda chunk: self._cosines(item, chunk), np.arange(self.num_items))
        return most_similar(cosines, item, k)

    @cached_property
    def _cosine_filter(self) -> CosineFilter:
        return CosineFilter(self._catalogue)

    def _cosines(self, item: int, others: Indices) -> Scores:
        """Return the cosines with an item, as the library computes them in float32."""
        factors = self._catalogue.factors(others)
        own = self._catalogue.factors(np.array([item]))[0]
        row = self._model.offsets[1] + item
        products = float32.matrix_vector(factors, own, row)
        lengths = np.sqrt(float32.square_norm(factors))
        own_length = np.sqrt(float32.square_norm(own[np.newaxis]))
        cosines = (products / (own_length * lengths)).astype(np.float64)
        return np.where(np.isfinite(cosines), cosines, -1.0)


def _in_chunks(score: Callable[[NDArray[np.int64]], Scores], items: NDArray[np.int64]) -> Scores:
    """Score items some thousand at a time: their products then stay in the cache."""
    if len(items) <= _CHUNK:
        return score(items)
    parts = [score(items[low : low + _CHUNK]) for low in range(0, len(items), _CHUNK)]
    return np.concatenate(parts)


def _sigmoid(raw: float) -> float:
    """Return 1 / (1 + exp(-raw)); by the C library's exp, as numpy's differs in the last digit."""
    small = math.exp(-abs(raw))
    return (small if math.copysign(1.0, raw) < 0 else 1.0) / (1.0 + small)


def _is_unambiguous(scores: Scores, k: int) -> bool:
    """Tell whether the best k are the same, in the same order, by any algorithm."""
    if len(scores) <= k:
        return False
    top = np.sort(scores)[::-1][: k + 1]
    return bool((np.diff(top) < 0).all())
