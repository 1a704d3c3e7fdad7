"""Answers to baskets, as rows and columns, joined and split."""

from __future__ import annotations

import numpy as np

from turi_recommender.scoring import BasketRecommendations, Ranking

ANSWER = BasketRecommendations(
    [Ranking([5, 7], [0.5, 0.25]), Ranking([], []), Ranking([1], [2.0])],
    np.dtype(np.int64),
    ["basket", "nothing", "basket"],
    [(9,), (), (8, 9)],
)


def test_rows_and_columns_tell_the_basket() -> None:
    rows = [(0, 5, 0.5, 1), (0, 7, 0.25, 2), (2, 1, 2.0, 1)]
    assert list(ANSWER.rows()) == rows
    columns = ANSWER.columns()
    parts = (columns.baskets, columns.items, columns.scores, columns.ranks)
    assert list(zip(*(part.tolist() for part in parts), strict=True)) == rows
    assert len(columns) == 3
    assert columns.baskets.dtype == np.int64
    assert ANSWER.unknown_items == [9, 8]


def test_parts_make_the_whole() -> None:
    parts = list(ANSWER.split([1, 0, 2]))
    assert [list(part.baskets) for part in parts] == [[0], [], [0, 1]]
    assert [part.unknown_items for part in parts] == [[9], [], [8, 9]]
    assert BasketRecommendations.joined(parts) == ANSWER
