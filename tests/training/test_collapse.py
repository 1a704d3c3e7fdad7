"""Signs of a collapse, in models that have one and in one that has none."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.collapse import (
    COVERAGE,
    EMPTY_LISTS,
    FLAT_LISTS,
    POPULARITY_OVERLAP,
    SAME_LIST,
    Finding,
    check_coverage,
    check_empty,
    check_numbers,
    check_popularity,
    check_same_list,
    check_spread,
    find_collapse,
)

Lists = dict[int, list[int]]
Scores = dict[int, list[float]]

CATALOGUE = 1000
POPULAR: Lists = {visitor: list(range(10)) for visitor in range(100)}


def healthy() -> tuple[Lists, Scores]:
    """Return a different list for everybody, with falling scores."""
    draw = np.random.RandomState(1)
    lists = {visitor: draw.permutation(CATALOGUE)[:10].tolist() for visitor in range(100)}
    return lists, {visitor: [1.0 - place / 20 for place in range(10)] for visitor in lists}


def names(findings: list[Finding]) -> list[str]:
    return [finding.name for finding in findings]


def found(finding: Finding | None) -> Finding:
    assert finding is not None
    return finding


def test_a_model_that_has_learnt_something_has_no_finding() -> None:
    lists, scores = healthy()
    assert find_collapse(lists, POPULAR, scores, CATALOGUE) == []


def test_popularity_in_disguise_is_found() -> None:
    """Popular items, for everybody in another order."""
    _, scores = healthy()
    draw = np.random.RandomState(2)
    lists = {visitor: draw.permutation(11)[:10].tolist() for visitor in POPULAR}
    findings = find_collapse(lists, POPULAR, scores, CATALOGUE)
    assert names(findings) == ["like-popularity", "tiny-coverage"]
    overlap = sum(len(set(lists[v]) & set(POPULAR[v])) for v in lists) / 1000
    assert findings[0].figure == pytest.approx(overlap)
    assert findings[0].threshold == POPULARITY_OVERLAP
    assert f"{overlap:.1%}" in findings[0].words
    assert "80%" in findings[0].words
    assert findings[1].figure == pytest.approx(11 / 1000)
    assert findings[1].threshold == COVERAGE


def test_the_same_list_for_everybody_is_found() -> None:
    _, scores = healthy()
    lists = {visitor: list(range(500, 510)) for visitor in POPULAR}
    findings = find_collapse(lists, POPULAR, scores, CATALOGUE)
    assert names(findings) == ["tiny-coverage", "same-list"]
    assert (findings[1].figure, findings[1].threshold) == (1.0, SAME_LIST)


def test_scores_that_are_no_numbers_are_found() -> None:
    lists, scores = healthy()
    scores[3][0], scores[4][9] = math.nan, -math.inf
    findings = find_collapse(lists, POPULAR, scores, CATALOGUE)
    assert names(findings) == ["bad-scores"]
    assert (findings[0].figure, findings[0].threshold) == (2, 0)


def test_scores_without_spread_are_found() -> None:
    lists, scores = healthy()
    scores.update({visitor: [0.7 + place * 1e-9 for place in range(10)] for visitor in range(60)})
    findings = find_collapse(lists, POPULAR, scores, CATALOGUE)
    assert names(findings) == ["flat-scores"]
    assert (findings[0].figure, findings[0].threshold) == (0.6, FLAT_LISTS)
    assert "60.0% of the lists" in findings[0].words


def test_visitors_who_get_nothing_are_found() -> None:
    lists, scores = healthy()
    lists.update({visitor: [] for visitor in range(11)})
    scores.update({visitor: [] for visitor in range(11)})
    findings = find_collapse(lists, POPULAR, scores, CATALOGUE)
    assert names(findings) == ["empty-lists"]
    assert (findings[0].figure, findings[0].threshold) == (0.11, EMPTY_LISTS)


def test_a_model_that_says_nothing_has_one_finding() -> None:
    nothing: Lists = {visitor: [] for visitor in POPULAR}
    findings = find_collapse(nothing, POPULAR, {visitor: [] for visitor in POPULAR}, CATALOGUE)
    assert names(findings) == ["empty-lists"]
    assert find_collapse({}, {}, {}, CATALOGUE) == []


def test_thresholds_are_where_they_say() -> None:
    lists, _ = healthy()
    eight: Lists = {visitor: [*range(8), 500, 501] for visitor in POPULAR}
    seven: Lists = {visitor: [*range(7), 500, 501, 502] for visitor in POPULAR}
    assert found(check_popularity(eight, POPULAR)).figure == pytest.approx(0.8)
    assert check_popularity(seven, POPULAR) is None
    tenth: Lists = {**lists, **{visitor: [] for visitor in range(10)}}
    assert check_empty(tenth) is None
    twenty: Lists = {v: list(range(10)) if v % 2 else list(range(10, 20)) for v in lists}
    assert check_coverage(twenty, CATALOGUE) is None
    nineteen: Lists = {v: list(range(10)) if v % 2 else list(range(9, 19)) for v in lists}
    assert found(check_coverage(nineteen, CATALOGUE)).figure == pytest.approx(0.019)
    assert check_same_list(twenty) is None
    assert check_spread({1: [1.0, 1.0], 2: [1.0, 0.5]}) is None
    assert check_numbers({1: [0.0, -1.0, 3e38]}) is None
    largest = sys.float_info.max
    assert check_spread({1: [largest, -largest]}) is None


def test_few_visitors_cannot_cover_a_large_catalogue() -> None:
    lists, _ = healthy()
    assert check_coverage({1: lists[1], 2: lists[2]}, 200_000) is None


def test_one_visitor_has_no_other_to_be_like() -> None:
    assert check_same_list({1: [1, 2, 3], 2: []}) is None
    assert check_spread({1: [0.5], 2: []}) is None


ANY_LISTS = st.dictionaries(
    st.integers(0, 20), st.lists(st.integers(0, 30), unique=True, max_size=25), max_size=12
)


@settings(deadline=None)
@given(lists=ANY_LISTS, popular=ANY_LISTS, data=st.data())
def test_every_finding_says_its_figures(lists: Lists, popular: Lists, data: st.DataObject) -> None:
    floats = data.draw(st.lists(st.floats(), min_size=1, max_size=10))
    scores = {
        visitor: [floats[(visitor + item) % len(floats)] for item in items]
        for visitor, items in lists.items()
    }
    findings = find_collapse(lists, popular, scores, 31)
    assert len(set(names(findings))) == len(findings)
    for finding in findings:
        assert math.isfinite(finding.figure)
        assert "accepted" in finding.words
        assert "{" not in finding.words
