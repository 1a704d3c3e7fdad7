from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from turi_recommender.scoring.selection.nth_element import best_by_nth_element
from turi_recommender.scoring.selection.similar import most_similar

FEW_VALUES = st.sampled_from([0.0, 0.25, 0.5, 1.0, -1.0, np.nan])
SCORES = st.lists(FEW_VALUES | st.floats(-1, 1), min_size=1, max_size=60)


@given(SCORES, st.integers(1, 70), st.data())
def test_the_best_but_the_item_itself(scores: list[float], k: int, data: st.DataObject) -> None:
    item = data.draw(st.integers(0, len(scores) - 1))
    best, chosen = most_similar(np.array(scores), item, k)
    assert item not in best.tolist()
    assert len(set(best.tolist())) == len(best)
    ordered = [-np.inf if np.isnan(score) else score for score in chosen.tolist()]
    others = [-np.inf if np.isnan(score) else score for score in scores]
    others.pop(item)
    others.sort(reverse=True)
    assert ordered == sorted(ordered, reverse=True)
    # The item takes part in the choice; where it is not among the best, k others are left.
    assert ordered == others[:k]
    assert len(best) == min(k, len(scores) - 1)


def test_ties_go_by_the_rule_for_one_more() -> None:
    """With k = 9 the library chooses ten, with k = 10 eleven, for which it has another rule."""
    scores, item = np.zeros(30), 20
    assert most_similar(scores, item, 9)[0].tolist() == [9, 8, 7, 6, 5, 4, 3, 2, 1]
    eleven = best_by_nth_element(scores, 11)
    assert most_similar(scores, item, 10)[0].tolist() == eleven[eleven != item][:10].tolist()
    assert most_similar(scores, item, 11)[0].tolist() == list(range(11))
