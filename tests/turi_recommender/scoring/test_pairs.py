"""Pairs to predict: what is refused, and where it says the mistake is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.turi_recommender.scoring.synthetic import factor_model
from turi_recommender import Predictions, QueryError
from turi_recommender.scoring import make_recommender

MODEL = make_recommender(factor_model(1))


@pytest.mark.parametrize(
    ("row", "place"),
    [
        (3, "pairs.1"),
        ({"user": 1}, "pairs.1.item"),
        ({"item": 1}, "pairs.1.user"),
        ({"user": 1, "item": "x"}, "pairs.1.item"),
        ({"user": 1, "item": 1, "target": 2}, "pairs.1.target"),
        ({"user": 1, "item": 1, "hour": "late"}, "pairs.1.hour"),
    ],
)
def test_a_wrong_pair_is_refused_with_its_place(row: Any, place: str) -> None:
    with pytest.raises(QueryError) as caught:
        MODEL.predict([{"user": 0, "item": 0}, row])
    assert caught.value.field == place


def test_answers_stand_in_the_order_of_the_pairs_and_can_be_split_and_joined() -> None:
    rows = [{"user": n % 7, "item": (n * 5) % 43, "hour": float(n % 3)} for n in range(50)]
    whole = MODEL.predict(rows, explain=True)
    assert whole.scores == [MODEL.predict([row]).scores[0] for row in rows]
    assert [(user, item) for user, item, _ in whole.rows()] == [
        (r["user"], r["item"]) for r in rows
    ]
    assert Predictions.joined(list(whole.split([3, 0, 47]))) == whole
    assert whole.columns().scores.tolist() == whole.scores
    empty = MODEL.predict([])
    assert (len(empty.columns()), empty.columns().users.dtype) == (0, whole.columns().users.dtype)


def test_explain_is_a_switch() -> None:
    for ask in (lambda: MODEL.predict([], explain=1), lambda: MODEL.recommend([0], explain="yes")):  # type: ignore[arg-type]
        with pytest.raises(QueryError, match="explain: expected True or False"):
            ask()
