"""Train, choose and judge: from an event log to a directory that the gate decides on.

    python -m training.run LOG --out candidates/2026-11-26

The log is parted by time: settings are chosen on the validation part, and the test part is opened
once, at the end. What is published learns from all events, with the settings that were judged.
Whatever cannot be is refused in one line on standard error, with status 2, and leaves nothing.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from dataclasses import replace
from typing import Dict, List, Mapping, Optional, Sequence

import pandas as pd

from training import command, record, tables
from training.aside import Aside
from training.candidates import named
from training.choose import choose
from training.command import Say
from training.errors import TrainingError
from training.evaluation import Figures, measure
from training.final import POPULARITY, Finals, references
from training.judged import Part, make_part
from training.logs import Log, LogError, read_log, require_learnable
from training.logs.options import add_arguments, from_arguments
from training.notes import few_visitors, titles_of
from training.prepare import PrepareOptions
from training.remaining import seconds_to_finish
from training.report.content import content
from training.report.page import as_json, page
from training.splits import Split, author_split, time_split
from training.tried import Tried
from training.visitors import MOST_VISITORS, audiences, of_drawn_visitors

_MOST_VALIDATED = 2000  # visitors of the validation part: settings differ by more than so few tell
_SEARCHED = 300_000  # events that settings are chosen with unless --search-share says otherwise
_VALIDATION = 0.1


def run(
    log: Log,
    options: PrepareOptions,
    args: argparse.Namespace,
    say: Say,
    aside: Aside,
    titles: Optional[Mapping[str, str]] = None,
) -> List[Figures]:
    """Do all of it, and return what was measured.

    Parameters
    ----------
    log : Log
        The events.
    options : PrepareOptions
        The context of visits, and the time zone.
    args : argparse.Namespace
        The command line.
    say : callable
        Prints a line.
    aside : Aside
        Where everything goes.
    titles : mapping of str to str, optional
        Titles by item id, for the report's examples.

    Raises
    ------
    LogError
        If the log is too small for a step.
    TrainingError
        If no role has a model, or what they are compared with cannot be trained.
    """
    split = _split(log, args)
    known = split.before_test
    say(
        "{} events to learn from, {} to choose settings on, {} to judge by".format(
            len(split.train), len(split.validation), len(split.test)
        )
    )
    test = _part(log, known, split.test, options, args.seed, MOST_VISITORS, "test")
    for note in few_visitors(test, named(args.settings, options.context)):
        say(note)
    seeds = list(range(args.seed, args.seed + args.seeds))
    failed: Dict[str, str] = {}
    tried = _search(log, split, options, args, seeds, say, failed)
    finals = Finals(log, known, test, options.time_zone, aside, say)
    for role, why in failed.items():
        finals.leave_out(role, why)
    for role, ranked in tried.items():
        finals.add(role, ranked[0], seeds)
    outcome = finals.outcome
    if len(outcome.paths) == 0:
        why = next(iter(outcome.failed.values()))
        raise TrainingError("no model could be trained: {}".format(why))
    finals.add_references()
    popular = next(one for one in outcome.answered if one.name == POPULARITY)
    count = known["user"].nunique()
    answered, roles = outcome.all_answers(), list(outcome.paths)
    figures = measure(answered, popular, test, audiences(known), count, args.seed, roles)
    labels = {role: ranked[0].settings.label for role, ranked in tried.items()}
    for line in tables.recalls(figures, test.counts()):
        say(line)
    for line in tables.comparisons(figures, labels):
        say(line)
    aside.write_pairs(known)
    aside.write_part(test)
    told = {
        "trained": record.now(),
        "split": args.split,
        "seed": args.seed,
        "time_zone": options.time_zone,
        "columns": {"user": log.user_name, "item": log.item_name},
        "log": record.facts_of(log),
        "roles": record.roles_of(tried, outcome),
        "failed": outcome.failed,
        "visitors": test.counts(),
        "figures": [record.figures_of(one) for one in figures],
    }
    if args.split == "time":  # the author's rule holds out items, not what comes after a moment
        told["test_from"] = record.moment(split.test["time"].min())
    aside.write_run(told)
    try:
        said = content(told, log.events, known, test, outcome.answered, outcome.shuffled, titles)
        aside.write_text("report.json", as_json(said))
        aside.write_text("report.html", page(said))
    except Exception as error:  # hours of training are not thrown away for the want of a page
        say("there is no report: {}: {}".format(type(error).__name__, error))
    return figures


def _split(log: Log, args: argparse.Namespace) -> Split:
    try:
        if args.split == "author":
            return author_split(log.events, args.seed, validation=_VALIDATION)
        return time_split(log.events, validation=_VALIDATION)
    except ValueError as error:
        raise LogError("the log cannot be parted: {}".format(error)) from error


def _part(
    log: Log,
    before: pd.DataFrame,
    part: pd.DataFrame,
    options: PrepareOptions,
    seed: int,
    most: int,
    name: str,
) -> Part:
    """Return the visitors of a part; refuse one that has none."""
    made = make_part(log, before, part, options, seed, most)
    if len(made.visitors) == 0:
        raise LogError(
            "the log is too small: nobody in the {} part ({} events) has an item that the same "
            "visitor did not have before".format(name, len(part))
        )
    return made


def _search(
    log: Log,
    split: Split,
    options: PrepareOptions,
    args: argparse.Namespace,
    seeds: Sequence[int],
    say: Say,
    failed: Dict[str, str],
) -> Dict[str, List[Tried]]:
    """Choose settings for each role on the validation part; `failed` gets the roles without any."""
    share = args.search_share
    if share is None:
        share = min(1.0, _SEARCHED / max(len(split.before_test), 1))
    drawn = of_drawn_visitors(split.before_test, share, args.seed)["user"].unique()
    train, validation = (part[part["user"].isin(drawn)] for part in (split.train, split.validation))
    if share < 1.0:
        say("choosing settings with {} drawn visitors (--search-share {:.3g})".format(
            len(drawn), share))  # fmt: skip
    if train.empty:
        raise LogError("the drawn visitors have no event to learn from (--search-share)")
    part = _part(log, train, validation, options, args.seed, _MOST_VALIDATED, "validation")
    learned = replace(log, events=train)
    tried: Dict[str, List[Tried]] = {}
    roles = named(args.settings, options.context)
    end = None if args.budget is None else time.monotonic() + 60.0 * args.budget
    for number, (role, tries) in enumerate(roles.items()):
        until = None if end is None else _fair_end(end, len(roles) - number)
        try:
            earlier = [one for each in tried.values() for one in each]
            zone = options.time_zone
            tried[role] = choose(tries, learned, part, zone, seeds, until, say, earlier)
        except TrainingError as error:
            failed[role] = str(error)
    seconds = seconds_to_finish(tried, references(), len(seeds), len(train), len(split.before_test))
    say("about {:.0f} s left to train and judge what was chosen".format(seconds))
    return tried


def _fair_end(end: float, roles: int) -> float:
    """Return until when the next of so many roles may take, so that each gets its part."""
    now = time.monotonic()
    return now + max(0.0, end - now) / roles


def _parser() -> command.Parser:
    parser = command.Parser(
        prog="run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("log", help="event log")
    parser.add_argument("--out", required=True, help="directory that is made for the gate")
    parser.add_argument(
        "--split",
        choices=["time", "author"],
        default="time",
        help="how the log is parted; time: models learn from what came first, and are judged by "
        "what came then; author: they are judged by items of the busiest visitors, drawn at "
        "random, as the original deployment's were (default: %(default)s)",
    )
    parser.add_argument(
        "--settings",
        choices=["usual", "author", "context"],
        default="usual",
        help="which settings are tried; usual: several for each role; author: only those of the "
        "original deployment's ranking model, to see the gate refuse it; context: only a model "
        "for newcomers that learns the context of visits (default: %(default)s)",
    )
    parser.add_argument("--seed", type=command.seed, default=7, help="(default: %(default)s)")
    parser.add_argument(
        "--seeds",
        type=command.counted,
        default=3,
        help="that the best settings are tried and judged with (default: %(default)s)",
    )
    parser.add_argument(
        "--budget",
        type=command.minutes,
        metavar="MINUTES",
        help="for choosing settings; the first of each role are tried whatever it is",
    )
    parser.add_argument(
        "--search-share",
        type=command.share,
        metavar="SHARE",
        help="of the visitors, drawn at random, with whom settings are chosen (default: all, or "
        "so many that they have about {} events)".format(_SEARCHED),
    )
    parser.add_argument(
        "--titles",
        nargs=2,
        metavar=("FILE", "COLUMN"),
        help="a CSV file of items, and its column of titles, for the report's examples",
    )
    parser.add_argument(
        "--titles-id",
        metavar="COLUMN",
        help="the column of item ids in the file of titles (default: the name that it has in the "
        "log)",
    )
    add_arguments(parser)
    return parser


def main(arguments: Optional[List[str]] = None) -> int:
    """Run the command line; return its exit status."""
    args = _parser().parse_args(arguments)
    say = command.make_say()
    return command.status_of("run", lambda: _run_aside(args, say))


def _run_aside(args: argparse.Namespace, say: Say) -> None:
    options = from_arguments(args)
    aside = Aside(args.out)
    command.on_termination(aside.discard)
    try:
        log = read_log(args.log, options)
        for note in log.notes:
            say(note)
        require_learnable(log.events["user"], log.events["item"], log.user_name, log.item_name)
        titles = titles_of(log, args, say)
        prepared = PrepareOptions(context=options.context, time_zone=options.time_zone)
        run(log, prepared, args, say, aside, titles)
        aside.publish()
    finally:
        aside.discard()
    say("left aside in {}".format(args.out))
    report = os.path.join(args.out, "report.html")
    if os.path.exists(report):
        say("the report is {}".format(report))
    say("next: turi-recommender gate {} --models-dir ...".format(shlex.quote(args.out)))


if __name__ == "__main__":
    sys.exit(main())
