"""No score has more or longer terms than its model said when it was loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.turi_recommender.golden import case_names, read_answers, unpack_model
from tests.turi_recommender.test_explained import SYNTHETIC, VISITS
from turi_recommender import Recommender, Term, Why, load_model
from turi_recommender.scoring import make_recommender
from turi_recommender.scoring.terms import ITEM_KINDS


def length(term: Term) -> int:
    """Return how many bytes the texts of a term have; its kind is not one of them."""
    item = "" if term.item is None else str(term.item)
    return sum(len(text.encode()) for text in (term.name, item, term.column or ""))


def assert_within(model: Recommender, whys: Sequence[Why]) -> None:
    bound = model.terms_bound()
    for why in whys:
        assert len(why) <= bound.terms
        assert sum(map(length, why)) <= bound.text
        assert sum(term.kind in ITEM_KINDS for term in why) <= bound.items


@pytest.mark.parametrize("name", case_names())
def test_recorded_models(name: str, tmp_path: Path) -> None:
    model = load_model(unpack_model(name, tmp_path))
    longest = 0
    for query in read_answers(name)["recommend"][:40]:
        users, k = query["users"], query["k"]
        told = model.recommend(users, k=k, exclude_known=False, explain=True)
        for ranking in told.rankings:
            assert ranking.why is not None
            assert_within(model, ranking.why)
            longest = max(longest, *(len(why) for why in ranking.why), 0)
    # It is a bound, and not just any large number.
    assert model.terms_bound().terms <= max(3 * longest, 14)


@settings(max_examples=60, deadline=None)
@given(SYNTHETIC, VISITS, st.integers(1, 12))
def test_whatever_the_model(saved: Any, visit: dict[str, Any], k: int) -> None:
    model = make_recommender(saved)
    if not model.side_columns:
        visit = {"user": visit["user"]}
    [ranking] = model.recommend([visit], k=k, explain=True).rankings
    assert ranking.why is not None
    assert_within(model, ranking.why)
    told = model.predict([{**visit, "item": item} for item in (0, 10**6)], explain=True)
    assert told.why is not None
    assert_within(model, told.why)
