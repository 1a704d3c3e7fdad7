"""Items of a query stand behind the trained ones, in the order of their records."""

from __future__ import annotations

import numpy as np

from turi_recommender.format import GenericValues
from turi_recommender.scoring.expansion import Entry
from turi_recommender.scoring.given.item_data import ItemData, scores_at
from turi_recommender.scoring.ids import IdIndex
from turi_recommender.scoring.lookup import UNKNOWN

ITEMS = IdIndex(GenericValues(["a", "b", "c"]), 3)
ENTRY = Entry(2, 0, 1.0)


def test_new_items_follow_in_the_order_of_their_records() -> None:
    data = ItemData({"z": (), "c": (ENTRY,), "y": (ENTRY, ENTRY), "a": ()}, ITEMS)
    assert (data.num_trained, data.num_items) == (3, 5)
    assert data.new == {"z": 3, "y": 4}
    assert data.indices.tolist() == [0, 2, 3, 4]
    assert data.entries == [(), (ENTRY,), (), (ENTRY, ENTRY)]
    assert data.ids(np.array([4, 1, 3, 0])) == ["y", "b", "z", "a"]
    assert data.ids(np.array([2, 1])) == ["c", "b"]
    assert data.find_many(["y", "b", "other"]) == [4, 1, UNKNOWN]


def test_items_beyond_the_catalogue_have_one_score() -> None:
    scores = np.array([1.0, 2.0])
    assert scores_at(scores, np.array([1, 0]), 9.0).tolist() == [2.0, 1.0]
    assert scores_at(scores, np.array([1, 2, 3]), 9.0).tolist() == [2.0, 9.0, 9.0]
