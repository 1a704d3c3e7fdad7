"""Rows of side data are checked, and translated by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.turi_recommender.scoring.synthetic import categorical_side, column
from turi_recommender.errors import QueryError
from turi_recommender.format import ColumnMode, SideTable
from turi_recommender.scoring.expansion import Entry
from turi_recommender.scoring.given.side_data import SideDataReader

MAIN = (column("user", 5), column("item", 9), column("month", 3))
SIDE = (column("category", 3), column("price.1", 1, ColumnMode.NUMERIC), column("month.1", 2))
TABLE = replace(
    categorical_side(SIDE, np.zeros((9, 3), np.int64)),
    renamed={"price": "price.1", "month": "month.1"},
)
ROW = {"item": 4, "category": "category1", "price.1": 2.5, "month.1": "month.11"}
ENTRIES = (Entry(3, 1, 1.0), Entry(4, 0, 2.5), Entry(5, 1, 1.0))


@pytest.fixture
def reader() -> SideDataReader:
    return SideDataReader(MAIN[1], TABLE, 3, MAIN)


def test_columns_go_by_name_in_any_order(reader: SideDataReader) -> None:
    turned = dict(reversed(ROW.items()))
    by_old_name = {("price" if name == "price.1" else name): ROW[name] for name in ROW}
    for row in (ROW, turned, by_old_name):
        assert reader.read([row], "item_data") == {4: ENTRIES}


def test_missing_values_are_the_librarys(reader: SideDataReader) -> None:
    row = {"item": 99, "category": None, "price.1": None, "month.1": "never"}
    assert reader.read([row], "item_data") == {99: (Entry(4, 0, 0.5),)}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"item": 1.5}, "item_data.1.item"),
        ({"price.1": "much"}, "item_data.1.price.1"),
        ({"colour": 1}, "item_data.1.colour"),
        ({"month": 1}, "item_data.1.month"),
        ({"price": 1.0}, "item_data.1.price"),
        ({"item": 77}, "item_data.1.item"),
    ],
)
def test_an_error_names_its_place(
    reader: SideDataReader, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(QueryError) as caught:
        reader.read([{**ROW, "item": 77}, {**ROW, **changes}], "item_data")
    assert caught.value.field == field


@pytest.mark.parametrize("missing", ROW)
def test_all_columns_must_be_there(reader: SideDataReader, missing: str) -> None:
    row = {name: value for name, value in ROW.items() if name != missing}
    with pytest.raises(QueryError, match=r"item_data\.0\..*: missing") as caught:
        reader.read([row], "item_data")
    assert caught.value.field == f"item_data.0.{missing}"


def test_an_error_bears_the_name_that_was_given(reader: SideDataReader) -> None:
    row = {("price" if name == "price.1" else name): value for name, value in ROW.items()}
    with pytest.raises(QueryError) as caught:
        reader.read([{**row, "price": "much"}], "item_data")
    assert caught.value.field == "item_data.0.price"


def test_a_model_without_such_side_data_ignores_it() -> None:
    reader = SideDataReader(MAIN[1], SideTable.empty(), 3, MAIN)
    assert reader.read([ROW, {"item": 5, "colour": 3}], "item_data") == {}
    with pytest.raises(QueryError, match=r"item_data\.0\.item: missing"):
        reader.read([{"colour": 3}], "item_data")
