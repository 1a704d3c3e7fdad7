"""A basket becomes part of a history (docs/queries.md, section 1)."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from turi_recommender.format import GenericValues
from turi_recommender.scoring.given.history import give, make_baskets, merged
from turi_recommender.scoring.ids import IdIndex
from turi_recommender.scoring.query import History, Query

ITEMS = IdIndex(GenericValues(list(range(10))), 10)
PAIRS = st.lists(st.tuples(st.integers(0, 9), st.sampled_from([0.0, 1.0, 2.5])), max_size=20)


def history(pairs: list[tuple[int, float]]) -> History:
    items = np.array([item for item, _ in pairs], np.int64)
    return History(items, np.array([value for _, value in pairs], np.float64))


def pairs_of(made: History) -> list[tuple[int, float]]:
    return list(zip(made.items.tolist(), made.values.tolist(), strict=True))


def set_union(
    one: list[tuple[int, float]], other: list[tuple[int, float]]
) -> list[tuple[int, float]]:
    """Merge two sorted lists by item, an entry of the second for each of the first skipped."""
    made, other = [], list(other)
    for item, value in one:
        while other and other[0][0] < item:
            made.append(other.pop(0))
        made.append((item, value))
        if other and other[0][0] == item:
            other.pop(0)
    return made + other


@given(st.dictionaries(st.integers(0, 9), st.sampled_from([0.0, 7.0])), PAIRS)
def test_a_basket_is_merged_as_the_library_merges(
    trained: dict[int, float], given_pairs: list[tuple[int, float]]
) -> None:
    [basket] = make_baskets([given_pairs], ITEMS, {})
    distinct = sorted(set(given_pairs))
    assert pairs_of(basket.known) == distinct
    rows = sorted(trained.items())
    assert pairs_of(merged(history(rows), basket.known)) == set_union(rows, distinct)


def test_unknown_items_are_told_once_and_do_not_count() -> None:
    given_pairs = [(99, 1.0), (3, 1.0), (88, 1.0), (99, 2.0)]
    first, second = make_baskets([given_pairs, [(88, 1.0)]], ITEMS, {88: 10})
    assert pairs_of(first.known) == [(3, 1.0)]
    assert first.unknown == (99, 88)
    assert first.new.tolist() == second.new.tolist() == [10]
    assert len(second.known.items) == 0


def test_a_basket_of_unknown_items_is_no_history() -> None:
    [basket] = make_baskets([[(99, 1.0)]], ITEMS, {})
    [query, other] = give([Query(1, 1), Query(2, 2)], {1: basket}, lambda _: history([]))
    assert query.history is None
    assert query.basket is basket
    assert other.basket is None
