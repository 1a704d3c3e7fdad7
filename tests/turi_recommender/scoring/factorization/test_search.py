"""The search may only drop items that cannot be among the best: properties that try to break it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.turi_recommender.scoring.synthetic import MODELS, factor_model
from turi_recommender.format import MACHINE, MATRIX, FactorModel
from turi_recommender.scoring import limits, make_recommender
from turi_recommender.scoring.candidates import Candidates
from turi_recommender.scoring.factorization.recommender import FactorizationRecommender
from turi_recommender.scoring.factorization.scan import Scan

ROWS = st.fixed_dictionaries(
    {"user": st.integers(0, 7)},
    optional={
        "period": st.sampled_from(["period0", "period3", "unknown", None]),
        "hour": st.sampled_from([0.0, 23.0, None, 1e9, -1e30]),
    },
)
QUERIES = st.fixed_dictionaries(
    {"k": st.integers(1, 30), "exclude_known": st.booleans()},
    optional={
        "items": st.lists(st.integers(0, 90), min_size=1),
        "exclude": st.lists(st.integers(0, 90)),
    },
)


def answers(
    model: FactorizationRecommender, rows: list[dict[str, Any]], query: dict[str, Any]
) -> Any:
    return [
        [
            (item, np.float64(score).tobytes())
            for item, score in zip(ranking.items, ranking.scores, strict=True)
        ]
        for ranking in model.recommend(rows, **query).rankings
    ]


@contextmanager
def small_steps(first: int) -> Iterator[pytest.MonkeyPatch]:
    """Make even a small catalogue many blocks and steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "SEARCH_BLOCK", 4)
        patch.setattr(limits, "SEARCH_FIRST", first)
        patch.setattr(limits, "SEARCH_GROWTH", 2)
        patch.setattr(limits, "SEARCH_LARGEST", 16)
        patch.setattr(limits, "CONTEXT_ASKED", 1)
        patch.setattr(limits, "CONTEXT_ORDERS", 2)
        patch.setattr(limits, "CONTEXT_HEAD", 400)
        patch.setattr(limits, "CONTEXT_FRONTS", (first, 3 * first))
        patch.setattr(limits, "FRONT_KEPT", first)
        yield patch


@settings(max_examples=500, deadline=None)
@given(MODELS, st.lists(ROWS, min_size=1, max_size=4), QUERIES, st.sampled_from([4, 16, 200]))
def test_searched_answers_equal_exact_ones(
    saved: Any, rows: list[dict[str, Any]], query: dict[str, Any], first: int
) -> None:
    with small_steps(first) as patch:
        model = make_recommender(saved)
        assert isinstance(model, FactorizationRecommender)
        patch.setattr(limits, "EXACT_WORK", 0)
        searched = [answers(model, rows, query) for _ in range(3)]  # contexts get their own orders
        patch.setattr(limits, "EXACT_WORK", 2**60)
        assert searched == [answers(model, rows, query)] * 3


def test_the_search_drops_most_of_a_catalogue() -> None:
    """The control: a search that keeps everything would pass the tests above."""
    model = make_recommender(factor_model(3, items=5000, factors=16))
    assert isinstance(model, FactorizationRecommender)
    query = model._reader.read(model._queries.read({"user": 1, "period": "period0"}, 0))
    assert model._search is not None
    (left,) = model._search.survivors([query], [Candidates(5000)], 10)
    assert 10 <= len(left) < 20
    among = model._search.among(query, np.arange(0, 5000, 2), 10)
    assert 10 <= len(among) < 20


def test_the_scan_stops_where_lengths_fall() -> None:
    model = make_recommender(factor_model(3, items=20000, factors=16, tail=1.0, item_side=False))
    assert isinstance(model, FactorizationRecommender)
    assert model._search is not None
    seen = []
    absorb = Scan.absorb

    def count(scan: Any, low: int, products: Any) -> None:
        seen.append(products.shape[1])
        absorb(scan, low, products)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Scan, "absorb", count)
        model.recommend([{"user": 1, "period": "period0"}])
    assert sum(seen) < 2000


def test_a_context_that_is_asked_for_again_has_an_order_of_its_own() -> None:
    model = make_recommender(factor_model(3, items=20000, factors=16, tail=0.3, item_side=False))
    assert isinstance(model, FactorizationRecommender)
    row = {"user": 1, "period": "period0", "hour": 9.0}
    first = answers(model, [row], {})
    for _ in range(limits.CONTEXT_ASKED - 1):
        model.recommend([row])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Scan, "run", None)  # it looks through all items
        again = [answers(model, [{**row, "user": user}] * 3, {})[1] for user in (1, 2, 3)]
    assert again[0] == first[0]


def test_a_model_is_freed_at_once_whatever_was_kept_for_contexts() -> None:
    model = make_recommender(factor_model(3, items=2000, factors=16))
    for _ in range(limits.CONTEXT_ASKED + 2):
        model.recommend([{"user": 1, "period": "period0"}])
    reference = weakref.ref(model)
    gc.disable()
    try:
        del model
        assert reference() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("mode", [MACHINE, MATRIX])
def test_a_weight_that_is_no_number_spoils_its_own_user_alone(mode: str) -> None:
    saved = factor_model(1, mode=mode, items=600, factors=8, item_side=False)
    assert isinstance(saved.details, FactorModel)
    weights = saved.details.weights.copy()
    weights[1] = np.nan
    broken = make_recommender(replace(saved, details=replace(saved.details, weights=weights)))
    whole = make_recommender(saved)
    assert isinstance(broken, FactorizationRecommender)
    assert isinstance(whole, FactorizationRecommender)
    rows = [{"user": 0}, {"user": 1}, {"user": 2}] * 3
    for query in ({"k": 5}, {"k": 20}, {"k": 5, "items": list(range(300, 600))}):
        found = answers(broken, rows, query)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(limits, "EXACT_WORK", 2**60)
            assert found == answers(broken, rows, query)
        assert found[::3] == answers(whole, rows, query)[::3]


def test_a_context_that_is_no_number_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    saved = factor_model(1, mode=MATRIX, items=600, factors=8, item_side=False)
    assert isinstance(saved.details, FactorModel)
    hour = saved.details.offsets[3]
    weights, scales = saved.details.weights.copy(), saved.details.scales.copy()
    weights[hour], scales[hour] = 0.0, 4.0
    details = replace(saved.details, weights=weights, scales=scales)
    model = make_recommender(replace(saved, details=details))
    assert isinstance(model, FactorizationRecommender)
    found = answers(model, [{"user": 1, "hour": 1e308}], {"k": 5})
    monkeypatch.setattr(limits, "EXACT_WORK", 2**60)
    assert found == answers(model, [{"user": 1, "hour": 1e308}], {"k": 5})
