"""Rows of interactions are checked as they come in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.turi_recommender.scoring.synthetic import column
from turi_recommender.errors import QueryError
from turi_recommender.format import ColumnMode
from turi_recommender.scoring.given.interactions import InteractionReader

COLUMNS = (column("user", 5), column("item", 9), column("period", 3))
TARGET = column("rating", 1, ColumnMode.NUMERIC)


@pytest.fixture
def reader() -> InteractionReader:
    return InteractionReader(COLUMNS, TARGET)


def test_only_those_who_are_asked_for_count(reader: InteractionReader) -> None:
    rows: list[dict[str, Any]] = [
        {"user": 1, "item": 4},
        {"user": 2, "item": 5, "rating": 3},
        {"user": "1", "item": 77, "rating": 2.5, "period": "ignored"},
    ]
    assert reader.by_user(rows, {1, 3}) == {1: [(4, 1.0), (77, 2.5)]}


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (7, "interactions.1"),
        ({"item": 1}, "interactions.1.user"),
        ({"user": 1}, "interactions.1.item"),
        ({"user": 1, "item": 1.5}, "interactions.1.item"),
        ({"user": None, "item": 1}, "interactions.1.user"),
        ({"user": 1, "item": 1, "rating": "much"}, "interactions.1.rating"),
        ({"user": 1, "item": 1, "rating": None}, "interactions.1.rating"),
        ({"user": 1, "item": 1, "rating": float("nan")}, "interactions.1.rating"),
        ({"user": 1, "item": 1, "colour": 1}, "interactions.1.colour"),
    ],
)
def test_an_error_names_its_place(reader: InteractionReader, row: Any, field: str) -> None:
    """Also in a row of somebody who is not asked for."""
    with pytest.raises(QueryError) as caught:
        reader.by_user([{"user": 2, "item": 1}, row], set())
    assert caught.value.field == field


def test_a_model_without_a_target_knows_no_such_column() -> None:
    reader = InteractionReader(COLUMNS, None)
    assert reader.by_user([{"user": 1, "item": 4}], {1}) == {1: [(4, 1.0)]}
    with pytest.raises(QueryError, match="rating: the model was not trained with this column"):
        reader.by_user([{"user": 1, "item": 4, "rating": 1.0}], {1})


def test_items_of_a_basket_are_ids_or_rows(reader: InteractionReader) -> None:
    pairs = reader.pairs([3, {"item": 4, "rating": 2}, {"item": "5", "period": "x"}], "baskets", 0)
    assert pairs == [(3, 1.0), (4, 2.0), (5, 1.0)]
    for items, field in (
        ([1, "x"], "baskets.0.1"),
        ([{"item": 1, "user": 2}], "baskets.0.0.user"),
        ([{"rating": 1}], "baskets.0.0.item"),
        ("abc", "baskets.0"),
        (7, "baskets.0"),
    ):
        with pytest.raises(QueryError) as caught:
            reader.pairs(items, "baskets", 0)
        assert caught.value.field == field
