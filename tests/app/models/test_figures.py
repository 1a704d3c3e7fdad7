"""What a version is worth, in words and in numbers."""

from __future__ import annotations

from app.models.figures import recall_of, tell_evaluation
from tests.turi_recommender.trained import a_training, training_json


def test_whether_it_was_evaluated() -> None:
    assert tell_evaluation(a_training(), "") == "evaluated"
    assert tell_evaluation(a_training(figures=None), "") == "not evaluated"
    assert tell_evaluation(None, "") == "not evaluated"
    assert tell_evaluation(None, "it is cut off") == "figures cannot be read: it is cut off"


def test_recall_is_that_of_the_kinds_that_were_measured() -> None:
    assert recall_of(a_training()) == {"all": 0.051, "known": 0.06, "light": 0.03}
    assert recall_of(a_training(figures=None)) == recall_of(None) == {}
    other = {**training_json()["figures"], "measure": "ndcg@10"}
    assert recall_of(a_training(figures=other)) == {}
