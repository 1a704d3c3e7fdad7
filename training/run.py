"""Train, choose and judge: from an event log to a directory that the gate decides on.

    python -m training.run LOG --out candidates/2026-11-26

The log is parted by time: settings are chosen on the validation part, and the test part is opened
once, at the end. What is published learns from all events, with the settings that were judged.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from datetime import datetime
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import pandas as pd

from training.aside import NAMES, Aside
from training.candidates import named, train, usual
from training.choose import Tried, choose
from training.evaluation import Answers, Figures, measure, table
from training.intervals import Interval
from training.judged import Part, answers, make_part
from training.logs import Log, LogError, LogOptions, read_log, require_learnable
from training.logs.options import add_arguments, from_arguments
from training.prepare import PrepareOptions
from training.splits import Split, author_split, time_split
from training.visitors import MOST_VISITORS, audiences

Say = Callable[[str], None]

_MOST_VALIDATED = 2000  # visitors of the validation part: settings differ by more than so few tell
_REFERENCES = ("popularity", "popularity of the last 20%", "jaccard")


def run(
    log: Log, options: PrepareOptions, args: argparse.Namespace, say: Say, aside: Aside
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
    """
    split = _split(log, args)
    end = None if args.budget is None else time.monotonic() + 60.0 * args.budget
    seeds = list(range(args.seed, args.seed + args.seeds))
    say(
        "{} events to learn from, {} to choose settings on, {} to judge by".format(
            len(split.train), len(split.validation), len(split.test)
        )
    )
    part = make_part(log, split.train, split.validation, options, args.seed, _MOST_VALIDATED)
    tried = {
        role: choose(tries, log, split.train, part, options.time_zone, seeds, end, say)
        for role, tries in named(args.settings, options.context).items()
    }
    test = make_part(log, split.before_test, split.test, options, args.seed, MOST_VISITORS)
    answered, popular = _judge(log, split, test, tried, options, aside, say)
    known = split.before_test
    figures = measure(answered, popular, test, audiences(known), known["user"].nunique(), args.seed)
    for line in table(figures, "jaccard"):
        say(line)
    paths = _finish(log, tried, options, aside, say)
    aside.write_pairs(known)
    aside.write_part(test)
    told = _told(log, args, options, tried, paths, figures, test)
    if args.split == "time":  # the author's rule holds out items, not what comes after a moment
        told["test_from"] = _moment(split.test["time"].min())
    aside.write_run(told)
    return figures


def _split(log: Log, args: argparse.Namespace) -> Split:
    try:
        if args.split == "author":
            return author_split(log.events, args.seed, validation=0.1)
        return time_split(log.events)
    except ValueError as error:
        raise LogError("the log cannot be parted: {}".format(error)) from error


def _judge(
    log: Log,
    split: Split,
    test: Part,
    tried: Mapping[str, Sequence[Tried]],
    options: PrepareOptions,
    aside: Aside,
    say: Say,
) -> Tuple[List[Answers], Answers]:
    """Train what was chosen, and what it is compared with, and ask them about the test part."""
    before = replace(log, events=split.before_test)
    answered: List[Answers] = []
    for role, ranked in tried.items():
        best = ranked[0]
        say("judging {} for {}".format(best.settings.label, role))
        model = train(best.settings, before, options.time_zone, best.seed)
        aside.save(model, role, "judged")
        answered.append(Answers(role, *answers(model, test)))
    references = {settings.label: settings for tries in usual(()).values() for settings in tries}
    compared: Dict[str, Answers] = {}
    for label in _REFERENCES:
        model = train(references[label], before, options.time_zone, 0)
        compared[label] = Answers(label, *answers(model, test, with_context=False))
    return [*answered, *compared.values()], compared["popularity"]


def _finish(
    log: Log,
    tried: Mapping[str, Sequence[Tried]],
    options: PrepareOptions,
    aside: Aside,
    say: Say,
) -> Dict[str, str]:
    """Train on all events what was chosen; return the path of each role's model."""
    paths = {}
    for role, ranked in tried.items():
        best = ranked[0]
        say("training {} for {} on all events".format(best.settings.label, role))
        model = train(best.settings, log, options.time_zone, best.seed)
        paths[role] = aside.save(model, role, "final")
    return paths


