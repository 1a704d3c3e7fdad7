"""How good ranked lists are, judged by what visitors did afterwards; at all cutoffs at once.

What measures accuracy is derived from `Hits` alone. Each measure is an array of a row per visitor
and a column per cutoff (column 0 is cutoff 1), so that means, segments and intervals are taken of
visitors and not of averages. A visitor who got no list counts as 0. docs/evaluation.md says in
words what each figure tells, and what it does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import AbstractSet, Any, Dict, List, Mapping, Optional, Sequence

import numpy as np

LONGEST = 20  # places of a list that are judged
CUTOFF = 10  # at which models are compared
ALL = "all"

Lists = Mapping[Any, Sequence[Any]]  # visitor to items, best first
Truth = Mapping[Any, AbstractSet[Any]]  # visitor to held-out items

_CUTOFFS = np.arange(1, LONGEST + 1)
_DISCOUNTS = 1.0 / np.log2(_CUTOFFS + 1.0)


@dataclass(frozen=True)
class Hits:
    """Which places of the visitors' lists hold a held-out item.

    Attributes
    ----------
    matrix : numpy.ndarray of bool, shape (visitors, 20)
        Whether the item at this place was held out; False where the list has ended.
    truth_sizes : numpy.ndarray of int64, shape (visitors,)
        How many items each visitor has in the truth: at least 1.
    """

    matrix: np.ndarray
    truth_sizes: np.ndarray


@dataclass(frozen=True)
class Segment:
    """Some of the visitors, and the mean of their values.

    Attributes
    ----------
    visitors : int
        How many they are.
    mean : numpy.ndarray, optional
        Mean of a measure, of the shape of one visitor's values; None if there is no such visitor.
    """

    visitors: int
    mean: Optional[np.ndarray]


# -- accuracy -----------------------------------------------------------------------------------


def find_hits(lists: Lists, truth: Truth, visitors: Sequence[Any]) -> Hits:
    """Compare lists with the truth.

    Parameters
    ----------
    lists : dict of visitor to list of items
        Best first. Places after the 20th are ignored, and so is an item that the list had before.
        A visitor may be missing, which is the same as an empty list.
    truth : dict of visitor to set of items
        What each visitor did afterwards.
    visitors : sequence of visitors
        Whom to compare; their order is the order of the rows.

    Raises
    ------
    ValueError
        If a visitor has no truth.
    """
    matrix = np.zeros((len(visitors), LONGEST), dtype=bool)
    truth_sizes = np.zeros(len(visitors), dtype=np.int64)
    for row, visitor in enumerate(visitors):
        wanted = truth.get(visitor, frozenset())
        if len(wanted) == 0:
            raise ValueError("visitor {!r} has no held-out item".format(visitor))
        truth_sizes[row] = len(wanted)
        found = set()
        for place, item in enumerate(_judged(lists, visitor)):
            if item in wanted and item not in found:
                matrix[row, place] = True
                found.add(item)
    return Hits(matrix, truth_sizes)


def precision(hits: Hits) -> np.ndarray:
    """Return which share of the first k places are hits, also if the list is shorter.

    Source: Herlocker et al., Evaluating collaborative filtering recommender systems, ACM TOIS
    22(1), 2004.
    """
    return np.cumsum(hits.matrix, axis=1) / _CUTOFFS


def recall(hits: Hits) -> np.ndarray:
    """Return which share of the hits that k places can hold were found.

    These are min(k, held-out items), so that 1 can be reached at every cutoff. In Herlocker et al.
    (ACM TOIS 22(1), 2004) recall divides by all held-out items, which is the same for visitors who
    have no more than k of them.
    """
    possible = np.minimum(_CUTOFFS, hits.truth_sizes[:, np.newaxis])
    return np.asarray(np.cumsum(hits.matrix, axis=1) / possible)


def ndcg(hits: Hits) -> np.ndarray:
    """Return the normalized discounted cumulative gain, in which early hits count more.

    A hit at place i gains 1 / log2(i + 1). The sum is divided by what the best possible list gains.
    Source: Järvelin and Kekäläinen, Cumulated gain-based evaluation of IR techniques, ACM TOIS
    20(4), 2002, with the discount that has become usual; theirs divides by log2(i) from
    place 2 on.
    """
    gained = np.cumsum(hits.matrix * _DISCOUNTS, axis=1)
    possible = np.minimum(_CUTOFFS, hits.truth_sizes[:, np.newaxis])
    return np.asarray(gained / np.cumsum(_DISCOUNTS)[possible - 1])


def reciprocal_rank(hits: Hits) -> np.ndarray:
    """Return 1 / place of the first hit, or 0 if none is among the first k; its mean is MRR.

    Source: Voorhees, The TREC-8 question answering track report, 1999.
    """
    first = np.argmax(hits.matrix, axis=1)[:, np.newaxis]
    is_found = np.logical_or.accumulate(hits.matrix, axis=1)
    return np.asarray(np.where(is_found, 1.0 / (first + 1), 0.0))


# -- beyond accuracy ----------------------------------------------------------------------------


def coverage(lists: Lists, visitors: Sequence[Any], catalogue: int) -> np.ndarray:
    """Return which share of the catalogue somebody gets to see, at each cutoff.

    Source: "catalog coverage" in Herlocker et al., ACM TOIS 22(1), 2004.

    Parameters
    ----------
    lists : dict of visitor to list of items
        Best first.
    visitors : sequence of visitors
        Whose lists count. More visitors see more, so only figures of one set can be compared.
    catalogue : int
        How many items could have been recommended; at least 1.

    Returns
    -------
    numpy.ndarray of float64, shape (20,)

    Raises
    ------
    ValueError
        If the catalogue is empty.
    """
    if catalogue < 1:
        raise ValueError("a catalogue without items cannot be covered")
    best: Dict[Any, int] = {}
    for visitor in visitors:
        for place, item in enumerate(_judged(lists, visitor)):
            best[item] = min(place, best.get(item, place))
    places = np.fromiter(best.values(), dtype=np.int64, count=len(best))
    return np.asarray(np.cumsum(np.bincount(places, minlength=LONGEST)) / catalogue)


def novelty(
    lists: Lists, visitors: Sequence[Any], audience: Mapping[Any, int], training_visitors: int
) -> np.ndarray:
    """Return the mean self-information of the first k items, in bits.

    An item that a share p of the training visitors had has -log2(p): one that everybody had tells
    nobody anything new. An item that nobody had counts as though one visitor had. Source: Vargas
    and Castells, Rank and relevance in novelty and diversity metrics for recommender systems,
    RecSys 2011; the logarithm of the share of visitors is that of Zhou et al., PNAS 107(10), 2010.

    Parameters
    ----------
    lists : dict of visitor to list of items
        Best first.
    visitors : sequence of visitors
        Their order is the order of the rows.
    audience : dict of item to int
        How many of the training visitors had each item.
    training_visitors : int
        How many visitors the training part has; at least 1.

    Returns
    -------
    numpy.ndarray of float64, shape (visitors, 20)
        Means over the items that there are: up to k, and 0 for an empty list.

    Raises
    ------
    ValueError
        If there are no training visitors.
    """
    if training_visitors < 1:
        raise ValueError("novelty is measured by what training visitors had, and there are none")
    information = np.zeros((len(visitors), LONGEST))
    lengths = np.ones((len(visitors), 1), dtype=np.int64)
    for row, visitor in enumerate(visitors):
        items = _judged(lists, visitor)
        counts = np.array([max(1, audience.get(item, 0)) for item in items], dtype=np.float64)
        information[row, : len(items)] = np.log2(training_visitors / counts)
        lengths[row] = max(1, len(items))
    return np.asarray(np.cumsum(information, axis=1) / np.minimum(_CUTOFFS, lengths))


# -- segments -----------------------------------------------------------------------------------


def by_segment(
    values: np.ndarray, labels: Sequence[str], segments: Sequence[str] = ()
) -> Dict[str, Segment]:
    """Return the means of a measure over all visitors and over each segment of them.

    Parameters
    ----------
    values : numpy.ndarray, shape (visitors,) or (visitors, cutoffs)
        One measure.
    labels : sequence of str
        The segment of each visitor, such as its kind or the period of its visit; not "all".
    segments : sequence of str
        Segments that the answer has even if no visitor is in them, and before any others.

    Returns
    -------
    dict of str to Segment
        "all" first, then the segments, those that were not named in ascending order.

    Raises
    ------
    ValueError
        If there are not as many labels as visitors, or one is "all".
    """
    if len(labels) != len(values):
        raise ValueError("{} visitors have {} labels".format(len(values), len(labels)))
    if ALL in labels or ALL in segments:
        raise ValueError("no segment can be called {!r}".format(ALL))
    names = [*segments, *sorted(set(labels) - set(segments))]
    each = np.array(list(labels), dtype=object)
    found = {ALL: _segment(values)}
    found.update((name, _segment(values[each == name])) for name in names)
    return found


def _segment(values: np.ndarray) -> Segment:
    mean = np.asarray(values.mean(axis=0)) if len(values) > 0 else None
    return Segment(len(values), mean)


def _judged(lists: Lists, visitor: Any) -> List[Any]:
    """Return the items of a visitor's list that are judged; none if there is no list."""
    return list(lists.get(visitor, ())[:LONGEST])
