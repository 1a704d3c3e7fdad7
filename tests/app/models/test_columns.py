"""Of what types categories are, and that a new version must have the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.errors import RefusedVersionError
from app.models.columns import category_kind
from app.models.successor import check_successor
from tests.turi_recommender.encode import flexible
from tests.turi_recommender.golden import unpack_model
from turi_recommender import Column, load_model
from turi_recommender.format import read_model

NAME = "ranking_three_factors"


def side_columns(path: Path) -> dict[str, Column]:
    return {column.name: column for column in load_model(path).side_columns}


def other_categories(path: Path, name: str, kind: str) -> Path:
    """Let a model have other categories, as many as before."""
    (column,) = (one for one in read_model(path).metadata.columns if one.name == name)
    old: list[Any] = column.values.tolist()
    new: list[Any] = list(range(len(old)))
    if kind == "either":
        new[0] = old[0]
    objects = path / "objects.bin"
    data = objects.read_bytes()
    assert flexible(old) in data
    objects.write_bytes(data.replace(flexible(old), flexible(new)))
    return path


@pytest.mark.parametrize("kind", ["integer", "either"])
@pytest.mark.parametrize("name", ["tags", "weights"])
def test_other_types_of_categories_are_another_schema(tmp_path: Path, name: str, kind: str) -> None:
    """The types of requests are made at the start: neither version would get what it knows."""
    old = unpack_model(NAME, tmp_path / "old")
    new = other_categories(unpack_model(NAME, tmp_path / "new"), name, kind)
    assert category_kind(side_columns(old)[name]) == "string"
    assert category_kind(side_columns(new)[name]) == kind
    check_successor("ranking", load_model(old), load_model(old), {})
    check_successor("ranking", load_model(new), load_model(new), {})
    with pytest.raises(RefusedVersionError, match="side columns changed") as caught:
        check_successor("ranking", load_model(old), load_model(new), {})
    assert not set("[]'") & set(str(caught.value))  # words, and no Python
    assert ", string), " in str(caught.value)
