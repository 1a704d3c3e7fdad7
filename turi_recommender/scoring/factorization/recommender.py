"""Recommending by factorization models.

Source: docs/format.md, sections 7.4 and 8.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turi_recommender.errors import QueryError
from turi_recommender.format import (
    LINEAR,
    MACHINE,
    MATRIX,
    FactorModel,
    SavedModel,
)
from turi_recommender.scoring import limits
from turi_recommender.scoring.candidates import Candidates
from turi_recommender.scoring.counts import history_lengths
from turi_recommender.scoring.diversity import Likeness, key_of_row
from turi_recommender.scoring.factorization.basket_vectors import BasketVectors
from turi_recommender.scoring.factorization.catalogue import Catalogue, ItemFeatures
from turi_recommender.scoring.factorization.exact import (
    ExactForm,
    LinearForm,
    MachineForm,
    MatrixForm,
    Pairs,
    SimpleMatrixForm,
)
from turi_recommender.scoring.factorization.features import FeatureReader, QueryFeatures
from turi_recommender.scoring.factorization.likeness import Cosines
from turi_recommender.scoring.factorization.overlay import GivenItems, Overlay
from turi_recommender.scoring.factorization.parts import Scored, score_each
from turi_recommender.scoring.factorization.search import ScoreSearch
from turi_recommender.scoring.factorization.similar_items import SimilarItemSearch
from turi_recommender.scoring.factorization.similar_users import SimilarUserSearch
from turi_recommender.scoring.factorization.terms import Explainer
from turi_recommender.scoring.factorization.work import Work
from turi_recommender.scoring.given.item_data import ItemData
from turi_recommender.scoring.ids import index_in
from turi_recommender.scoring.lookup import UNKNOWN
from turi_recommender.scoring.query import Query
from turi_recommender.scoring.recommender import Recommender
from turi_recommender.scoring.scorer import Indices, Ranked, Scores
from turi_recommender.scoring.selection.introsort import sort_like_library
from turi_recommender.scoring.selection.nth_element import best_by_nth_element
from turi_recommender.scoring.selection.topk import (
    EXACT_TIES_UP_TO,
    is_strict,
    select,
    without_nan,
)
from turi_recommender.scoring.strangers import differ
from turi_recommender.scoring.terms import TermsBound, Why


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
        self._explainer = Explainer(saved, model, self._catalogue, self._queries)
        users = (model.offsets[0], model.sizes[0], model.num_factors)
        self._user_search = SimilarUserSearch(saved.rows(model.factors), *users)
        self._work = Work(
            saved.metadata.columns,
            self._given,
            self._reader,
            self.users,
            self._catalogue,
            is_searched=self._search is not None,
        )
        self._vectors = BasketVectors(saved, model, self._catalogue)

    @property
    def knows_strangers(self) -> bool:
        """See `Recommender.knows_strangers`: strangers have no factors, so weights must differ."""
        catalogue = self._catalogue
        sides_interact = self._model.mode == MACHINE and catalogue.has_side
        return sides_interact or bool(catalogue.side_linear.any()) or differ(catalogue.linear)

    @property
    def folds_in(self) -> bool:
        """See `Recommender.folds_in`."""
        return self._vectors.why_none is None

    def extra_work(
        self,
        row: Mapping[str, Any],
        k: int,
        *,
        interactions: int = 0,
        user_data: Mapping[str, Any] | None = None,
        fold_in: bool = False,
    ) -> int:
        """See `Recommender.extra_work`: what counts is how many features, and how large."""
        work = self._work.of_row(row, k, user_data)
        if fold_in and interactions > 0:
            user = index_in(row, self.user_column, self.users)
            (trained,) = history_lengths(self.interactions, [user])
            work += self._vectors.work(interactions + trained)
        return work

    def item_data_work(self, rows: Sequence[Mapping[str, Any]]) -> int:
        """See `Recommender.item_data_work`: these items are scored exactly, whatever the search."""
        return self._work.of_items(rows)

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
        overlay = self._overlay(given)
        if len(queries) == 1:
            form, read = self._form_of(queries[0]), self._reader.read(queries[0])
            return self._rank_alike(form, [read], candidates, k, overlay)
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
            form = self._form_of(query)
            kind = (of_query.user is None, len(of_query.others.features), form is self._form)
            alike[kind].append(number)
        answers: dict[int, Ranked] = {}
        for numbers in alike.values():
            form = self._form_of(queries[numbers[0]])
            for low in range(0, len(numbers), limits.QUERIES_AT_ONCE):
                some = numbers[low : low + limits.QUERIES_AT_ONCE]
                ranked = self._rank_alike(
                    form,
                    [features[number] for number in some],
                    [candidates[number] for number in some],
                    k,
                    overlay,
                )
                answers.update(zip(some, ranked, strict=True))
        return [answers[number] for number in range(len(queries))]

    def _form_of(self, query: Query) -> ExactForm:
        """Return how a query's scores are computed."""
        is_trained = query.user != UNKNOWN and query.factors is None
        if self._simple_form is None or query.has_context or not is_trained:
            return self._form
        return self._simple_form

    def _rank_alike(
        self,
        form: ExactForm,
        queries: Sequence[QueryFeatures],
        candidates: Sequence[Candidates],
        k: int,
        overlay: Overlay | None = None,
    ) -> list[Ranked]:
        """Rank for queries that have the same kinds of features."""
        ranked = []
        scored = self._scored(form, queries, candidates, k, overlay)
        for (of_query, scores), out in zip(scored, candidates, strict=True):
            best = select(scores, k, total=len(out))
            ranked.append(self._link(of_query[best], scores[best], k))
        return ranked

    def _scored(
        self,
        form: ExactForm,
        queries: Sequence[QueryFeatures],
        candidates: Sequence[Candidates],
        k: int,
        overlay: Overlay | None,
    ) -> list[Scored]:
        """Return raw scores of the candidates that can be among the best `k` of each query."""
        trained = candidates if overlay is None else [overlay.rest(out) for out in candidates]
        items = self._narrow(queries, trained, k)
        scored = score_each(form, self._catalogue, queries, items)
        return scored if overlay is None else overlay.added(queries, candidates, scored)

    def _overlay(self, given: ItemData | None) -> Overlay | None:
        return None if given is None else given.once(self._make_overlay)

    def _make_overlay(self, given: ItemData) -> Overlay:
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
        scores = self._linked(raw)
        # Different raw scores can become equal ones.
        if self._model.sigmoid and k > EXACT_TIES_UP_TO:
            order = np.lexsort((items, -scores))
            items, scores = items[order], scores[order]
        return items, scores

    def _linked(self, raw: Scores) -> Scores:
        return np.array([_sigmoid(score) for score in raw.tolist()]) if self._model.sigmoid else raw

    def _folded(self, queries: Sequence[Query]) -> list[Query]:
        """See `Recommender`."""
        return self._vectors.folded(queries)

    # -- diversity -------------------------------------------------------------------------

    def _rank_in_library_order(
        self, query: Query, candidates: Candidates, k: int, given: ItemData | None
    ) -> Ranked:
        """See `Recommender`. It chooses twice: by raw scores, then by those that are answered.

        Different raw scores can be answered as equal ones: only equal raw scores take all items.
        """
        form, features = self._form_of(query), [self._reader.read(query)]
        overlay = self._overlay(given)
        items, raw = self._scored(form, features, [candidates], k + 1, overlay)[0]
        best = select(raw, k + 1, total=len(candidates))
        if not is_strict(raw[best]):
            if len(items) < len(candidates):
                items, raw = self._scored(form, features, [candidates], len(candidates), overlay)[0]
            best = best_by_nth_element(without_nan(raw), k)
        best = best[:k]
        scores = self._linked(raw[best])
        order = sort_like_library(without_nan(scores))
        return items[best[order]], scores[order]

    @property
    def _round_work(self) -> int:
        factors = 0 if self._model.mode == LINEAR else self._width
        return limits.DRAW_WORK + factors * limits.LIKENESS_WORK

    @property
    def _order_work(self) -> int:
        features = len(self._model.sizes)  # of a usual row, which has one in each column
        return limits.ORDER_WORK + features * max(self._width, 1) * limits.VALUE_WORK

    def _draw_key(self, query: Query) -> int:
        """See `Recommender`: with a context, all features of the row count."""
        if not query.has_context:
            return super()._draw_key(query)
        is_known = query.user != UNKNOWN
        return key_of_row(
            query.user if is_known else self.num_users,
            sorted((*query.context, *query.unknown), key=lambda entry: entry[:2]),
            self._reader.side_entries(query.user) if is_known else (),
        )

    def _likeness(self, items: Indices) -> Likeness | None:
        if self._model.mode == LINEAR or self._width == 0:
            return None
        return Cosines(self._catalogue, items)

    # -- predict and explain ---------------------------------------------------------------

    def _predict(
        self,
        queries: Sequence[Query],
        items: Sequence[NDArray[np.int64]],
        given: ItemData | None,
    ) -> list[Scores]:
        """See `Recommender`: always by the general form."""
        overlay = self._overlay(given)
        scores: list[Scores] = []
        for low in range(0, len(queries), limits.QUERIES_AT_ONCE):
            here = slice(low, low + limits.QUERIES_AT_ONCE)
            scores += self._predict_some(queries[here], items[here], overlay)
        return scores

    def _predict_some(
        self,
        queries: Sequence[Query],
        items: Sequence[NDArray[np.int64]],
        overlay: Overlay | None,
    ) -> list[Scores]:
        """Predict for queries, of which those that have the same kinds of features share steps."""
        alike: dict[tuple[bool, int], list[tuple[int, QueryFeatures]]] = defaultdict(list)
        for number, query in enumerate(queries):
            features = self._reader.read(query)
            kind = (features.user is None, len(features.others.features))
            alike[kind].append((number, features))
        answers: dict[int, Scores] = {}
        for group in alike.values():
            asked = [items[number] for number, _ in group]
            raw = self._raw(self._form, [features for _, features in group], asked, overlay)
            for (number, _), scores in zip(group, raw, strict=True):
                answers[number] = self._linked(scores)
        return [answers[number] for number in range(len(queries))]

    def _raw(
        self,
        form: ExactForm,
        queries: Sequence[QueryFeatures],
        items: Sequence[NDArray[np.int64]],
        overlay: Overlay | None,
    ) -> list[Scores]:
        """Return the raw scores of items for queries with equally many features."""
        found = [np.empty(len(asked)) for asked in items]
        is_given = [_given_among(asked, overlay) for asked in items]
        is_trained = []
        for query, asked, given, raw in zip(queries, items, is_given, found, strict=True):
            is_unknown = asked == UNKNOWN
            if is_unknown.any():
                raw[is_unknown] = form.without_item(query)
            is_trained.append(~(is_unknown | given))
        _put(found, is_trained, form, self._catalogue, queries, items)
        if overlay is not None:
            places = [overlay.places(asked) for asked in items]
            _put(found, is_given, overlay.form, overlay.items, queries, places)
        return found

    def _explain(
        self,
        query: Query,
        items: Indices,
        scores: Scores,
        given: ItemData | None,
        *,
        as_pairs: bool,
    ) -> list[Why]:
        """See `Recommender`; of logistic models it is the raw scores that are explained."""
        _ = scores
        form = self._form if as_pairs else self._form_of(query)
        overlay = self._overlay(given)
        features, asked = self._reader.read(query), items.astype(np.int64)
        entries = self._reader.entries(query)
        [raw] = self._raw(form, [features], [asked], overlay)
        if overlay is None:
            meetings = _meetings(form, features, asked)
            return self._explainer.explain(features, entries, asked, raw, meetings)
        whys: dict[int, Why] = {}
        is_given = _given_among(asked, overlay)
        for mine, by, explainer, places in (
            (~is_given, form, self._explainer, asked),
            (is_given, overlay.form, self._explainer.over(overlay.items), overlay.places(asked)),
        ):
            meetings = _meetings(by, features, places[mine])
            told = explainer.explain(features, entries, places[mine], raw[mine], meetings)
            whys.update(zip(np.flatnonzero(mine).tolist(), told, strict=True))
        return [whys[place] for place in range(len(asked))]

    def terms_bound(self) -> TermsBound:
        """See `Recommender.terms_bound`."""
        return self._explainer.bound()

    # -- similar items and users -----------------------------------------------------------

    @np.errstate(all="ignore")  # as in `_answer`
    def _similar(self, item: int, k: int) -> tuple[Indices, Scores]:
        self._check_factors()
        return self._similar_items.best(item, k)

    def _similar_users(self, users: Sequence[int], k: int) -> list[tuple[Indices, Scores]]:
        self._check_factors()
        return [*self._user_search.best(users, k)]

    def _check_factors(self) -> None:
        if self._width == 0:
            raise QueryError(("model",), "has no factors, so it cannot tell what is similar")

    @cached_property
    def _similar_items(self) -> SimilarItemSearch:
        return SimilarItemSearch(self._catalogue, self._model.offsets[1])


