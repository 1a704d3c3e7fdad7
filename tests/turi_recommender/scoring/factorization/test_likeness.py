"""How much alike items are: against a product in float64, and what is compared with what."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turi_recommender.scoring.synthetic import factor_model
from turi_recommender.format import FactorModel
from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization.likeness import Cosines
from turi_recommender.scoring.factorization.recommender import FactorizationRecommender

ITEMS = 40
SEEDS = st.integers(0, 2**32 - 1)


def own_factors(model: FactorizationRecommender) -> np.ndarray:
    """Take the items' factors from the saved model itself."""
    details: FactorModel = model._model
    return np.array(details.factors[details.offsets[1] :][:ITEMS], np.float64)


def recommender(seed: int, **options: object) -> FactorizationRecommender:
    saved = factor_model(seed, items=ITEMS, **options)  # type: ignore[arg-type]
    assert isinstance(saved.details, FactorModel)
    return FactorizationRecommender(saved, saved.details)


@given(SEEDS, st.integers(1, 40), st.sampled_from([1, 3, 6, 33]))
def test_compares_the_item_of_that_rank(seed: int, count: int, factors: int) -> None:
    model = recommender(seed, factors=factors)
    items = np.random.default_rng(seed).permutation(ITEMS)[:count]
    cosines = Cosines(model._catalogue, items)
    vectors = own_factors(model)[items]
    vectors /= np.linalg.norm(vectors, axis=1)[:, np.newaxis]
    others = np.random.default_rng(seed).permutation(count)
    for rank in range(count):
        expected = vectors[others] @ vectors[rank]
        assert np.allclose(cosines(rank, others), expected, rtol=0, atol=1e-6)


@given(SEEDS)
def test_many_items_take_several_steps(seed: int) -> None:
    model = recommender(seed)
    items, others = np.arange(ITEMS)[::-1], np.arange(ITEMS)
    whole = Cosines(model._catalogue, items)(3, others)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "EXACT_CHUNK", 7)
        assert (Cosines(model._catalogue, items)(3, others) == whole).all()


def test_nothing_is_like_an_item_without_factors() -> None:
    """Neither one that was not trained, nor one whose factors are zeros."""
    model = recommender(1)
    model._catalogue.stored[model._catalogue.places(np.array([4]))] = 0.0
    cosines = Cosines(model._catalogue, np.array([0, ITEMS, 1, 4, 2]))
    with np.errstate(all="ignore"):
        assert (cosines(1, np.array([0, 2, 3, 4])) == 0.0).all()
        assert (cosines(3, np.array([0, 1, 2, 4])) == 0.0).all()
        assert (cosines(0, np.arange(5)) != 0.0).tolist() == [True, False, True, False, True]
