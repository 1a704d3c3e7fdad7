"""Train the two models of the shop and save them in registry layout.

    python -m training.train --models-dir models                  a generated event log
    python -m training.train events.csv --models-dir models       RetailRocket's, or your own

Writes ``similarity_model/<version>/recommendation_s.model`` and
``ranking_factorization_model/<version>/recommendation_r.model``, each version with a
``manifest.json`` with the digests of its files, which the service checks.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from typing import Any, Optional

import pandas as pd
import turicreate as tc

from training.evaluate import overlap, precision_recall, split
from training.events import make_events
from training.prepare import SIDE_COLUMNS, prepare

SIMILARITY = ("similarity_model", "recommendation_s.model")
POPULARITY = ("popularity_model", "recommendation_p.model")
RANKING = ("ranking_factorization_model", "recommendation_r.model")
_KEYS = {"user_id": "visitorid", "item_id": "itemid"}
# Measured on a generated log of 20,000 visitors: recall@10 in the visitor's period is 0.17 with
# this and 50 iterations, 0.07 with the library's own choice and 25.
_REGULARIZATION = 1e-7


def main() -> None:
    """Run the command line."""
    args = parse_arguments()
    started = time.time()

    def say(text: str) -> None:
        print("[{:6.1f} s] {}".format(time.time() - started, text))
        sys.stdout.flush()

    if args.events:
        say("reading " + args.events)
        events = pd.read_csv(args.events)
    else:
        say("making a log of {} visitors and {} items".format(args.visitors, args.items))
        events = make_events(args.visitors, args.items, args.seed)
    say("{} events; preparing".format(len(events)))
    rows = prepare(events)
    say(
        "{} rows, {} visitors, {} items".format(
            len(rows), rows.visitorid.nunique(), rows.itemid.nunique()
        )
    )
    if not args.no_evaluation:
        evaluate(rows, args, say)
    table = tc.SFrame(rows)
    say("training the item similarity model")
    save(train_similarity(table, args.verbose), args.models_dir, SIMILARITY, args.version, say)
    say("training the ranking model")
    save(train_ranking(table, args), args.models_dir, RANKING, args.version, say)
    if args.newcomer:
        say("training the popularity model")
        model = tc.popularity_recommender.create(table, verbose=args.verbose, **_KEYS)
        save(model, args.models_dir, POPULARITY, args.version, say)


def parse_arguments(arguments: Optional[list] = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("events", nargs="?", help="event log (CSV); a generated one if absent")
    parser.add_argument("--models-dir", required=True, help="where the models go")
    parser.add_argument("--version", type=int, help="version number (default: highest + 1)")
    parser.add_argument(
        "--target",
        choices=["none", "target"],
        default="none",
        help="what the ranking model learns from: that an event happened (none), or its kind as "
        "well (target: 1, 10, 50)",
    )
    parser.add_argument("--factors", type=int, default=32)
    parser.add_argument("--iterations", type=int, default=50)
    parser.add_argument("--item-data", help="CSV with itemid and side columns of the items")
    parser.add_argument("--user-data", help="CSV with visitorid and side columns of the visitors")
    parser.add_argument("--visitors", type=int, default=20000, help="of a generated log")
    parser.add_argument("--items", type=int, default=2000, help="of a generated log")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--newcomer",
        action="store_true",
        help="also train a popularity model, for visitors whom no other model knows",
    )
    parser.add_argument("--no-evaluation", action="store_true", help="skip the hold-out")
    parser.add_argument("--verbose", action="store_true", help="show the library's own progress")
    return parser.parse_args(arguments)


def train_similarity(table: Any, verbose: bool = False) -> Any:
    """Train the item similarity model (jaccard).

    Parameters
    ----------
    table : SFrame
        Training rows.
    verbose : bool
        Whether the library shows its progress.
    """
    return tc.item_similarity_recommender.create(table, target="target", verbose=verbose, **_KEYS)


def train_ranking(table: Any, args: argparse.Namespace) -> Any:
    """Train the ranking factorization model, with period, month and weekday.

    Parameters
    ----------
    table : SFrame
        Training rows.
    args : argparse.Namespace
        The command line.
    """
    columns = ["visitorid", "itemid", *SIDE_COLUMNS]
    target = None if args.target == "none" else args.target
    options = {}
    if args.item_data:
        options["item_data"] = tc.SFrame(pd.read_csv(args.item_data))
    if args.user_data:
        options["user_data"] = tc.SFrame(pd.read_csv(args.user_data))
    return tc.ranking_factorization_recommender.create(
        table[columns + ([target] if target else [])],
        target=target,
        num_factors=args.factors,
        max_iterations=args.iterations,
        regularization=_REGULARIZATION,
        linear_regularization=_REGULARIZATION,
        random_seed=args.seed,
        verbose=args.verbose,
        **dict(options, **_KEYS),
    )


def evaluate(rows: pd.DataFrame, args: argparse.Namespace, say: Any) -> None:
    """Train on a part of the rows, measure on the rest, and print the figures.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of `prepare`.
    args : argparse.Namespace
        The command line.
    say : callable
        Prints a line.
    """
    train, test = split(rows, args.seed)
    popularity = tc.popularity_recommender.create(train, verbose=False, **_KEYS)
    ranking = train_ranking(train, args)
    models = [
        ("popularity", popularity, False),
        ("item similarity", train_similarity(train), False),
        ("ranking, told the period", ranking, True),
    ]
    for name, model, with_context in models:
        figures = precision_recall(model, test, with_context)
        say("hold-out: {:25} precision@10 {:.4f}  recall@10 {:.4f}".format(name, *figures))
    visitors = rows.visitorid.drop_duplicates().tolist()[:200]
    say("ranking: {:.1f} of 10 items are the same at Night and in the Morning".format(
        overlap(ranking, visitors)))  # fmt: skip


def save(model: Any, root: str, names: tuple, version: Optional[int], say: Any) -> str:
    """Save a model as a new version, which appears whole or not at all.

    Parameters
    ----------
    model : turicreate recommender
        The model.
    root : str
        The registry.
    names : (str, str)
        Registry name, and name of the model directory.
    version : int, optional
        Version; the highest that exists plus one if absent.
    say : callable
        Prints a line.

    Returns
    -------
    str
        The new version's folder.
    """
    name, file = names
    folder = os.path.join(root, name)
    os.makedirs(folder, exist_ok=True)
    if version is None:
        version = 1 + max([0] + [int(entry) for entry in os.listdir(folder) if entry.isdigit()])
    target = os.path.join(folder, str(version))
    if os.path.exists(target):
        raise SystemExit("{} exists already; choose another --version".format(target))
    staging = tempfile.mkdtemp(prefix=".saving-", dir=folder)
    try:
        model.save(os.path.join(staging, file))
        write_manifest(staging)
        os.chmod(staging, 0o755)
        os.rename(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    say("saved " + os.path.join(target, file))
    return target


def write_manifest(folder: str) -> None:
    """Write ``manifest.json``, as ``turi_recommender/versions/manifest.py`` reads it."""
    files = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            files[os.path.relpath(path, folder).replace(os.sep, "/")] = describe(path)
    with open(os.path.join(folder, "manifest.json"), "w") as manifest:
        json.dump({"format": 1, "files": files}, manifest, indent=1, sort_keys=True)
        manifest.write("\n")
        manifest.flush()
        os.fsync(manifest.fileno())


def describe(path: str) -> dict:
    """Return the digest and the length of a file."""
    digest, length = hashlib.sha256(), 0
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
            length += len(block)
    return {"sha256": digest.hexdigest(), "bytes": length}


if __name__ == "__main__":
    main()
