"""Queries with numbers far outside the trained range: nothing that can win may be dropped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.turi_recommender.scoring.factorization.test_search import QUERIES, answers
from tests.turi_recommender.scoring.synthetic import factor_model
from turi_recommender.format import MACHINE, MATRIX
from turi_recommender.scoring import limits, make_recommender
from turi_recommender.scoring.candidates import Candidates
from turi_recommender.scoring.factorization.features import QueryFeatures
from turi_recommender.scoring.factorization.recommender import FactorizationRecommender

VECTOR = 6
SIZES = [1.0, 30.0, 1e3, 1e5, 1e6, 1e7, 1e9, 1e12, 1e15, 1e18, 1e19, 1e30, 1e300]
NUMBERS = st.builds(float.__mul__, st.sampled_from(SIZES), st.sampled_from([1.0, -1.0, 1.3, 0.0]))
VECTORS = st.one_of(
    st.lists(NUMBERS, min_size=VECTOR, max_size=VECTOR),
    st.sampled_from(SIZES).map(lambda x: [x, -x, 0.0, 0.0, 0.0, 0.0]),
    st.sampled_from(SIZES).map(lambda x: [x, 0.0, -x, x * (1 + 1e-7), 0.0, 0.0]),
    NUMBERS.map(lambda x: [0.5, 0.0, x, 0.0, -1.0, 0.0]),
)
ROWS = st.fixed_dictionaries(
    {"user": st.integers(0, 7)},
    optional={
        "period": st.sampled_from(["period0", "period3", "unknown", None]),
        "hour": NUMBERS,
        "vector": VECTORS,
    },
)
MODELS = st.builds(
    factor_model,
    st.integers(0, 2**32 - 1),
    mode=st.sampled_from([MACHINE, MACHINE, MACHINE, MATRIX]),
    items=st.integers(1, 120),
    factors=st.integers(1, 40),
    scale=st.sampled_from([0.0, 1e-30, 1e-12, 1e-3, 0.1, 1.0, 1.0, 100.0, 1e12, 1e19, 1e30]),
    levels=st.sampled_from([0, 0, 1, 2, -1, -4]),
    item_side=st.booleans(),
    user_side=st.booleans(),
    sigmoid=st.booleans(),
    tail=st.sampled_from([0.0, 0.5, 1.0, 2.0]),
    vector=st.just(VECTOR),
)
STEPS = st.fixed_dictionaries(
    {
        "SEARCH_BLOCK": st.sampled_from([1, 4]),
        "ODD_ENDS": st.sampled_from([1, 5, 64]),
        "ODD_MORE_ENDS": st.sampled_from([8, 1024]),
        "ODD_BLOCKS": st.sampled_from([0, 2, 16]),
        "ODD_FEW": st.sampled_from([0, 64]),
        "ODD_AT_ONCE": st.sampled_from([1, 4]),
        "ODD_SIDE": st.sampled_from([0, 8]),
        "EXACT_CHUNK": st.sampled_from([3, 4096]),
    }
)


@contextmanager
def steps(numbers: dict[str, int]) -> Iterator[pytest.MonkeyPatch]:
    """Make even a small catalogue many blocks and steps."""
    with pytest.MonkeyPatch.context() as patch:
        for name, number in numbers.items():
            patch.setattr(limits, name, number)
        yield patch


@settings(max_examples=300, deadline=None)
@given(MODELS, st.lists(ROWS, min_size=1, max_size=4), QUERIES, STEPS)
def test_odd_answers_equal_exact_ones(
    saved: Any, rows: list[dict[str, Any]], query: dict[str, Any], numbers: dict[str, int]
) -> None:
    with steps(numbers) as patch:
        model = make_recommender(saved)
        assert isinstance(model, FactorizationRecommender)
        patch.setattr(limits, "EXACT_WORK", 0)
        searched = answers(model, rows, query)
        patch.setattr(limits, "EXACT_WORK", 2**60)
        assert searched == answers(model, rows, query)


def test_the_rest_of_a_query_counts_beside_a_number_that_is_hardly_odd() -> None:
    found = {"SEARCH_BLOCK": 4, "ODD_ENDS": 4, "ODD_MORE_ENDS": 4, "EXACT_WORK": 0}
    for seed in range(5):
        with steps(found) as patch:
            model = make_recommender(factor_model(seed, items=300, factors=8, vector=2))
            assert isinstance(model, FactorizationRecommender)
            rows = [{"user": user, "vector": [8.5, 0.0]} for user in range(5)]
            searched = answers(model, rows, {"k": 3})
            patch.setattr(limits, "EXACT_WORK", 2**60)
            assert searched == answers(model, rows, {"k": 3})


def read(model: FactorizationRecommender, **context: Any) -> QueryFeatures:
    return model._reader.read(model._queries.read({"user": 1, **context}, 0))


def large(**options: Any) -> FactorizationRecommender:
    model = make_recommender(factor_model(3, items=20000, factors=16, vector=2, **options))
    assert isinstance(model, FactorizationRecommender)
    return model


@pytest.mark.parametrize("item_side", [True, False])
@pytest.mark.parametrize("scale", [0.05, 1.0])
@pytest.mark.parametrize(
    "context",
    [{"hour": 1e3}, {"hour": -1e4}, {"vector": [1e3, 0.0]}, {"vector": [1e3, -1e3], "hour": 5e2}],
)
def test_most_of_a_catalogue_is_dropped(
    context: dict[str, Any], scale: float, item_side: bool
) -> None:
    """The control: a search that keeps everything would pass the test above."""
    model = large(scale=scale, item_side=item_side)
    query = read(model, **context)
    assert query.others.odd
    assert model._search is not None
    (left,) = model._search.survivors([query], [Candidates(20000)], 10)
    assert 10 <= len(left) < 60
    among = model._search.among(query, np.arange(0, 20000, 2), 10)
    assert 10 <= len(among) < 60


@pytest.mark.parametrize("item_side", [True, False])
@pytest.mark.parametrize("hour", [1e6, 1e7, 1e9, 1e12])
def test_rounding_does_not_keep_a_catalogue(hour: float, item_side: bool) -> None:
    model = large(item_side=item_side)
    assert model._search is not None
    (left,) = model._search.survivors([read(model, hour=hour)], [Candidates(20000)], 10)
    assert 10 <= len(left) < 60


@pytest.mark.parametrize("hour", [1e30, -1e300])
def test_where_no_item_has_a_score_the_first_ones_are_enough(hour: float) -> None:
    model = large()
    assert model._search is not None
    candidates = Candidates(20000, None, np.array([0, 2]))
    with np.errstate(all="ignore"):  # as for every answer
        query = read(model, hour=hour)
        (left,) = model._search.survivors([query], [candidates], 4)
        among = model._search.among(query, np.arange(7, 90), 2)
    assert left.tolist() == [1, 3, 4, 5]
    assert among.tolist() == [7, 8]


def test_a_usual_query_beside_odd_ones_is_searched_as_ever() -> None:
    model = large()
    search = model._search
    assert search is not None
    usual, odd = read(model, hour=12.0), read(model, hour=1e4)
    everything = [Candidates(20000)] * 3
    together = search.survivors([odd, usual, odd], everything, 10)
    alone = search.survivors([usual], everything[:1], 10)
    assert together[1].tolist() == alone[0].tolist()
    assert together[0].tolist() == together[2].tolist()
    assert together[0].tolist() != together[1].tolist()


def test_what_is_kept_of_a_direction_serves_all_its_numbers() -> None:
    model = large()
    assert model._search is not None
    assert model._search._odd is not None
    products = model._search._odd._shadows._products
    for hour in (1e3, -1e4, 1e5, 2e3):
        model.recommend([{"user": 2, "hour": hour}])
    assert products.cache_info().misses == 1  # type: ignore[attr-defined]
