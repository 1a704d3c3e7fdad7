"""No score of the library may be farther from the real one than its error says."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from tests.turi_recommender.scoring.factorization.odd.test_search import MODELS, ROWS
from turi_recommender.format import MACHINE
from turi_recommender.scoring import make_recommender
from turi_recommender.scoring.factorization import float32
from turi_recommender.scoring.factorization.exact import Pairs
from turi_recommender.scoring.factorization.fold import Folded, fold
from turi_recommender.scoring.factorization.odd import rounding as rounding_module
from turi_recommender.scoring.factorization.odd.rounding import Rounding, product_error
from turi_recommender.scoring.factorization.recommender import FactorizationRecommender


def exact_dot(one: Any, other: Any) -> Fraction:
    pairs = zip(one.tolist(), other.tolist(), strict=True)
    return sum((Fraction(x) * Fraction(y) for x, y in pairs), Fraction(0))


def folded(model: FactorizationRecommender) -> Folded:
    catalogue = model._catalogue
    in_order = catalogue.factors(np.arange(catalogue.count))
    catalogue.stored, catalogue._places = in_order, None
    return fold(catalogue, interactions=True)


@settings(max_examples=300, deadline=None)
@given(MODELS, ROWS)
def test_errors_cover_all_scores(saved: Any, row: dict[str, Any]) -> None:
    model = make_recommender(saved)
    assert isinstance(model, FactorizationRecommender)
    with np.errstate(all="ignore"):
        query = model._reader.read(model._queries.read(row, 0))
        if saved.details.mode != MACHINE or not query.others.features:
            return
        linear = float(3 * np.abs(saved.details.weights).max())  # an item has three at most
        rounding = Rounding(query, model._catalogue.max_side, saved.details.intercept, linear)
        if not (rounding.is_finite and rounding.is_sound):
            return
        vectors, constants, sizes = folded(model)
        if not sizes.max() < 1e17:
            return
        everything = np.arange(model.num_items)
        scores = model._form.scores(Pairs([query], 0 * everything, everything))
        exact = [exact_dot(vector, rounding.total) for vector in vectors.astype(np.float64)]
        error = rounding.error + product_error(rounding.total)
        allowed = error.of(sizes) + 2.0**-22 * np.abs(constants)
    known = Fraction(rounding.constant)
    for score, constant, product, most in zip(
        scores.tolist(), constants.tolist(), exact, allowed.tolist(), strict=True
    ):
        assert abs(Fraction(score) - known - Fraction(constant) - product) <= Fraction(most)


class Depth:
    """A number that knows how often it was rounded at most."""

    def __init__(self, depth: int) -> None:
        self.depth = depth

    def __add__(self, other: Depth) -> Depth:
        """Return the sum, which is rounded once more."""
        return Depth(1 + max(self.depth, other.depth))


@pytest.mark.parametrize("width", [4, 7, 8, 12, 16, 31, 32, 40])
def test_as_many_roundings_are_charged_as_a_sum_has(width: int) -> None:
    products = np.array([[Depth(1)] for _ in range(width)], object)
    (total,) = float32.dot_columns(products)
    assert total.depth == rounding_module._depth(width)
