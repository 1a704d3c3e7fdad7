"""Vectors of baskets, against a textbook's solution with whole matrices (docs/queries.md, 13)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.turi_recommender.scoring.synthetic import (
    USERS,
    factor_model,
    ials_model,
    neighbour_model,
)
from turi_recommender import Recommender, recommend, recommend_basket
from turi_recommender.errors import QueryError
from turi_recommender.format import MACHINE, FactorModel, SavedModel
from turi_recommender.scoring import limits, make_recommender
from turi_recommender.scoring.factorization import basket_vectors
from turi_recommender.scoring.factorization.basket_vectors import Objective

ITEMS, STRANGER = 40, 99
SEEDS = st.integers(0, 2**32 - 1)
VALUES = st.sampled_from([0.0, 0.25, 1.0, 10.0, 50.0])
BASKETS = st.dictionaries(st.integers(0, ITEMS - 1), VALUES, min_size=1, max_size=8)

Matrix = NDArray[np.float64]


def item_factors(saved: SavedModel) -> Matrix:
    details = saved.details
    assert isinstance(details, FactorModel)
    start = details.offsets[1]
    return details.factors[start : start + details.sizes[1]].astype(np.float64)


def textbook(factors: Matrix, confidences: Matrix, regularization: float) -> Matrix:
    """Return (Y'CY + regularization)^-1 Y'Cp; p is 1 where the confidence is above 1, or is NaN.

    Parameters
    ----------
    factors : ndarray of float64, shape (items, K)
        Y.
    confidences : ndarray of float64, shape (items,)
        The diagonal of C; NaN for items that are not in the basket, whose confidence is 1.
    regularization : float
        What is added to the diagonal.
    """
    liked = ~np.isnan(confidences)
    whole = np.diag(np.where(liked, confidences, 1.0))
    square = factors.T @ whole @ factors + regularization * np.eye(factors.shape[1])
    vector: Matrix = np.linalg.inv(square) @ factors.T @ whole @ liked.astype(np.float64)
    return vector


def in_basket(basket: dict[int, float]) -> list[dict[str, Any]]:
    return [{"item": item, "target": value} for item, value in basket.items()]


def folded_scores(model: Recommender, baskets: Sequence[Any]) -> list[dict[Any, float]]:
    """Return the scores of all items for each basket."""
    answer = model.recommend_basket(baskets, k=ITEMS, exclude_known=False, fold_in=True)
    return [dict(zip(each.items, each.scores, strict=True)) for each in answer.rankings]


def assert_scores(found: dict[Any, float], wanted: Matrix) -> None:
    scores = np.array([found[item] for item in range(ITEMS)])
    np.testing.assert_allclose(scores, wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())


@given(
    SEEDS,
    BASKETS,
    st.sampled_from(["auto", "linear", "log"]),
    st.sampled_from([0.1, 1.0, 40.0]),
    st.sampled_from([0.0, 1e-9, 0.01, 1.0]),
    st.integers(1, 12),
)
def test_scores_are_those_of_the_textbook(
    seed: int,
    basket: dict[int, float],
    kind: str,
    factor: float,
    regularization: float,
    factors: int,
) -> None:
    options: dict[str, Any] = {"kind": kind, "factor": factor, "regularization": regularization}
    saved = ials_model(seed, items=ITEMS, factors=factors, **options)
    confidences = np.full(ITEMS, np.nan)
    for item, value in basket.items():
        grown = math.log(1.0 + value / 1e-8) if kind == "log" else value
        confidences[item] = 1.0 + factor * grown
    whole = item_factors(saved)
    vector = textbook(whole, confidences, max(10 * regularization, 1e-6))
    (found,) = folded_scores(make_recommender(saved), [in_basket(basket)])
    assert_scores(found, whole @ vector)


@given(SEEDS, BASKETS, st.integers(0, 5))
def test_no_vector_nearby_is_better(seed: int, basket: dict[int, float], step: int) -> None:
    """What is minimized: the weighted squares of what is missed, and the vector's own length."""
    saved = ials_model(seed, items=ITEMS)
    whole = item_factors(saved)
    model = make_recommender(saved)
    (query,) = model._folded(model._given.baskets([in_basket(basket)], None, model._history))
    assert query.factors is not None
    vector = query.factors.astype(np.float64)
    confidences, liked = np.ones(ITEMS), np.zeros(ITEMS)
    for item, value in basket.items():
        confidences[item], liked[item] = 1.0 + value, 1.0

    def cost(one: Matrix) -> float:
        missed = liked - whole @ one
        return float(confidences @ missed**2 + 0.1 * one @ one)

    elsewhere = np.zeros(6)
    elsewhere[step] = 0.01
    assert cost(vector) <= min(cost(vector + elsewhere), cost(vector - elsewhere))


@given(SEEDS, BASKETS, st.integers(0, USERS - 1))
def test_the_trained_history_counts_too(seed: int, basket: dict[int, float], user: int) -> None:
    """For an item that is in both, with the trained value; values below 0 count as 0."""
    saved = ials_model(seed, items=ITEMS)
    confidences = np.full(ITEMS, np.nan)
    items, values = saved.interactions.row(user)
    trained = dict(zip(items.tolist(), values.tolist(), strict=True))
    for item, value in {**basket, **trained}.items():
        confidences[item] = 1.0 + max(value, 0.0)
    whole = item_factors(saved)
    wanted = whole @ textbook(whole, confidences, 0.1)
    model = make_recommender(saved)
    (found,) = folded_scores(model, [{"user": user, "items": in_basket(basket)}])
    assert_scores(found, wanted)
    rows = [{"user": user, **row} for row in in_basket(basket)]
    asked: dict[str, Any] = {"k": ITEMS, "exclude_known": False, "fold_in": True}
    (ranking,) = model.recommend([user], interactions=rows, **asked).rankings
    assert dict(zip(ranking.items, ranking.scores, strict=True)) == found


def test_an_item_with_two_values_is_two_rows() -> None:
    """As in training, which merges no rows."""
    saved = ials_model(1, items=ITEMS)
    whole = item_factors(saved)
    square = whole.T @ whole + 0.1 * np.eye(6) + (2.0 + 5.0) * np.outer(whole[3], whole[3])
    vector = np.linalg.solve(square, (3.0 + 6.0) * whole[3])
    rows = [{"item": 3, "target": value} for value in (2.0, 5.0, 2.0)]
    (found,) = folded_scores(make_recommender(saved), [rows])
    assert_scores(found, whole @ vector)


@settings(max_examples=50)
@given(SEEDS, st.lists(BASKETS, min_size=2, max_size=6), st.booleans())
def test_baskets_asked_together_get_what_each_gets_alone(
    seed: int, baskets: list[dict[int, float]], searched: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "QUERIES_AT_ONCE", 2)
        patch.setattr(limits, "EXACT_WORK", 0 if searched else 2**60)
        model = make_recommender(ials_model(seed, items=ITEMS))
        asked: list[Any] = [in_basket(basket) for basket in baskets]
        asked[0] = {"user": 1, "items": asked[0]}
        together = model.recommend_basket(asked, k=5, fold_in=True).rankings
        alone = [model.recommend_basket([one], k=5, fold_in=True).rankings[0] for one in asked]
        assert together == alone


def test_the_best_are_those_of_all_scores() -> None:
    """The search finds what scoring everything does, and the basket is left out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "EXACT_WORK", 0)
        model = make_recommender(ials_model(5, items=ITEMS))
        basket = {3: 1.0, 8: 10.0, 21: 1.0}
        (found,) = folded_scores(model, [in_basket(basket)])
        left = sorted(set(found) - set(basket), key=lambda item: -found[item])
        (ranking,) = model.recommend_basket([in_basket(basket)], k=7, fold_in=True).rankings
        assert ranking.items == left[:7]
        assert ranking.scores == [found[item] for item in left[:7]]


@pytest.mark.parametrize("values", [1, 13, 1 << 18])
def test_large_catalogues_and_histories_are_taken_in_parts(
    monkeypatch: pytest.MonkeyPatch, values: int
) -> None:
    saved = ials_model(2, items=ITEMS)
    basket = dict.fromkeys(range(0, ITEMS, 3), 1.0)
    (wanted,) = folded_scores(make_recommender(saved), [in_basket(basket)])
    monkeypatch.setattr(limits, "FOLDED_VALUES", values)
    (found,) = folded_scores(make_recommender(saved), [in_basket(basket)])
    assert_scores(found, np.array([wanted[item] for item in range(ITEMS)]))


def test_whoever_has_no_basket_is_answered_as_ever() -> None:
    model = make_recommender(ials_model(4, items=ITEMS))
    users: list[Any] = [0, STRANGER, 1, 2, {"user": 3, "period": "period1"}]
    rows = [{"user": 1, "item": 7}, {"user": 2, "item": 777}, {"user": 4, "item": 7}]
    plain = model.recommend(users, interactions=rows)
    answer = model.recommend(users, interactions=rows, fold_in=True)
    assert answer.basis == ["history", "nothing", "fold-in", "history", "history"]
    assert plain.basis == ["history", "nothing", "history", "history", "history"]
    for place in (0, 1, 3, 4):
        assert answer.rankings[place] == plain.rankings[place]
    assert answer.rankings[2] != plain.rankings[2]
    assert answer.unknown_items == plain.unknown_items == [777]
    assert model.recommend(users, fold_in=True) == model.recommend(users)
    baskets = model.recommend_basket([[], [777], [7]], fold_in=True)
    assert baskets.basis == ["nothing", "nothing", "fold-in"]
    assert baskets.rankings[:2] == model.recommend_basket([[], [777]]).rankings


@given(SEEDS, BASKETS, st.sampled_from([None, {"user": 2}, {"user": 3, "period": "period1"}]))
def test_terms_add_up_to_the_score(
    seed: int, basket: dict[int, float], visit: dict[str, Any] | None
) -> None:
    model = make_recommender(ials_model(seed, items=ITEMS))
    asked: Any = in_basket(basket) if visit is None else {**visit, "items": in_basket(basket)}
    (ranking,) = model.recommend_basket([asked], fold_in=True, explain=True).rankings
    assert ranking.why is not None
    assert [why.total for why in ranking.why] == ranking.scores
    kinds = {term.kind for why in ranking.why for term in why if term.value != 0.0}
    assert kinds <= {"visitor with item"}
    plain = model.recommend_basket([asked], fold_in=True).rankings[0]
    assert (ranking.items, ranking.scores) == (plain.items, plain.scores)


def test_answers_can_be_drawn() -> None:
    model = make_recommender(ials_model(6, items=ITEMS))
    asked: Any = {"k": 4, "diversity": 2.0, "fold_in": True}
    first, again, other = (
        model.recommend_basket([[3, 8]], seed=seed, **asked).rankings[0].items for seed in (1, 1, 2)
    )
    best = model.recommend_basket([[3, 8]], k=12, fold_in=True).rankings[0].items
    assert first == again
    assert set(first) | set(other) <= set(best)


def test_the_functions_ask_the_model() -> None:
    model = make_recommender(ials_model(0, items=ITEMS))
    rows = [{"user": 1, "item": 2}]
    asked: Any = {"interactions": rows, "fold_in": True}
    assert recommend(model, [1], **asked) == model.recommend([1], **asked)
    assert recommend(model, [1], **asked) != recommend(model, [1], interactions=rows)
    answer = recommend_basket(model, [[1], [2]], fold_in=True)
    assert answer == model.recommend_basket([[1], [2]], fold_in=True)


# -- models that cannot -------------------------------------------------------------------------


def without(name: str) -> SavedModel:
    saved = ials_model(0)
    return replace(saved, summary={**saved.summary, name: None})


def by_solver(solver: str | None) -> SavedModel:
    saved = ials_model(0)
    assert isinstance(saved.details, FactorModel)
    return replace(saved, details=replace(saved.details, solver=solver))


UNSAID = "does not say with which regularization and confidences"
REFUSED: list[tuple[SavedModel, str]] = [
    (neighbour_model(0), "of the class item_similarity, which makes no vectors of baskets"),
    (factor_model(0, mode=MACHINE), "trained by an unknown solver, and not by 'ials'"),
    (by_solver("sgd"), "trained by the solver 'sgd', and not by 'ials'"),
    (by_solver("als"), "trained by the solver 'als', and not by 'ials'"),
    (by_solver(None), "trained by an unknown solver, and not by 'ials'"),
    (without("regularization"), UNSAID),
    (without("ials_confidence_scaling_factor"), UNSAID),
    (without("ials_confidence_scaling_type"), UNSAID),
    (ials_model(0, regularization=-1.0), UNSAID),
    (ials_model(0, regularization=math.nan), UNSAID),
    (ials_model(0, regularization=1e308), UNSAID),
    (ials_model(0, factor=math.inf), UNSAID),
    (ials_model(0, kind="square"), UNSAID),
]


@pytest.mark.parametrize(("saved", "reason"), REFUSED, ids=lambda each: str(each)[-30:])
def test_a_model_that_cannot_says_why(saved: SavedModel, reason: str) -> None:
    model = make_recommender(saved)
    assert not model.folds_in
    row = {"user": 1, "item": 2}
    for ask in (
        lambda: model.recommend([1], interactions=[row], fold_in=True),
        lambda: model.recommend([1], fold_in=True),
        lambda: model.recommend_basket([[1]], fold_in=True),
    ):
        with pytest.raises(QueryError, match=reason) as caught:
            ask()
        assert caught.value.path == ("fold_in",)
    assert model.recommend_basket([[1]], fold_in=False) == model.recommend_basket([[1]])


def test_more_factors_than_can_be_solved_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_recommender(ials_model(0, factors=6)).folds_in
    monkeypatch.setattr(basket_vectors, "_MOST_FACTORS", 5)
    model = make_recommender(ials_model(0, factors=6))
    assert not model.folds_in
    with pytest.raises(QueryError, match="fold_in: the model has more than 5 factors"):
        model.recommend_basket([[1]], fold_in=True)


def test_fold_in_is_a_switch() -> None:
    model = make_recommender(ials_model(0))
    odd: Any = "yes"
    with pytest.raises(QueryError, match="fold_in: expected True or False"):
        model.recommend_basket([[1]], fold_in=odd)
    with pytest.raises(QueryError, match="fold_in: expected True or False"):
        model.recommend([1], fold_in=odd)


# -- odd numbers --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["linear", "log"])
@pytest.mark.parametrize("value", [math.inf, 1e300, 1e18, -math.inf, -5.0])
def test_any_value_has_finite_scores(kind: str, value: float) -> None:
    model = make_recommender(ials_model(3, items=ITEMS, kind=kind))
    baskets: list[Any] = [[{"item": 4, "target": value}, {"item": 9, "target": 1.0}]]
    (found,) = folded_scores(model, baskets)
    assert all(map(math.isfinite, found.values()))
    if value < 0:
        baskets[0][0]["target"] = 0.0
        assert [found] == folded_scores(model, baskets)
    elif kind == "linear":
        assert found[4] == pytest.approx(1.0, abs=1e-3)  # whatever else there is


@pytest.mark.parametrize("scale", [1e-30, 1e-12, 1e12, 1e19, 1e30, math.nan, math.inf])
def test_a_model_that_diverged_answers_or_refuses(scale: float) -> None:
    model = make_recommender(ials_model(3, items=ITEMS, scale=scale, regularization=1e-9))
    with suppress(QueryError):
        (found,) = folded_scores(model, [[1, 2, 3]])
        assert len(found) == ITEMS


def test_factors_without_a_solution_are_refused() -> None:
    saved = ials_model(3, items=ITEMS, factors=2)
    assert isinstance(saved.details, FactorModel)
    equal = np.full_like(saved.details.factors, 1e15)  # beside these, the regularization is nothing
    model = make_recommender(replace(saved, details=replace(saved.details, factors=equal)))
    with pytest.raises(QueryError, match="fold_in: the model's factors allow no vector"):
        model.recommend_basket([[1]], fold_in=True)


def test_what_training_minimized() -> None:
    summary = {
        "regularization": 0,
        "ials_confidence_scaling_type": "log",
        "ials_confidence_scaling_factor": 2,
    }
    objective = Objective.of(summary, 100)
    assert objective == Objective(1e-6, 2.0, is_logarithmic=True)
    values = objective.confidences(np.array([-1.0, 0.0, 1.0]))
    np.testing.assert_allclose(values, [0.0, 0.0, 2.0 * math.log(1.0 + 1e8)])
    assert Objective.of({**summary, "regularization": 0.5}, 100) == objective._replace(
        regularization=50.0
    )


# -- what it takes ------------------------------------------------------------------------------


def test_what_is_made_once_has_its_price_once() -> None:
    model = make_recommender(ials_model(0, items=20_000, factors=32))
    asked: Any = {"interactions": 3, "fold_in": True}
    first = model.extra_work({}, 10, **asked)
    assert first > 20_000 * 32 * 32 // limits.PRODUCTS_AT_ONCE
    assert model.extra_work({}, 10, interactions=3) == 0
    assert model.extra_work({"user": 1}, 10, fold_in=True) == 0, "nothing to make a vector of"
    model.recommend_basket([[1]], fold_in=True)
    assert model.extra_work({}, 10, **asked) == 0
    assert model.extra_work({}, 10, interactions=5000, fold_in=True) >= 5000 * 32 * 32


def test_long_histories_and_many_factors_have_a_price(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "USUAL_FOLDING", 0)
    model = make_recommender(ials_model(0, items=ITEMS, factors=6))
    model.recommend_basket([[1]], fold_in=True)

    def work(row: dict[str, Any]) -> int:
        return model.extra_work(row, 10, interactions=1, fold_in=True)

    stranger = work({})
    assert work({"user": 1}) - stranger == 2 * 36, "two trained rows"
    assert stranger == work({"user": STRANGER}) == work({"user": 1.5})
    assert (
        make_recommender(neighbour_model(0)).extra_work(
            {"user": 1}, 10, interactions=1, fold_in=True
        )
        == 0
    )
