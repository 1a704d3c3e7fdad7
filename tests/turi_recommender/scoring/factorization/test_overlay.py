"""The search with given items finds what scoring everything finds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turi_recommender.scoring.synthetic import MODELS
from turi_recommender.format import SavedModel
from turi_recommender.scoring import limits, make_recommender

CATEGORIES = st.sampled_from(["category0", "category1", "category2", "never", None])


@given(MODELS, st.data())
def test_a_search_finds_what_scoring_everything_finds(
    saved: SavedModel, data: st.DataObject
) -> None:
    model = make_recommender(saved)
    ids = data.draw(st.lists(st.integers(0, 140), unique=True, max_size=12))
    rows: list[dict[str, Any]] = [
        {"item": item, "category": data.draw(CATEGORIES), "brand": "brand1"} for item in ids
    ]
    excluded = data.draw(st.lists(st.integers(0, 140), max_size=5))
    asked: dict[str, Any] = {"k": data.draw(st.integers(1, 15)), "exclude": excluded}
    asked["item_data"] = rows
    users: list[Any] = [0, 1, {"user": 4, "period": "period2"}, 99]
    answers = []
    for work in (0, 10**9):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(limits, "EXACT_WORK", work)
            rows_found = model.recommend(users, **asked).rows()
            answers.append([(*row[:2], repr(row[2])) for row in rows_found])
    assert answers[0] == answers[1]
