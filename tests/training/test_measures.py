"""Measures against the textbook's definitions, written as slow loops, and against cases by hand."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.environment import Trainer
from training.measures import (
    LONGEST,
    Hits,
    by_segment,
    coverage,
    find_hits,
    ndcg,
    novelty,
    precision,
    recall,
    reciprocal_rank,
)

Lists = dict[int, list[str]]
Truth = dict[int, set[str]]

MEASURES = {
    "precision": precision,
    "recall": recall,
    "ndcg": ndcg,
    "reciprocal_rank": reciprocal_rank,
}
ITEMS = st.sampled_from([f"item {number}" for number in range(40)])


@st.composite
def recommended(draw: st.DrawFn) -> tuple[Lists, Truth, list[int]]:
    """Draw lists (some too long, some empty, some missing), a truth, and an order of visitors."""
    truth = draw(st.dictionaries(st.integers(0, 9), st.sets(ITEMS, min_size=1), min_size=1))
    lists = {
        visitor: draw(st.lists(ITEMS, unique=True, max_size=30))
        for visitor in truth
        if draw(st.booleans())
    }
    return lists, truth, draw(st.permutations(sorted(truth)))


# -- the textbook ----------------------------------------------------------------------------------


def textbook_precision(ranked: list[str], wanted: set[str], cutoff: int) -> float:
    return len(set(ranked[:cutoff]) & wanted) / cutoff


def textbook_recall(ranked: list[str], wanted: set[str], cutoff: int) -> float:
    return len(set(ranked[:cutoff]) & wanted) / min(cutoff, len(wanted))


def textbook_ndcg(ranked: list[str], wanted: set[str], cutoff: int) -> float:
    gained = 0.0
    for rank, item in enumerate(ranked[:cutoff], start=1):
        if item in wanted:
            gained += 1 / math.log2(rank + 1)
    ideal = 0.0
    for rank in range(1, cutoff + 1):
        if rank <= len(wanted):
            ideal += 1 / math.log2(rank + 1)
    return gained / ideal


def textbook_reciprocal_rank(ranked: list[str], wanted: set[str], cutoff: int) -> float:
    for rank, item in enumerate(ranked, start=1):
        if item in wanted:
            return 1 / rank if rank <= cutoff else 0.0
    return 0.0


TEXTBOOK: dict[str, Callable[[list[str], set[str], int], float]] = {
    "precision": textbook_precision,
    "recall": textbook_recall,
    "ndcg": textbook_ndcg,
    "reciprocal_rank": textbook_reciprocal_rank,
}


@pytest.mark.parametrize("name", MEASURES)
@settings(deadline=None)
@given(drawn=recommended())
def test_each_measure_is_the_textbooks(name: str, drawn: tuple[Lists, Truth, list[int]]) -> None:
    lists, truth, visitors = drawn
    values = MEASURES[name](find_hits(lists, truth, visitors))
    expected = [
        [TEXTBOOK[name](lists.get(visitor, []), truth[visitor], k) for k in range(1, LONGEST + 1)]
        for visitor in visitors
    ]
    assert values.shape == (len(visitors), LONGEST)
    np.testing.assert_allclose(values, expected, rtol=1e-12, atol=0)


@settings(deadline=None)
@given(drawn=recommended())
def test_measures_are_shares(drawn: tuple[Lists, Truth, list[int]]) -> None:
    hits = find_hits(*drawn)
    for measure in MEASURES.values():
        values = measure(hits)
        assert values.min() >= 0.0
        assert values.max() <= 1.0
    # The first hit comes no later the longer the list is, and more places find no fewer items.
    assert (np.diff(reciprocal_rank(hits), axis=1) >= 0.0).all()
    assert (np.diff(precision(hits) * np.arange(1, LONGEST + 1), axis=1) > -1e-9).all()


@settings(deadline=None)
@given(drawn=recommended())
def test_coverage_is_the_textbooks(drawn: tuple[Lists, Truth, list[int]]) -> None:
    lists, _, visitors = drawn
    expected = []
    for cutoff in range(1, LONGEST + 1):
        shown = set()
        for visitor in visitors:
            shown.update(lists.get(visitor, [])[:cutoff])
        expected.append(len(shown) / 40)
    np.testing.assert_allclose(coverage(lists, visitors, 40), expected, rtol=1e-12)


@settings(deadline=None)
@given(drawn=recommended(), audience=st.dictionaries(ITEMS, st.integers(1, 50)))
def test_novelty_is_the_textbooks(
    drawn: tuple[Lists, Truth, list[int]], audience: dict[str, int]
) -> None:
    lists, _, visitors = drawn
    expected = []
    for visitor in visitors:
        row = []
        for cutoff in range(1, LONGEST + 1):
            bits = [-math.log2(audience.get(i, 1) / 50) for i in lists.get(visitor, [])[:cutoff]]
            row.append(sum(bits) / len(bits) if bits else 0.0)
        expected.append(row)
    np.testing.assert_allclose(novelty(lists, visitors, audience, 50), expected, atol=1e-12)


# -- by hand ---------------------------------------------------------------------------------------


def test_a_list_with_hits_at_the_second_and_the_fourth_place() -> None:
    hits = find_hits({1: ["a", "b", "c", "d", "e"]}, {1: {"b", "d", "z"}}, [1])
    assert precision(hits)[0, [0, 1, 3, 4, 9]] == pytest.approx([0, 1 / 2, 2 / 4, 2 / 5, 2 / 10])
    assert recall(hits)[0, [0, 1, 3, 4, 9]] == pytest.approx([0, 1 / 2, 2 / 3, 2 / 3, 2 / 3])
    assert reciprocal_rank(hits)[0, [0, 1, 3, 19]] == pytest.approx([0, 1 / 2, 1 / 2, 1 / 2])
    # 1/log2(3) = 0.6309, 1/log2(5) = 0.4307; at best 1 + 0.6309 + 0.5 for three items.
    assert ndcg(hits)[0, 9] == pytest.approx((0.6309 + 0.4307) / 2.1309, abs=1e-4)
    assert ndcg(hits)[0, 1] == pytest.approx(0.6309 / 1.6309, abs=1e-4)


def test_recall_divides_by_no_more_than_the_list_can_hold() -> None:
    wanted = {f"item {number}" for number in range(30)}
    hits = find_hits({1: sorted(wanted)[:5]}, {1: wanted}, [1])
    assert recall(hits)[0, 9] == 5 / 10
    assert recall(hits)[0, 4] == 1.0


def test_a_perfect_list_has_an_ndcg_of_exactly_one() -> None:
    for size in (1, 3, 10, 25):
        items = [f"item {number}" for number in range(size)]
        assert (ndcg(find_hits({1: items}, {1: set(items)}, [1])) == 1.0).all()


def test_who_gets_no_list_counts_as_zero() -> None:
    hits = find_hits({1: ["a"], 2: []}, {1: {"a"}, 2: {"a"}, 3: {"a"}}, [1, 2, 3])
    for measure in MEASURES.values():
        assert measure(hits).mean(axis=0)[0] == pytest.approx(1 / 3)
    assert novelty({1: ["a"], 2: []}, [1, 2, 3], {"a": 1}, 4)[:, 0].tolist() == [2.0, 0.0, 0.0]


def test_an_item_that_is_recommended_twice_is_found_once() -> None:
    hits = find_hits({1: ["a", "a", "b"]}, {1: {"a", "b"}}, [1])
    assert hits.matrix[0, :3].tolist() == [True, False, True]
    assert recall(hits)[0, 2] == 1.0


def test_a_visitor_without_a_truth_is_refused() -> None:
    for truth in ({}, {7: set[str]()}):
        with pytest.raises(ValueError, match="visitor 7 has no held-out item"):
            find_hits({7: ["a"]}, truth, [7])


def test_novelty_by_hand() -> None:
    # Half of the visitors had a, a quarter b, nobody c, which counts as one of eight.
    values = novelty({1: ["a", "b", "c"]}, [1], {"a": 4, "b": 2}, 8)
    assert values[0, [0, 1, 2, 19]].tolist() == pytest.approx([1.0, 1.5, 2.0, 2.0])
    with pytest.raises(ValueError, match="there are none"):
        novelty({}, [], {}, 0)


def test_coverage_by_hand() -> None:
    covered = coverage({1: ["a", "b"], 2: ["b", "c"], 3: ["z"]}, [1, 2, 4], 10)
    assert covered[[0, 1, 19]].tolist() == [0.2, 0.3, 0.3]
    assert coverage({}, [1], 10).tolist() == [0.0] * LONGEST
    with pytest.raises(ValueError, match="without items"):
        coverage({}, [], 0)


# -- segments --------------------------------------------------------------------------------------


def test_segments_have_their_visitors_and_means() -> None:
    values = np.array([[1.0, 1.0], [0.0, 1.0], [0.5, 0.0]])
    found = by_segment(values, ["known", "light", "known"], ["unknown", "light"])
    assert list(found) == ["all", "unknown", "light", "known"]
    assert [segment.visitors for segment in found.values()] == [3, 0, 1, 2]
    means = {name: segment.mean for name, segment in found.items()}
    assert means["unknown"] is None
    assert np.asarray(means["all"]).tolist() == pytest.approx([0.5, 2 / 3])
    assert np.asarray(means["known"]).tolist() == [0.75, 0.5]
    alone = by_segment(np.array([0.25, 0.75]), ["Noon", "Night"])
    assert {name: float(np.asarray(s.mean)) for name, s in alone.items()} == {
        **{"all": 0.5, "Night": 0.75, "Noon": 0.25}
    }


@settings(deadline=None)
@given(drawn=recommended(), data=st.data())
def test_segments_add_up_to_all(drawn: tuple[Lists, Truth, list[int]], data: st.DataObject) -> None:
    values = recall(find_hits(*drawn))
    labels = data.draw(st.lists(st.sampled_from("abc"), min_size=len(values), max_size=len(values)))
    found = by_segment(values, labels)
    whole = found.pop("all")
    assert whole.visitors == sum(segment.visitors for segment in found.values())
    added = sum(segment.visitors * np.asarray(segment.mean) for segment in found.values())
    np.testing.assert_allclose(added, whole.visitors * np.asarray(whole.mean), atol=1e-9)


def test_labels_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="2 visitors have 1 labels"):
        by_segment(np.zeros(2), ["known"])
    with pytest.raises(ValueError, match="no segment can be called 'all'"):
        by_segment(np.zeros(1), ["all"])
    assert by_segment(np.zeros(0), [])["all"].mean is None


# -- the trainer's Python --------------------------------------------------------------------------


@pytest.mark.slow
def test_the_trainers_python_computes_the_same(trainer: Trainer) -> None:
    draw = np.random.RandomState(3)
    items = [f"item {number}" for number in range(60)]
    lists = {v: list(draw.permutation(items)[: draw.randint(0, 25)]) for v in range(50)}
    lists = {visitor: [str(item) for item in each] for visitor, each in lists.items()}
    truth = {v: {items[n] for n in draw.randint(0, 60, draw.randint(1, 30))} for v in range(50)}
    audience = {item: number + 1 for number, item in enumerate(items[:40])}
    code = """
from training.measures import *
hits = find_hits(lists, truth, visitors)
answer = {name: globals()[name](hits).tolist() for name in names}
answer["coverage"] = coverage(lists, visitors, 60).tolist()
answer["novelty"] = novelty(lists, visitors, audience, 100).tolist()
answer["known"] = by_segment(recall(hits), ["known"] * 50)["known"].mean.tolist()
"""
    there = trainer.run(
        code,
        lists=lists,
        truth=truth,
        audience=audience,
        visitors=list(range(50)),
        names=list(MEASURES),
    )
    hits: Hits = find_hits(lists, truth, range(50))
    here = {name: measure(hits) for name, measure in MEASURES.items()}
    here["coverage"] = coverage(lists, range(50), 60)
    here["novelty"] = novelty(lists, range(50), audience, 100)
    here["known"] = recall(hits).mean(axis=0)
    assert there.keys() == here.keys()
    for name, values in here.items():
        np.testing.assert_allclose(there[name], values, rtol=1e-12, err_msg=name)
