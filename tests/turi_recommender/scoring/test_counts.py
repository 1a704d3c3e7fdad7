"""Counts of rows, as a file may have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.turi_recommender.golden import unpack_model
from turi_recommender import ModelUnreadableError, load_model
from turi_recommender.format import Interactions, Rows
from turi_recommender.scoring.counts import history_lengths, read_counts


@pytest.mark.parametrize(
    ("stored", "size", "expected"),
    [
        ([3, 1], 2, [3, 1]),
        ([3, 1], 4, [3, 1, 0, 0]),  # two are known from side data only
        ([3, 1, 7], 2, [3, 1]),
        ([], 2, [0, 0]),
        ([], 0, []),
        ([2**64 - 1, 5], 2, [2**63 - 1, 5]),
    ],
)
def test_counts_are_by_index(stored: list[int], size: int, expected: list[int]) -> None:
    counts = read_counts(Rows(np.array(stored, np.uint64)), size)
    assert counts.dtype == np.int64
    assert counts.tolist() == expected


def test_they_are_read_from_the_file_when_they_are_asked_for(tmp_path: Path) -> None:
    path = unpack_model("ranking_plain", tmp_path)
    model = load_model(path)
    assert model.item_counts().sum() == 500
    with (path / "objects.bin").open("r+b") as file:
        file.truncate(100)
    with pytest.raises(ModelUnreadableError):
        model.item_counts()


def test_a_model_without_users_has_no_counts(tmp_path: Path) -> None:
    model = load_model(unpack_model("content_items_only", tmp_path))
    assert len(model.user_counts()) == 0
    assert model.item_counts().tolist() == [0] * model.num_items


def test_lengths_of_rows_are_those_of_users_that_have_one() -> None:
    starts = np.array([0, 2, 2, 5], np.int64)
    interactions = Interactions(starts, np.arange(5, dtype=np.int32), np.ones(5))
    assert history_lengths(interactions, [0, 1, 2, 3, -1, 2]) == [2, 0, 3, 0, 0, 3]
    assert history_lengths(interactions, []) == []
    nothing = Interactions(np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0))
    assert history_lengths(nothing, [0, -1]) == [0, 0]
