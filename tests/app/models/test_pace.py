"""How fast a model is, is measured with users and items from all over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from app.limits import PACE_SAMPLES
from app.models.pace import measure_pace
from tests.turi_recommender.golden import SAMPLE_MODELS
from turi_recommender import load_model


def test_the_first_users_and_items_do_not_stand_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_model(SAMPLE_MODELS / "similarity_model" / "6" / "recommendation_s.model")
    asked: dict[str, set[Any]] = {"recommend": set(), "similar_items": set()}
    recommend, similar_items = model.recommend, model.similar_items

    def recommend_and_note(rows: Sequence[Any], **options: Any) -> Any:
        asked["recommend"].update(model.users.find(row[model.user_column.name]) for row in rows)
        return recommend(rows, **options)

    def find_and_note(items: Sequence[Any], **options: Any) -> Any:
        asked["similar_items"].update(map(model.items.find, items))
        return similar_items(items, **options)

    monkeypatch.setattr(model, "recommend", recommend_and_note)
    monkeypatch.setattr(model, "similar_items", find_and_note)
    pace = measure_pace(model, {})
    assert 0.0 < pace.row_seconds < float("inf")
    assert 0.0 < pace.item_seconds < float("inf")
    for found, count in (
        (asked["recommend"], model.num_users),
        (asked["similar_items"], model.num_items),
    ):
        assert len(found) == min(PACE_SAMPLES, count)
        assert min(found) == 0
        assert max(found) == count - 1
