"""Whether a model has collapsed: signs in its lists and scores that no mean measure shows.

A model that has learnt nothing of its visitors still answers, and may even have a fair recall, for
it recommends what is popular. Each check returns a finding with the figure, the threshold and a
sentence, or None. Ask about visitors whom training knew: for strangers, popular items are all that
a model can offer. docs/evaluation.md says why the thresholds are what they are.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any, List, Mapping, Optional, Sequence

import numpy as np

from training.measures import CUTOFF, Lists

Scores = Mapping[Any, Sequence[float]]  # visitor to the scores of the items of the list

EMPTY_LISTS = 0.1  # of the visitors get nothing
POPULARITY_OVERLAP = 0.8  # of the first ten are those of popularity
COVERAGE = 0.02  # of the items that so many lists could show
SAME_LIST = 0.5  # of the visitors get one list
FLAT_LISTS = 0.5  # of the lists have scores that are all equal
# Scores are float32 or sums of them: what differs by less than this is rounding.
_SPREAD = 1e-6


@dataclass(frozen=True)
class Finding:
    """A sign of a collapse.

    Attributes
    ----------
    name : str
        Which check found it; a report can rely on it.
    figure, threshold : float
        What was measured, and the bound that it does not keep.
    words : str
        One sentence for people, with both figures.
    """

    name: str
    figure: float
    threshold: float
    words: str


def find_collapse(lists: Lists, popular: Lists, scores: Scores, catalogue: int) -> List[Finding]:
    """Apply every check to what a model answered.

    Parameters
    ----------
    lists : dict of visitor to list of items
        The model's, best first; every visitor who was asked about, if only with an empty list.
    popular : dict of visitor to list of items
        What a popularity model recommends to the same visitors, under the same rules (without what
        they had before).
    scores : dict of visitor to list of float
        The model's scores of the items of `lists`.
    catalogue : int
        How many items could have been recommended; at least 1.

    Returns
    -------
    list of Finding
        Empty if there is no sign of a collapse.
    """
    findings = [
        check_empty(lists),
        check_popularity(lists, popular),
        check_coverage(lists, catalogue),
        check_same_list(lists),
        check_numbers(scores),
        check_spread(scores),
    ]
    return [finding for finding in findings if finding is not None]


def check_empty(lists: Lists) -> Optional[Finding]:
    """Find visitors who get nothing."""
    share = _share(sum(len(items) == 0 for items in lists.values()), len(lists))
    if share <= EMPTY_LISTS:
        return None
    words = "{:.1%} of the visitors get no recommendation at all; up to {:.0%} would be accepted"
    return _finding("empty-lists", share, EMPTY_LISTS, words)


def check_popularity(lists: Lists, popular: Lists) -> Optional[Finding]:
    """Find lists that are popularity's.

    Parameters
    ----------
    lists : dict of visitor to list of items
        The model's.
    popular : dict of visitor to list of items
        Those of a popularity model, for the same visitors.
    """
    overlaps = [
        len(set(items[:CUTOFF]) & set(popular.get(visitor, ())[:CUTOFF])) / len(items[:CUTOFF])
        for visitor, items in lists.items()
        if len(items) > 0
    ]
    if len(overlaps) == 0:
        return None
    overlap = math.fsum(overlaps) / len(overlaps)
    if overlap < POPULARITY_OVERLAP:
        return None
    words = (
        "on average, {:.1%} of the first ten items are those that popularity recommends; less than "
        "{:.0%} would be accepted"
    )
    return _finding("like-popularity", overlap, POPULARITY_OVERLAP, words)


def check_coverage(lists: Lists, catalogue: int) -> Optional[Finding]:
    """Find a catalogue of which hardly anything is shown.

    The figure is a share of what the first ten places of these lists could show at best, which is
    less than the catalogue where few visitors were asked about.

    Parameters
    ----------
    lists : dict of visitor to list of items
        The model's.
    catalogue : int
        How many items could have been recommended; at least 1.
    """
    places = sum(len(items[:CUTOFF]) for items in lists.values())
    if places == 0:
        return None
    shown = {item for items in lists.values() for item in items[:CUTOFF]}
    share = len(shown) / min(places, catalogue)
    if share >= COVERAGE:
        return None
    words = (
        "the first ten places show {:.1%} of the items that they could show; at least {:.0%} would "
        "be accepted"
    )
    return _finding("tiny-coverage", share, COVERAGE, words)


def check_same_list(lists: Lists) -> Optional[Finding]:
    """Find one list that many visitors get."""
    counts = Counter(tuple(items[:CUTOFF]) for items in lists.values() if len(items) > 0)
    visitors = sum(counts.values())
    if visitors < 2:
        return None
    share = max(counts.values()) / visitors
    if share <= SAME_LIST:
        return None
    words = (
        "{:.1%} of the visitors get the same ten items in the same order; up to {:.0%} would be "
        "accepted"
    )
    return _finding("same-list", share, SAME_LIST, words)


def check_numbers(scores: Scores) -> Optional[Finding]:
    """Find scores that are no numbers, or infinite: the training diverged."""
    numbers = [number for each in scores.values() for number in each]
    bad = sum(not math.isfinite(number) for number in numbers)
    if bad == 0:
        return None
    words = "the number of scores that are NaN or infinite is {:.0f}; {:.0f} would be accepted"
    return _finding("bad-scores", bad, 0, words)


def check_spread(scores: Scores) -> Optional[Finding]:
    """Find lists whose order means nothing, because all scores in them are equal."""
    longer = [np.array(each, dtype=np.float64) for each in scores.values() if len(each) > 1]
    finite = [each for each in longer if np.isfinite(each).all()]
    share = _share(sum(_is_flat(each) for each in finite), len(finite))
    if share <= FLAT_LISTS:
        return None
    words = (
        "the scores of {:.1%} of the lists are all equal, so their order means nothing; up to "
        "{:.0%} would be accepted"
    )
    return _finding("flat-scores", share, FLAT_LISTS, words)


def _is_flat(scores: np.ndarray) -> bool:
    halves = scores / 2.0  # the difference of two of them never overflows
    return bool(np.ptp(halves) <= _SPREAD * np.abs(halves).max())


def _share(part: int, whole: int) -> float:
    return part / whole if whole > 0 else 0.0


def _finding(name: str, figure: float, threshold: float, words: str) -> Finding:
    return Finding(name, figure, threshold, words.format(figure, threshold))
