"""What is folded into vectors and constants is still the score, in real numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.turi_recommender.scoring.synthetic import USERS, factor_model
from turi_recommender.format import MACHINE, MATRIX, FactorModel
from turi_recommender.scoring import limits
from turi_recommender.scoring.factorization.catalogue import ItemFeatures
from turi_recommender.scoring.factorization.fold import fold, typical_length

ITEMS = 50


@pytest.mark.parametrize("chunk", [7, 1000])
@pytest.mark.parametrize("mode", [MACHINE, MATRIX])
def test_a_score_is_a_constant_and_one_product(
    monkeypatch: pytest.MonkeyPatch, mode: str, chunk: int
) -> None:
    monkeypatch.setattr(limits, "FOLD_CHUNK", chunk)
    saved = factor_model(4, mode=mode, items=ITEMS, factors=5)
    model = saved.details
    assert isinstance(model, FactorModel)
    folded = fold(ItemFeatures(model, saved.metadata), interactions=mode == MACHINE)
    side = saved.metadata.item_side
    direction = model.factors[0].astype(np.float64)
    for item in range(ITEMS):
        start, length = int(side.starts[item]), int(side.lengths[item])
        words = side.words[start : start + length].tolist()
        places = [model.offsets[1] + item]
        places += [model.offsets[4 + column] + word for column, word in enumerate(words)]
        expected = sum(float(model.weights[place]) for place in places)
        vectors = model.factors[places if mode == MACHINE else places[:1]].astype(np.float64)
        pairs = vectors @ vectors.T
        expected += float(np.triu(pairs, 1).sum()) + float((vectors @ direction).sum())
        found = folded.constants[item] + folded.vectors[item].astype(np.float64) @ direction
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)
        magnitudes = np.abs(vectors).sum(axis=0)
        assert folded.sizes[item] == pytest.approx(float(np.linalg.norm(magnitudes)))


def test_without_side_data_nothing_is_copied() -> None:
    saved = factor_model(4, items=ITEMS, item_side=False)
    assert isinstance(saved.details, FactorModel)
    catalogue = ItemFeatures(saved.details, saved.metadata)
    folded = fold(catalogue, interactions=True)
    assert folded.vectors is catalogue.stored
    assert folded.constants is catalogue.linear


def test_the_typical_length_is_the_users_median() -> None:
    saved = factor_model(4, mode=MATRIX, items=ITEMS, factors=5)
    model = saved.details
    assert isinstance(model, FactorModel)
    lengths = np.linalg.norm(model.factors[:USERS].astype(np.float64), axis=1)
    assert typical_length(model, interactions=False) == pytest.approx(np.median(lengths))


def test_users_whose_factors_are_not_finite_do_not_count() -> None:
    saved = factor_model(4, mode=MATRIX, items=ITEMS, factors=5)
    model = saved.details
    assert isinstance(model, FactorModel)
    factors = model.factors.copy()
    factors[1:USERS] = np.nan
    length = float(np.linalg.norm(factors[0].astype(np.float64)))
    assert typical_length(replace(model, factors=factors), interactions=False) == length
    factors[0] = np.inf
    with np.errstate(all="ignore"):
        assert typical_length(replace(model, factors=factors), interactions=False) == 0.0
