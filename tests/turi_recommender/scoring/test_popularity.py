"""Popularity models: known small values (docs/format.md, sections 7.5 and 8)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.turi_recommender.scoring.synthetic import column
from turi_recommender.format import Interactions, PopularityModel, SavedModel, SideTable
from turi_recommender.format.metadata import Metadata
from turi_recommender.scoring import Recommender, make_recommender


def popularity(predictions: list[float], items: int, unseen: float = -1.0) -> Recommender:
    """Make a model of 2 users, of whom the first knows items 0 and 2."""
    return make_recommender(
        SavedModel(
            path=Path("synthetic.model"),
            kind="popularity",
            metadata=Metadata(
                columns=(column("user", 2), column("item", items)),
                target=None,
                user_side=SideTable.empty(),
                item_side=SideTable.empty(),
            ),
            interactions=Interactions(
                np.array([0, 2, 2]), np.array([0, 2], np.int32), np.array([1.0, 1.0])
            ),
            details=PopularityModel(np.array(predictions), unseen),
            num_observations=2,
        )
    )


def test_everyone_gets_the_best_items_but_those_they_know() -> None:
    model = popularity([5.0, 1.0, 4.0, 3.0], items=4)
    answers = model.recommend([0, 1, 99], k=3)
    assert [ranking.items for ranking in answers.rankings] == [[3, 1], [0, 2, 3], [0, 2, 3]]
    assert answers.rankings[1].scores == [5.0, 4.0, 3.0]


def test_items_without_a_prediction_have_the_score_of_unseen_ones() -> None:
    model = popularity([5.0, 0.5], items=4, unseen=2.0)
    (ranking,) = model.recommend([1], k=4).rankings
    assert (ranking.items, ranking.scores) == ([0, 2, 3, 1], [5.0, 2.0, 2.0, 0.5])


def test_predictions_beyond_the_trained_items_are_ignored() -> None:
    (ranking,) = popularity([1.0, 2.0, 9.0], items=2).recommend([1], k=5).rankings
    assert ranking.items == [1, 0]


def test_similar_items_are_those_about_as_popular() -> None:
    (ranking,) = popularity([5.0, 1.0, 4.0, 3.0], items=4).similar_items([2], k=2).rankings
    # Differences to 4.0 are 1, 3 and 1, the largest 3: 1 - 1/9.
    assert sorted(ranking.items) == [0, 3]
    assert ranking.scores == [1.0 - 1.0 / 9.0] * 2


@pytest.mark.parametrize("k", [1, 3])
def test_items_that_are_all_alike_still_have_an_answer(k: int) -> None:
    """All differences are 0, so the similarities are not numbers."""
    (ranking,) = popularity([2.0] * 4, items=4).similar_items([1], k=k).rankings
    assert len(ranking.items) == k
    assert 1 not in ranking.items
    assert np.isnan(ranking.scores).all()
