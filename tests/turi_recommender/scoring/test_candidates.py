from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from turi_recommender.scoring.candidates import Candidates

SIZE = 12
ITEMS = st.lists(st.integers(0, SIZE - 1), max_size=20).map(lambda ids: np.array(ids, np.int64))


def expected(allowed: list[int] | None, excluded: list[int]) -> list[int]:
    pool = range(SIZE) if allowed is None else sorted(set(allowed))
    return [item for item in pool if item not in set(excluded)]


@given(st.none() | ITEMS, ITEMS, ITEMS, ITEMS, st.integers(0, SIZE))
def test_candidates_are_a_set(
    allowed: np.ndarray | None,
    excluded: np.ndarray,
    known: np.ndarray,
    others: np.ndarray,
    count: int,
) -> None:
    candidates = Candidates.of(SIZE, allowed, excluded).without(np.unique(known))
    listed = None if allowed is None else allowed.tolist()
    members = expected(listed, [*excluded.tolist(), *known.tolist()])
    besides = np.unique(others)
    assert candidates.indices().tolist() == members
    assert len(candidates) == len(members)
    assert candidates.contain(others).tolist() == [i in members for i in others.tolist()]
    rest = [item for item in members if item not in besides]
    assert candidates.lowest(count, besides.tolist()) == rest[:count]