def _told(
    log: Log,
    args: argparse.Namespace,
    options: PrepareOptions,
    tried: Mapping[str, Sequence[Tried]],
    paths: Mapping[str, str],
    figures: Sequence[Figures],
    test: Part,
) -> Dict[str, Any]:
    events = log.events
    return {
        "trained": "{}Z".format(datetime.utcnow().isoformat(timespec="seconds")),
        "split": args.split,
        "seed": args.seed,
        "time_zone": options.time_zone,
        "columns": {"user": log.user_name, "item": log.item_name},
        "log": {
            "sha256": log.digest,
            "events": len(events),
            "users": int(events["user"].nunique()),
            "items": int(events["item"].nunique()),
            "first": _moment(events["time"].min()),
            "last": _moment(events["time"].max()),
        },
        "roles": {
            role: {
                "name": NAMES[role][0],
                "final": paths[role],
                "judged": paths[role].replace("/final/", "/judged/"),
                "settings": {**ranked[0].settings.to_json(), "seed": ranked[0].seed},
                "validation": ranked[0].kinds,
                "tried": [_tried(one) for one in ranked],
            }
            for role, ranked in tried.items()
        },
        "visitors": {
            "all": len(test.visitors),
            **{kind: test.kinds.count(kind) for kind in ("known", "light", "unknown")},
        },
        "figures": [_figures(one) for one in figures],
    }


def _tried(one: Tried) -> Dict[str, Any]:
    told = {"label": one.settings.label, "seed": one.seed, "seconds": round(one.seconds, 1)}
    return {**told, "failed": one.failed} if one.failed else {**told, "recall@10": one.recall}


def _figures(one: Figures) -> Dict[str, Any]:
    return {
        "name": one.name,
        "recall@10": _bounds(one.recall),
        "kinds": one.kinds,
        "curves": one.curves,
        "against": {name: _bounds(ratio) for name, ratio in one.against.items()},
        "findings": [finding.words for finding in one.findings],
    }


def _bounds(interval: Interval) -> Dict[str, Optional[float]]:
    """Return an interval; JSON has no infinite numbers."""
    each = {"value": interval.value, "low": interval.low, "high": interval.high}
    return {name: value if abs(value) < float("inf") else None for name, value in each.items()}


def _moment(value: pd.Timestamp) -> str:
    return "{}Z".format(value.isoformat(timespec="seconds"))


def main(arguments: Optional[List[str]] = None) -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("log", help="event log")
    parser.add_argument("--out", required=True, help="directory that is made for the gate")
    parser.add_argument("--split", choices=["time", "author"], default="time")
    parser.add_argument(
        "--settings",
        choices=["usual", "author", "context"],
        default="usual",
        help="what is tried; author: the original deployment's alone, which the gate should "
        "refuse; context: the factorization machine of the visit alone",
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--seeds", type=int, default=3, help="that the best settings are tried with"
    )
    parser.add_argument("--budget", type=float, help="minutes for choosing settings")
    add_arguments(parser)
    args = parser.parse_args(arguments)
    started = time.monotonic()

    def say(text: str) -> None:
        print("[{:6.1f} s] {}".format(time.monotonic() - started, text), flush=True)

    try:
        aside = Aside(args.out)
    except OSError as error:
        print("run: {}".format(error), file=sys.stderr)
        return 2
    try:
        options: LogOptions = from_arguments(args)
        log = read_log(args.log, options)
        for note in log.notes:
            say(note)
        events = log.events
        require_learnable(events["user"], events["item"], log.user_name, log.item_name)
        prepared = PrepareOptions(context=options.context, time_zone=options.time_zone)
        run(log, prepared, args, say, aside)
        aside.publish()
        say("left aside in {}".format(args.out))
    except LogError as error:
        print("run: {}".format(error), file=sys.stderr)
        return 2
    finally:
        aside.discard()
    return 0


if __name__ == "__main__":
    sys.exit(main())
