"""Example visitors: what they had, what they were recommended, and what they did then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Sequence

import numpy as np
import pandas as pd

from training.visitors import KNOWN, LIGHT, UNKNOWN

if TYPE_CHECKING:  # they import Turi Create, which examples do not need
    from training.evaluation import Answers
    from training.judged import Part

EXAMPLES = 10
_SHOWN = 10  # items of a list or a history


def draw_examples(kinds: Sequence[str], seed: int) -> List[int]:
    """Return the rows of ten visitors, drawn at random: some of each kind, as far as there are any.

    Parameters
    ----------
    kinds : sequence of str
        Of each visitor.
    seed : int
        Equal seeds draw equal visitors.
    """
    draw = np.random.RandomState(seed)
    left = {
        kind: draw.permutation(np.flatnonzero(np.array(kinds, dtype=object) == kind)).tolist()
        for kind in (KNOWN, LIGHT, UNKNOWN)
    }
    chosen: Dict[str, List[int]] = {kind: [] for kind in left}
    count = 0
    while count < EXAMPLES and any(left.values()):
        for kind, rows in left.items():
            if rows and count < EXAMPLES:
                chosen[kind].append(rows.pop())
                count += 1
    return [row for rows in chosen.values() for row in rows]


def examples(
    before: pd.DataFrame,
    part: Part,
    answered: Sequence[Answers],
    titles: Mapping[str, str],
    seed: int,
) -> List[Dict[str, Any]]:
    """Return ten visitors as the report shows them.

    Parameters
    ----------
    before : pandas.DataFrame
        The events before the test part: `user`, `item`, `time`.
    part : Part
        The visitors of the test part.
    answered : sequence of Answers
        What each model recommended to them.
    titles : mapping of str to str
        Titles by item id; items without one are shown by their id.
    seed : int
        Equal seeds draw equal visitors.
    """
    rows = draw_examples(part.kinds, seed)
    visitors = [part.visitors[row] for row in rows]
    theirs = before[before["user"].isin(visitors)].sort_values("time", kind="stable")
    latest = theirs.drop_duplicates(["user", "item"], keep="last")
    made = []
    for row, visitor in zip(rows, visitors):
        mine = latest[latest["user"] == visitor].iloc[::-1]
        history = [
            dict(_item(item, titles), time=_day(time))
            for item, time in zip(mine["item"].head(_SHOWN).tolist(), mine["time"].head(_SHOWN))
        ]
        truth = part.truth[visitor]
        made.append(
            {
                "visitor": str(visitor),
                "kind": part.kinds[row],
                "items_before": len(mine),
                "history": history,
                "did": [_item(item, titles) for item in sorted(truth)[:_SHOWN]],
                "did_count": len(truth),
                "lists": {
                    one.name: [
                        dict(_item(item, titles), hit=item in truth)
                        for item in one.lists.get(visitor, [])[:_SHOWN]
                    ]
                    for one in answered
                },
            }
        )
    return made


def _item(item: Any, titles: Mapping[str, str]) -> Dict[str, Any]:
    told: Dict[str, Any] = {"id": str(item)}
    if told["id"] in titles:
        told["title"] = titles[told["id"]]
    return told


def _day(time: pd.Timestamp) -> str:
    return str(time.date())