def _given_among(items: NDArray[np.int64], overlay: Overlay | None) -> NDArray[np.bool_]:
    """Tell which items have side data that comes with the query."""
    return np.zeros(len(items), np.bool_) if overlay is None else overlay.holds(items)


def _put(
    found: Sequence[Scores],
    masks: Sequence[NDArray[np.bool_]],
    form: ExactForm,
    catalogue: Catalogue,
    queries: Sequence[QueryFeatures],
    items: Sequence[NDArray[np.int64]],
) -> None:
    """Score some of the items of each query, and put the scores where the items are.

    Parameters
    ----------
    found : sequence of ndarray of float64
        Where the scores go.
    masks : sequence of ndarray of bool
        Which items.
    form : ExactForm
        How they are scored.
    catalogue : Catalogue
        The items.
    queries : sequence of QueryFeatures
        All with equally many features.
    items : sequence of ndarray of int64
        Positions in the catalogue.
    """
    wanted = [asked[mask] for asked, mask in zip(items, masks, strict=True)]
    if not any(len(some) for some in wanted):
        return
    scored = score_each(form, catalogue, queries, wanted)
    for raw, mask, (_, scores) in zip(found, masks, scored, strict=True):
        raw[mask] = scores


def _meetings(form: ExactForm, query: QueryFeatures, items: NDArray[np.int64]) -> Scores | None:
    """Return what user and item add together, where nothing else interacts."""
    if not isinstance(form, MatrixForm | SimpleMatrixForm) or query.user is None:
        return None
    meetings, is_known = np.zeros(len(items)), items != UNKNOWN
    known = items[is_known]
    if len(known):
        pairs = Pairs([query], np.zeros(len(known), np.int64), known)
        meetings[is_known] = form.meeting(pairs)
    return meetings


def _sigmoid(raw: float) -> float:
    """Return 1 / (1 + exp(-raw)); by the C library's exp, as numpy's differs in the last digit."""
    small = math.exp(-abs(raw))
    return (small if math.copysign(1.0, raw) < 0 else 1.0) / (1.0 + small)
