"""The filter may only drop items that cannot be among the most similar."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.turi_recommender.scoring.synthetic import MODELS, factor_model
from turi_recommender.format import FactorModel
from turi_recommender.scoring import make_recommender
from turi_recommender.scoring.factorization import float32
from turi_recommender.scoring.factorization.cosine_filter import CosineFilter
from turi_recommender.scoring.factorization.cosines import cosines
from turi_recommender.scoring.factorization.recommender import FactorizationRecommender
from turi_recommender.scoring.selection.similar import most_similar


@settings(max_examples=200, deadline=None)
@given(MODELS, st.integers(0, 79), st.integers(1, 30))
def test_filtered_cosines_equal_exact_ones(saved: Any, item: int, k: int) -> None:
    model = make_recommender(saved)
    assert isinstance(model, FactorizationRecommender)
    item %= model.num_items
    filtered = model.similar_items([item], k=k)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            CosineFilter, "survivors", lambda self, estimates, k: np.arange(len(estimates))
        )
        exact = model.similar_items([item], k=k)
    assert list(filtered.rows()) == list(exact.rows())


@pytest.mark.parametrize("noise", [1e-4, 3e-4, 1e-3])
def test_cosines_that_differ_by_rounding(noise: float) -> None:
    """Among vectors this close, float32 orders many cosines otherwise than real numbers would."""
    generator = np.random.default_rng(1)
    for _ in range(60):
        saved = factor_model(0, items=300, factors=7, item_side=False)
        details = saved.details
        assert isinstance(details, FactorModel)
        factors = 1.0 + noise * generator.standard_normal(details.factors.shape)
        close = replace(saved, details=replace(details, factors=factors.astype(np.float32)))
        model = make_recommender(close)
        assert isinstance(model, FactorizationRecommender)
        exact = cosines(model._similar_items, 5, np.arange(300))
        for k in (1, 4, 10):
            best = np.flatnonzero(exact >= np.sort(exact)[-k])
            assert np.isin(best, model._similar_items.survivors(5, k)).all()


def with_zero_vectors(items: int, zero: np.ndarray) -> FactorizationRecommender:
    """Return a model of which some items have nothing but zeros."""
    saved = factor_model(2, items=items, factors=7, item_side=False)
    details = saved.details
    assert isinstance(details, FactorModel)
    factors = np.array(details.factors)
    factors[details.offsets[1] + zero] = 0.0
    model = make_recommender(replace(saved, details=replace(details, factors=factors)))
    assert isinstance(model, FactorizationRecommender)
    return model


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
@pytest.mark.parametrize("k", [1, 10, 25])
def test_zero_vectors_are_like_nothing(share: float, k: int) -> None:
    items = 1000
    zero = np.random.default_rng(4).permutation(items)[: int(share * items)]
    model = with_zero_vectors(items, zero)
    other = int(np.setdiff1d(np.arange(items), zero)[0])
    for item in (int(zero[0]), other):
        vectors = model._similar_items.take(np.arange(items))
        first_row = model._similar_items.first_row
        products = float32.matrix_vector(vectors, vectors[item], first_row + item)
        lengths = float32.lengths(vectors)
        with np.errstate(all="ignore"):
            exact = (products / (lengths[item] * lengths)).astype(np.float64)
        exact[~np.isfinite(exact)] = -1.0
        best, scores = most_similar(exact, item, k)
        found = model.similar_items([item], k=k).rankings[0]
        assert list(found.items) == model.items.ids(best)
        assert list(found.scores) == scores.tolist()


def test_zero_vectors_are_ruled_out_with_the_others() -> None:
    model = with_zero_vectors(5000, np.arange(2000))
    assert len(model._similar_items.survivors(4000, 10)) < 20


def test_the_filter_drops_most_of_a_catalogue() -> None:
    """The control: a filter that keeps everything would pass the tests above."""
    model = make_recommender(factor_model(3, items=5000, factors=16))
    assert isinstance(model, FactorizationRecommender)
    assert len(model._similar_items.survivors(7, 10)) < 20
