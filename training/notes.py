"""What a run says at its beginning, so that nobody waits to learn it at the end."""

from __future__ import annotations

import argparse
from typing import Iterable, List, Mapping, Optional

from training.command import Say
from training.judged import Part
from training.limits import JUDGING_VISITORS
from training.logs import Log, LogError
from training.logs.errors import column_name, shown
from training.report.titles import read_titles
from training.roles import kinds_of

_FEW = (
    "note: the test part has {} visitors who are {}; to judge a model for them, the gate wants {} "
    "(its --least-visitors), and will refuse it"
)


def few_visitors(test: Part, roles: Iterable[str]) -> List[str]:
    """Say of whom the test part has too few for the gate.

    Parameters
    ----------
    test : Part
        The test part's visitors.
    roles : iterable of str
        The roles that models are trained for.
    """
    notes = []
    for kinds in dict.fromkeys(map(kinds_of, roles)):
        count = sum(kind in kinds for kind in test.kinds)
        if count < JUDGING_VISITORS:
            notes.append(_FEW.format(count, " or ".join(kinds), JUDGING_VISITORS))
    return notes


def titles_of(log: Log, args: argparse.Namespace, say: Say) -> Optional[Mapping[str, str]]:
    """Return titles of the log's items, if a file of them is named.

    Parameters
    ----------
    log : Log
        The events.
    args : argparse.Namespace
        The command line.
    say : callable
        Prints a line.

    Raises
    ------
    LogError
        If the file cannot be read, or has no such column.
    """
    if args.titles is None:
        if args.titles_id is not None:
            raise LogError("--titles-id needs --titles")
        return None
    path, column = args.titles
    identity = log.item_name if args.titles_id is None else args.titles_id
    titles = read_titles(path, identity, column, set(log.events["item"].astype(str)))
    if not titles:
        told = "note: no id in column {} of {} is an item of the log: the report shows no titles"
        say(told.format(column_name(identity), shown(path)))
        return None
    return titles
