"""Recommending by factorization models.

Source: docs/format.md, sections 7.4 and 8.
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.errors import QueryError
from turi_recommender.format import (
    LINEAR,
    MACHINE,
    MATRIX,
    Column,
    ColumnMode,
    FactorModel,
    SavedModel,
)
from turi_recommender.scoring import limits
from turi_recommender.scoring.arguments import cast_id
from turi_recommender.scoring.candidates import Candidates
from turi_recommender.scoring.factorization import float32
from turi_recommender.scoring.factorization.catalogue import Catalogue, ItemFeatures
from turi_recommender.scoring.factorization.cosine_filter import CosineFilter
from turi_recommender.scoring.factorization.exact import (
    ExactForm,
    LinearForm,
    MachineForm,
    MatrixForm,
    SimpleMatrixForm,
)
from turi_recommender.scoring.factorization.features import FeatureReader, QueryFeatures
from turi_recommender.scoring.factorization.overlay import GivenItems, Overlay
from turi_recommender.scoring.factorization.parts import score_each
from turi_recommender.scoring.factorization.search import ScoreSearch
from turi_recommender.scoring.given.item_data import ItemData
from turi_recommender.scoring.query import Query
from turi_recommender.scoring.recommender import Indices, Ranked, Recommender, Scores
from turi_recommender.scoring.selection.similar import most_similar
from turi_recommender.scoring.selection.topk import EXACT_TIES_UP_TO, select


class FactorizationRecommender(Recommender):
    """`ranking_factorization_recommender` and `factorization_recommender` models.

    Parameters
    ----------
    saved : SavedModel
        The model that was read.
    model : FactorModel
        Its details.
    """

    def __init__(self, saved: SavedModel, model: FactorModel) -> None:
        super().__init__(saved)
        self.num_factors = model.num_factors
        self._model = model
        self._reader = FeatureReader(saved, model)
        self._catalogue = ItemFeatures(model, saved.metadata)
        self._form = self._make_form(self._catalogue)
        self._simple_form = self._make_simple_form(saved)
        self._search = None
        if model.mode != LINEAR:
            interactions = model.mode == MACHINE
            self._search = ScoreSearch(model, self._catalogue, interactions=interactions)

        self._dear_columns = [
            (position, column.name, column.mode, _means(column))
            for position, column in enumerate(self.side_columns, 2)
            if column.mode not in (ColumnMode.CATEGORICAL, ColumnMode.UNTRANSLATED)
        ]
        # Nearly always these tell at once that a row is usual.
        self._dear_items = self._dear_item_side()
        self._has_long_sides = self._reader.has_long_sides
        self._has_dear_rows = bool(self._dear_columns or self._has_long_sides or self._dear_items)

    def extra_work(
        self,
        row: Mapping[str, Any],
        k: int,
        *,
        interactions: int = 0,
        user_data: Mapping[str, Any] | None = None,
    ) -> int:
        """See `Recommender.extra_work`: what counts is how many features, and how large.

        The search looks at few items as long as a query's features are about as large as those of
        known users; a number far outside the trained range can make it look at all of them.
        """
        _ = interactions  # they only exclude
        if user_data is None and not self._has_dear_rows:
            return 0
        features, is_usual = (0, True) if user_data is None else self._given_side(user_data)
        for position, name, mode, means in self._dear_columns:
            value = row.get(name)
            if value is None:
                if means and name in row:
                    features += means
                continue
            count, magnitude = _size(mode, value)
            features += count
            if is_usual and self._reader.largest(position, magnitude) > limits.USUAL_VALUE:
                is_usual = False
        own = self._long_side(row) if self._has_long_sides and user_data is None else 0
        if is_usual and features <= limits.KEPT_FEATURES and not (own or self._dear_items):
            return 0
        features += own
        is_searched = is_usual and self._search is not None
        looked_at = self.num_items
        if is_searched and features <= limits.SEARCHED_FEATURES:
            looked_at = min(limits.SEARCH_FIRST + limits.SEARCH_GROWTH * k, looked_at)
        values = looked_at * (features + 2) * max(self._width, 1) + self._dear_items
        return values * limits.VALUE_WORK + features * limits.FEATURE_WORK

    def item_data_work(self, rows: Sequence[Mapping[str, Any]]) -> int:
        """See `Recommender.item_data_work`: these items are scored exactly, whatever the search."""
        features = 2 * len(rows)
        for row in rows:
            for _, column, value in self._given.item_side.values(row):
                features += _size(column.mode, value)[0] + (_means(column) if value is None else 0)
        return features * (max(self._width, 1) * limits.VALUE_WORK + limits.FEATURE_WORK)

    def _given_side(self, user_data: Mapping[str, Any]) -> tuple[int, bool]:
        """Return how many features given side data makes at most, and whether all are usual."""
        features, is_usual = 0, True
        for position, column, value in self._given.user_side.values(user_data):
            count, magnitude = _size(column.mode, value)
            features += count + (_means(column) if value is None else 0)
            is_usual &= self._reader.largest(position, magnitude) <= limits.USUAL_VALUE
        return features, is_usual

    def _long_side(self, row: Mapping[str, Any]) -> int:
        """Return how many words of side data a row's user has, if it is more than is usual."""
        try:
            user_id = cast_id(row.get(self.user_column.name), self.user_column)
        except QueryError:
            return 0  # which is refused later
        return self._reader.long_side(self.users.find(user_id))

    def _dear_item_side(self) -> int:
        """Return how many factors the items' side data makes, if it is more than is usual; or 0."""
        looked_at = self.num_items
        if self._search is not None and self._catalogue.max_side <= limits.SEARCHED_FEATURES:
            looked_at = limits.SEARCH_FIRST
        values = self._catalogue.longest_side(looked_at) * max(self._width, 1)
        return values if values > limits.EXACT_VALUES else 0

    def _make_form(self, catalogue: Catalogue) -> ExactForm:
        forms: dict[str, Callable[[FactorModel, Catalogue], ExactForm]] = {
            MACHINE: MachineForm,
            MATRIX: MatrixForm,
            LINEAR: LinearForm,
        }
        return forms[self._model.mode](self._model, catalogue)

    def _make_simple_form(self, saved: SavedModel) -> SimpleMatrixForm | None:
        sides = (saved.metadata.user_side.columns, saved.metadata.item_side.columns)
        if self._model.mode != MATRIX or any(sides):
            return None
        return SimpleMatrixForm(self._model, self._catalogue)

    # -- recommend -------------------------------------------------------------------------

    def _rank_all(
        self,
        queries: Sequence[Query],
        candidates: Sequence[Candidates],
        k: int,
        given: ItemData | None,
    ) -> list[Ranked]:
        """See `Recommender`: as many queries at a time as take bounded memory."""
        overlay = None if given is None else self._overlay(given)
        ranked: list[Ranked] = []
        features: list[QueryFeatures] = []
        held, most = 0, limits.EXACT_VALUES // max(self._width, 1)
        for query in queries:
            features.append(self._reader.read(query))
            held += len(features[-1].others.linear)
            if held > most:
                here = slice(len(ranked), len(ranked) + len(features))
                ranked += self._rank_some(queries[here], features, candidates[here], k, overlay)
                features, held = [], 0
        here = slice(len(ranked), len(queries))
        return ranked + self._rank_some(queries[here], features, candidates[here], k, overlay)

    def _rank_some(
        self,
        queries: Sequence[Query],
        features: Sequence[QueryFeatures],
        candidates: Sequence[Candidates],
        k: int,
        overlay: Overlay | None,
    ) -> list[Ranked]:
        """Rank for queries, of which those that have the same kinds of features share steps."""
        alike: dict[tuple[bool, int, bool], list[int]] = defaultdict(list)
        for number, (query, of_query) in enumerate(zip(queries, features, strict=True)):
            is_simple = self._simple_form is not None and not query.has_context
            kind = (of_query.user is None, len(of_query.others.features), is_simple)
            alike[kind].append(number)
        answers: dict[int, Ranked] = {}
        for (is_cold, _, is_simple), numbers in alike.items():
            form = self._simple_form if is_simple and not is_cold else self._form
            for low in range(0, len(numbers), limits.QUERIES_AT_ONCE):
                some = numbers[low : low + limits.QUERIES_AT_ONCE]
                ranked = self._rank_alike(
                    form or self._form,
                    [features[number] for number in some],
                    [candidates[number] for number in some],
                    k,
                    overlay,
                )
                answers.update(zip(some, ranked, strict=True))
        return [answers[number] for number in range(len(queries))]

    def _rank_alike(
        self,
        form: ExactForm,
        queries: Sequence[QueryFeatures],
        candidates: Sequence[Candidates],
        k: int,
        overlay: Overlay | None,
    ) -> list[Ranked]:
        """Rank for queries that have the same kinds of features."""
        trained = candidates if overlay is None else [overlay.rest(out) for out in candidates]
        items = self._narrow(queries, trained, k)
        scored = score_each(form, self._catalogue, queries, items)
        if overlay is not None:
            scored = overlay.added(queries, candidates, scored)
        ranked = []
        for (of_query, scores), out in zip(scored, candidates, strict=True):
            best = select(scores, k, total=len(out))
            ranked.append(self._link(of_query[best], scores[best], k))
        return ranked

    def _overlay(self, given: ItemData) -> Overlay:
        items = GivenItems(given, self._catalogue, self._reader)
        return Overlay(given, items, self._make_form(items))

    def _narrow(
        self, queries: Sequence[QueryFeatures], candidates: Sequence[Candidates], k: int
    ) -> list[NDArray[np.int64]]:
        """Return, for each query, the candidates that have to be scored exactly."""
        search = self._search
        left: list[NDArray[np.int64]] = [np.empty(0, np.int64)] * len(queries)
        searched = []
        for place, (query, out) in enumerate(zip(queries, candidates, strict=True)):
            if search is None or not self._is_worth_it(len(out), k):
                left[place] = out.indices().astype(np.int64)
            elif out.allowed is not None:
                left[place] = search.among(query, out.indices().astype(np.int64), k)
            else:
                searched.append(place)
        if search is not None and searched:
            found = search.survivors(
                [queries[place] for place in searched],
                [candidates[place] for place in searched],
                k,
            )
            for place, items in zip(searched, found, strict=True):
                left[place] = items
        return left

    def _is_worth_it(self, count: int, k: int) -> bool:
        return count > k and count * self._width > limits.EXACT_WORK

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

    @np.errstate(all="ignore")  # as in `_answer`
    def _similar(self, item: int, k: int) -> tuple[Indices, Scores]:
        if self._width == 0:
            raise QueryError(("model",), "has no factors, so it cannot tell what is similar")
        near = self._cosine_filter.survivors(item, k + 1)
        cosines = self._cosines(item, near)
        if len(near) < self.num_items and _is_unambiguous(cosines, k + 1):
            best, scores = most_similar(cosines, int(np.searchsorted(near, item)), k)
            return near[best], scores
        parts = [
            np.arange(low, min(low + limits.EXACT_CHUNK, self.num_items))
            for low in range(0, self.num_items, limits.EXACT_CHUNK)
        ]
        cosines = np.concatenate([self._cosines(item, part) for part in parts])
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


def _means(column: Column) -> int:
    """Return how many features a missing value of a column makes beyond one."""
    return column.size if column.mode == ColumnMode.NUMERIC_VECTOR else 0


def _size(mode: ColumnMode, value: Any) -> tuple[int, float]:
    """Return how many features a side value makes at most, and their largest magnitude."""
    match mode:
        case ColumnMode.NUMERIC:
            return 1, _magnitude([value])
        case ColumnMode.NUMERIC_VECTOR if isinstance(value, Sequence):
            return len(value), _magnitude(value)
        case ColumnMode.DICTIONARY if isinstance(value, Mapping):
            return len(value), _magnitude(value.values())
        case ColumnMode.CATEGORICAL_LIST if isinstance(value, Sequence):
            return len(value), 1.0
    return 1, 0.0  # not what the column takes: the query will be refused


def _magnitude(values: Iterable[Any]) -> float:
    numbers = [abs(value) for value in values if isinstance(value, int | float)]
    try:
        return float(max(numbers, default=0))
    except OverflowError:  # an integer of hundreds of digits
        return sys.float_info.max


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
