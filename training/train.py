"""Train the two models of the shop and save them in registry layout.

    python -m training.train --models-dir models                a generated event log
    python -m training.train events.csv --models-dir models     in the form of RetailRocket's
    python -m training.train log.csv.gz --models-dir models --user user_id --item item_id \
        --event event_type --time event_time --weights view=1,purchase=50

What cannot be is refused in one line on standard error, with exit status 2, before any is saved.

Writes ``similarity_model/<version>/recommendation_s.model`` and
``ranking_factorization_model/<version>/recommendation_r.model``, each version with a
``manifest.json`` with the digests of its files, which the service checks.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any, List, Optional

import pandas as pd
import turicreate as tc

from training import command, keep
from training.command import Say
from training.divergence import require_finite, require_finite_scores
from training.errors import in_one_line
from training.evaluate import Names, overlap, precision_recall, split
from training.events import MADE_ITEMS, MADE_VISITORS, make_log
from training.limits import SIMILARITY_BUFFERS
from training.logs import DERIVED, Log, LogError, LogOptions, read_log, require_learnable
from training.logs.options import add_arguments, from_arguments
from training.prepare import PrepareOptions, prepare
from training.registry import (
    LARGEST_VERSION,
    POPULARITY,
    RANKING,
    SIMILARITY,
    require_free,
    save,
)
from training.side_data import read_side_data

# Measured on a generated log of 20,000 visitors: recall@10 in the visitor's period is 0.17 with
# this and 50 iterations, 0.07 with the library's own choice and 25.
_REGULARIZATION = 1e-7
_DEFAULT = "default: %(default)s"
_ASKED = 1000  # visitors of whom a ranking model is asked whether its scores are numbers


def main(arguments: Optional[List[str]] = None) -> int:
    """Run the command line; return its exit status."""
    args = parse_arguments(arguments)
    return command.status_of("train", lambda: train(args, from_arguments(args)))


def train(args: argparse.Namespace, options: LogOptions) -> None:
    """Read a log, train both models, and save them.

    Parameters
    ----------
    args : argparse.Namespace
        The command line.
    options : LogOptions
        What it says about the log.
    """
    say = command.make_say()
    wanted = [SIMILARITY, RANKING, *([POPULARITY] if args.newcomer else [])]
    require_free(args.models_dir, wanted, args.version)
    log = read_or_make(args, options, say)
    names = Names.of(log, options.context)
    say("{} events; preparing".format(len(log.events)))
    rows = prepare_rows(log, PrepareOptions(args.keep, options.context, options.time_zone), say)
    side_data = {
        name: read_side_data(path, key, rows[key])
        for name, path, key in (
            ("item_data", args.item_data, names.item),
            ("user_data", args.user_data, names.user),
        )
        if path is not None
    }
    with in_one_line():
        if not args.no_evaluation:
            evaluate(rows, names, args, side_data, say)
        models = train_all(rows, names, args, side_data, say)
    # Only now: whatever a training ends with, there are either all models or none.
    for model, saved_as in zip(models, wanted):
        save(model, args.models_dir, saved_as, args.version, say)


def train_all(
    rows: pd.DataFrame, names: Names, args: argparse.Namespace, side_data: dict, say: Say
) -> List[Any]:
    """Train on all rows; return the models of similarity, of ranking and, if wanted, newcomers.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of `prepare`.
    names : Names
        Their columns.
    args : argparse.Namespace
        The command line.
    side_data : dict
        As in `train_ranking`.
    say : callable
        Prints a line.
    """
    table = tc.SFrame(rows)
    say("training the item similarity model")
    models = [train_similarity(table, names, args.verbose)]
    say("training the ranking model")
    models.append(train_ranking(table, names, args, side_data))
    if args.newcomer:
        say("training the popularity model")
        verbose = args.verbose
        models.append(tc.popularity_recommender.create(table, verbose=verbose, **names.ids))
    return models


def read_or_make(args: argparse.Namespace, options: LogOptions, say: Say) -> Log:
    """Return the log that the command line names, or a generated one, and say what was assumed."""
    if args.log is None:
        say("making a log of {} visitors and {} items".format(args.visitors, args.items))
        return make_log(args.visitors, args.items, args.seed)
    say("reading " + args.log)
    log = read_log(args.log, options)
    for note in log.notes:
        say(note)
    return log


def prepare_rows(log: Log, options: PrepareOptions, say: Say) -> pd.DataFrame:
    """Return training rows from which something can be learnt."""
    rows = prepare(log, options)
    user, item = log.user_name, log.item_name
    say("{} rows, {} visitors, {} items".format(
        len(rows), rows[user].nunique(), rows[item].nunique()))  # fmt: skip
    try:
        require_learnable(rows[user], rows[item], user, item)
    except LogError as error:
        raise LogError("of what --keep {} leaves: {}".format(options.keep, error)) from error
    if options.time_zone != "UTC" and not set(DERIVED).isdisjoint(options.context):
        say("period, month and weekday are those of {}: send them with each request, because the "
            "service's own values are those of UTC".format(options.time_zone))  # fmt: skip
    return rows


def parse_arguments(arguments: Optional[List[str]] = None) -> argparse.Namespace:
    """Read the command line."""
    parser = command.Parser(
        prog="train", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("log", nargs="?", help="event log; a generated one if absent")
    parser.add_argument(
        "--models-dir", type=command.folder, required=True, help="where the models go"
    )
    parser.add_argument(
        "--keep",
        default=keep.DEFAULT,
        metavar="RULE",
        help="whom models are trained on: distinct-items:N (visitors with so many items), "
        "quantiles:V,I (visitors and items with many events), all (default: %(default)s)",
    )
    parser.add_argument(
        "--version",
        type=command.ranged(0, LARGEST_VERSION),
        help="version number (default: highest + 1)",
    )
    parser.add_argument(
        "--target",
        choices=["none", "target"],
        default="none",
        help="what the ranking model learns from: that an event happened (none), or its kind as "
        "well (target: the weight of the event, or the rating)",
    )
    whole = command.ranged
    parser.add_argument("--factors", type=whole(1, 1000), default=32, help=_DEFAULT)
    parser.add_argument("--iterations", type=whole(1, 10_000), default=50, help=_DEFAULT)
    parser.add_argument("--item-data", help="CSV with the items' ids and side columns")
    parser.add_argument("--user-data", help="CSV with the visitors' ids and side columns")
    of_made = "of a generated log (default: %(default)s)"
    parser.add_argument("--visitors", type=whole(*MADE_VISITORS), default=20000, help=of_made)
    parser.add_argument("--items", type=whole(*MADE_ITEMS), default=2000, help=of_made)
    parser.add_argument("--seed", type=command.seed, default=7, help=_DEFAULT)
    parser.add_argument(
        "--newcomer",
        action="store_true",
        help="also train a popularity model, for visitors whom no other model knows",
    )
    parser.add_argument("--no-evaluation", action="store_true", help="skip the hold-out")
    parser.add_argument("--verbose", action="store_true", help="show the library's own progress")
    add_arguments(parser)
    return parser.parse_args(arguments)


def train_similarity(table: Any, names: Names, verbose: bool = False) -> Any:
    """Train the item similarity model (jaccard).

    Parameters
    ----------
    table : SFrame
        Training rows.
    names : Names
        Their columns.
    verbose : bool
        Whether the library shows its progress.
    """
    return tc.item_similarity_recommender.create(
        table,
        target="target",
        verbose=verbose,
        target_memory_usage=SIMILARITY_BUFFERS,
        **names.ids,
    )


def train_ranking(table: Any, names: Names, args: argparse.Namespace, side_data: dict) -> Any:
    """Train the ranking factorization model, with the context.

    Parameters
    ----------
    table : SFrame
        Training rows.
    names : Names
        Their columns.
    args : argparse.Namespace
        The command line.
    side_data : dict
        SFrames, as Turi Create's arguments user_data and item_data.

    Raises
    ------
    TrainingError
        If the training diverges.
    """
    columns = [names.user, names.item, *names.context]
    target = None if args.target == "none" else args.target
    model = tc.ranking_factorization_recommender.create(
        table[columns + ([target] if target else [])],
        target=target,
        num_factors=args.factors,
        max_iterations=args.iterations,
        regularization=_REGULARIZATION,
        linear_regularization=_REGULARIZATION,
        random_seed=args.seed,
        verbose=args.verbose,
        **side_data,
        **names.ids,
    )
    require_finite(model)
    asked = table[names.user][:_ASKED].unique()
    require_finite_scores(model.recommend(asked, k=1, exclude_known=False, verbose=False)["score"])
    return model


def evaluate(
    rows: pd.DataFrame, names: Names, args: argparse.Namespace, side_data: dict, say: Say
) -> None:
    """Train on a part of the rows, measure on the rest, and print the figures.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of `prepare`.
    names : Names
        Their columns.
    args : argparse.Namespace
        The command line.
    side_data : dict
        As in `train_ranking`.
    say : callable
        Prints a line.
    """
    train, test = split(rows, names, args.seed)
    if not len(train) or test.empty:
        say("hold-out: the log is too small for one")
        return
    popularity = tc.popularity_recommender.create(train, verbose=False, **names.ids)
    ranking = train_ranking(train, names, args, side_data)
    models = [
        ("popularity", popularity, False),
        ("item similarity", train_similarity(train, names), False),
        ("ranking, told the period", ranking, True),
    ]
    for name, model, with_context in models:
        figures = precision_recall(model, test, names, with_context)
        what = "hold-out: {:25} precision@10 {:.4f}  recall@10 {:.4f}  ({} visitors)"
        say(what.format(name, *figures, test[names.user].nunique()))
    if "period" not in names.context:
        return
    visitors = rows[names.user].drop_duplicates().tolist()[:200]
    say("ranking: {:.1f} of 10 items are the same at Night and in the Morning".format(
        overlap(ranking, rows, names, visitors)))  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
