"""Ask models about visitors of a part of the log, and measure what they answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, List, Optional, Set, Tuple

import numpy as np
import pandas as pd

from training.candidates import Lists, Scores, ask
from training.logs import Log
from training.measures import by_segment, find_hits, recall
from training.prepare import PrepareOptions, context_of
from training.splits import held_out
from training.visitors import KINDS, draw_visitors, first_visits, kinds

CUTOFF = 10


@dataclass(frozen=True)
class Part:
    """Visitors who are asked about, and what they did.

    Attributes
    ----------
    visitors : list of visitors
        In ascending order.
    truth : dict of visitor to set of items
        What each of them did that was not known before.
    kinds : list of str
        Unknown, light or known, in their order.
    visits : pandas.DataFrame
        The user column by the log's own name, and the context of each visitor's first visit.
    periods : list of str
        The period of the day of each of these visits.
    """

    visitors: List[Any]
    truth: Dict[Any, Set[Any]]
    kinds: List[str]
    visits: pd.DataFrame
    periods: List[str]

    def counts(self) -> Dict[str, int]:
        """Return how many visitors there are, by kind, and `all`."""
        return {"all": len(self.visitors), **{kind: self.kinds.count(kind) for kind in KINDS}}


def make_part(
    log: Log,
    before: pd.DataFrame,
    part: pd.DataFrame,
    options: PrepareOptions,
    seed: int,
    most: int,
) -> Part:
    """Return the visitors of a part of a log.

    Parameters
    ----------
    log : Log
        The whole log.
    before : pandas.DataFrame
        All events before the part.
    part : pandas.DataFrame
        Its events.
    options : PrepareOptions
        Which context a visit has, and in which time zone.
    seed : int
        Equal seeds draw equal visitors.
    most : int
        How many visitors at most.
    """
    truth = held_out(before, part)
    visitors = draw_visitors(truth, seed, most)
    times = first_visits(part, visitors)
    first = part.sort_values("time", kind="stable").drop_duplicates("user")
    events = first.set_index("user", drop=False).reindex(visitors)
    events = events.assign(time=times)
    visits = pd.DataFrame({log.user_name: visitors})
    for name in options.context:
        visits[name] = context_of(name, events, options.time_zone).to_numpy()
    return Part(
        visitors,
        {visitor: truth[visitor] for visitor in visitors},
        kinds(before, visitors),
        visits,
        context_of("period", events, options.time_zone).tolist(),
    )


def with_shuffled_context(part: Part, seed: int) -> Part:
    """Return a part in which each visitor has the context of somebody's visit, drawn at random.

    Parameters
    ----------
    part : Part
        The visitors.
    seed : int
        Equal seeds draw equal contexts.
    """
    order = np.random.RandomState(seed).permutation(len(part.visitors))
    context = {name: part.visits[name].to_numpy()[order] for name in part.visits.columns[1:]}
    return replace(part, visits=part.visits.assign(**context))


def recall_of(lists: Lists, part: Part) -> np.ndarray:
    """Return each visitor's recall at 10, shape (visitors,)."""
    return np.asarray(recall(find_hits(lists, part.truth, part.visitors))[:, CUTOFF - 1])


def means_by_kind(values: np.ndarray, part: Part) -> Dict[str, Optional[float]]:
    """Return the mean of each kind of visitor, and of all; None where there is no such visitor.

    Parameters
    ----------
    values : numpy.ndarray, shape (visitors,)
        One measure.
    part : Part
        The visitors.
    """
    return {
        kind: None if segment.mean is None else float(segment.mean)
        for kind, segment in by_segment(values, part.kinds, KINDS).items()
    }


def answers(model: Any, part: Part, *, with_context: bool = True) -> Tuple[Lists, Scores]:
    """Return what a model recommends to the visitors of a part.

    Parameters
    ----------
    model : turicreate recommender
        The model.
    part : Part
        The visitors.
    with_context : bool
        Whether it is told the context of the visit.
    """
    return ask(model, part.visits if with_context else part.visits.iloc[:, :1])
