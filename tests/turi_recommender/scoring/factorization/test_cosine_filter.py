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
from turi_recommender.scoring.factorization.cosine_filter import CosineFilter
from turi_recommender.scoring.factorization.cosines import cosines
from turi_recommender.scoring.factorization.recommender import FactorizationRecommender


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


def test_the_filter_drops_most_of_a_catalogue() -> None:
    """The control: a filter that keeps everything would pass the tests above."""
    model = make_recommender(factor_model(3, items=5000, factors=16))
    assert isinstance(model, FactorizationRecommender)
    assert len(model._similar_items.survivors(7, 10)) < 20
