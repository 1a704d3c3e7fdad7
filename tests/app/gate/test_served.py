from __future__ import annotations

import numpy as np

from app.gate.served import lists_of_popularity

USERS = np.array(["a", "b", "c", "a", "b", "a"])
ITEMS = np.array([1, 1, 1, 2, 2, 3])


def test_popular_is_what_most_visitors_had() -> None:
    assert lists_of_popularity(USERS, ITEMS, ["stranger", "c", "a"]) == [[1, 2, 3], [2, 3], []]


def test_only_what_is_counted_makes_an_item_popular() -> None:
    counted = np.array([False, False, False, True, True, True])
    found = lists_of_popularity(USERS, ITEMS, ["stranger", "c", "b"], counted)
    assert found == [[2, 3, 1], [2, 3], [3]]
