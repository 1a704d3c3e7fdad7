"""Parts of an event log: to learn from, to choose settings on, and to be judged by.

docs/evaluation.md says why time is what parts them, and what the author's rule is there for.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Dict, List, Set

import numpy as np
import pandas as pd

PAIR = ["user", "item"]
_BUSIEST_SHARE = 0.02
_BUSIEST_AT_LEAST = 10


@dataclass(frozen=True)
class Split:
    """Three parts of a table, each with its columns and in its order.

    Attributes
    ----------
    train : pandas.DataFrame
        What models learn from while settings are chosen.
    validation : pandas.DataFrame
        What settings are chosen on. It has no rows where none were asked for.
    test : pandas.DataFrame
        What the chosen settings are judged by, once.
    """

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame

    @property
    def before_test(self) -> pd.DataFrame:
        """What the model learns from that the test part judges: the other two parts together."""
        if self.validation.empty:
            return self.train
        return pd.concat([self.train, self.validation]).sort_index(kind="stable")


def time_split(events: pd.DataFrame, validation: float = 0.1, test: float = 0.1) -> Split:
    """Part a log by time: every event of a part is later than all events of the parts before it.

    Events of one time stay together. Where a boundary falls among them, all of them go to the later
    part, so no part but the first is smaller than it was asked to be.

    Parameters
    ----------
    events : pandas.DataFrame
        Has a column `time` (datetime64[ns], UTC); rows in any order.
    validation : float
        Share of the events, in the order of time, that become the validation part; 0 for none.
    test : float
        Share of the events that become the test part, the latest of all; above 0.

    Raises
    ------
    ValueError
        If the shares are none, an event has no time, or a part that was asked for would be empty.
    """
    _check_shares(validation, test)
    times = events["time"].to_numpy()
    if np.isnat(times).any():
        raise ValueError("an event without a time cannot be put before or after the others")
    ordered = np.sort(times)
    test_from = _start_of_last(ordered, test * len(times))
    validation_from = test_from
    if validation > 0.0:
        earlier = ordered[ordered < test_from]
        validation_from = _start_of_last(earlier, validation * len(times))
    is_test = times >= test_from
    is_train = times < validation_from
    if not is_train.any():
        raise ValueError(
            "nothing is left to train on: {} events of {} different times cannot be parted into "
            "training, validation ({:g}) and test ({:g})".format(
                len(times), len(np.unique(times)), validation, test
            )
        )
    return Split(events[is_train], events[~is_train & ~is_test], events[is_test])


def author_split(
    rows: pd.DataFrame, seed: int, validation: float = 0.0, test: float = 0.2
) -> Split:
    """Hold out a fifth of the items of the busiest visitors, as the original deployment did.

    The busiest are the 2 % of the visitors with the most rows, at least ten. Each of their items is
    held out with the probability `test`, independently, which is the rule of Turi Create's
    `random_split_by_user`. That draws rows, so an item of several rows may end up on both sides;
    here all rows of one visitor and item stay together, since only an item that training did not
    have can be held out.

    Parameters
    ----------
    rows : pandas.DataFrame
        Has the columns `user` and `item`. The order of its rows does not matter for what is drawn.
    seed : int
        Equal seeds hold out equal pairs of visitor and item.
    validation : float
        Probability with which an item becomes part of the validation part. It does not change what
        the test part has.
    test : float
        Probability with which an item becomes part of the test part.

    Raises
    ------
    ValueError
        If the probabilities are none.
    """
    _check_shares(validation, test)
    is_busy = rows["user"].isin(busiest(rows["user"])).to_numpy()
    pairs = rows[is_busy].groupby(PAIR).ngroup().to_numpy()  # numbered in ascending order
    # RandomState draws the same numbers in every version of NumPy.
    of_pairs = np.random.RandomState(seed).random_sample(pairs.max(initial=-1) + 1)
    drawn = np.ones(len(rows))
    drawn[is_busy] = of_pairs[pairs]
    is_test = drawn < test
    is_validation = ~is_test & (drawn < test + validation)
    return Split(rows[~is_test & ~is_validation], rows[is_validation], rows[is_test])


def busiest(users: pd.Series) -> List[Any]:
    """Return the 2 % of the visitors with the most rows (at least ten), equal ones by their ids."""
    counts = users.groupby(users).size()
    wanted = max(_BUSIEST_AT_LEAST, int(len(counts) * _BUSIEST_SHARE))
    order = np.argsort(-counts.to_numpy(), kind="stable")[:wanted]
    return counts.index[order].tolist()


def held_out(before: pd.DataFrame, part: pd.DataFrame) -> Dict[Any, Set[Any]]:
    """Return the truth: the items of a part that each visitor did not have before it.

    Parameters
    ----------
    before : pandas.DataFrame
        Columns `user` and `item`: all that was known when the part began. This is the log itself,
        not what a filter of visitors or items left of it, so that all candidates have one truth.
    part : pandas.DataFrame
        The same columns: the validation or the test part.

    Returns
    -------
    dict of visitor to set of items
        Visitors without a new item have no entry.
    """
    pairs = part[PAIR].drop_duplicates()
    new = pairs[~_are_among(pairs, before[before["user"].isin(pairs["user"])])]
    truth: Dict[Any, Set[Any]] = defaultdict(set)
    for user, item in zip(new["user"].tolist(), new["item"].tolist()):
        truth[user].add(item)
    return dict(truth)


def _check_shares(validation: float, test: float) -> None:
    # Said in this way round, NaN is refused, too.
    if not (validation >= 0.0 and test > 0.0 and validation + test < 1.0):
        raise ValueError(
            "validation ({:g}) and test ({:g}) must be shares that leave something to train "
            "on".format(validation, test)
        )


def _start_of_last(ordered: np.ndarray, wanted: float) -> Any:
    """Return the time from which on so many of the events, at least one, happened."""
    if len(ordered) == 0:
        return np.datetime64("NaT")  # no event is before it or after it
    return ordered[max(0, len(ordered) - max(1, round(wanted)))]


def _are_among(rows: pd.DataFrame, pairs: pd.DataFrame) -> np.ndarray:
    """Tell of each row whether its visitor and item are among the pairs."""
    found = rows[PAIR].merge(pairs[PAIR].drop_duplicates(), how="left", on=PAIR, indicator=True)
    return (found["_merge"] == "both").to_numpy()
