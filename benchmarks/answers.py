"""Writing large answers against scoring them: ``python -m benchmarks.answers [MODELS ...]``.

A ratio below 1 means that an answer is written in less time than its scores took. Both are measured
in turns, so that a busy machine slows both.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is imported

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from app.routers.rows import write_answered, write_rows
from benchmarks.large_models import large_models, pair
from benchmarks.results import save
from turi_recommender import Recommendations, Recommender, load_model
from turi_recommender.versions import ModelEntry

CONTEXT = {"period": "Night", "month": 8, "weekday": 2}
# Users, and items for each of them.
ASKED = ((1, 1000), (1000, 10), (100, 1000))
ROUNDS = 9
LARGE = "large"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=[LARGE, "strings"], help="large, or a pair")
    rows = []
    for name in parser.parse_args().models:
        root = large_models() if name == LARGE else pair(name)
        for role, path in sorted(models_in(root)):
            model = load_model(path)
            for users, k in ASKED:
                rows.append({"pair": name, "role": role, **measured(model, users, k)})
                print(
                    f"{name:10} {role:10} {users:5} users, k = {k:4}: "
                    f"scoring {rows[-1]['scoring'] * 1e3:8.2f} ms, "
                    f"writing {rows[-1]['writing'] * 1e3:8.2f} ms, x{rows[-1]['ratio']:.2f}",
                    flush=True,
                )
    save("answers", {"rows": rows})


def models_in(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield the role and the directory of each model of a pair."""
    for path in root.glob("*/*/recommendation_*.model"):
        yield path.parts[-3].split("_")[0], path


def measured(model: Recommender, users: int, k: int) -> dict[str, Any]:
    """Measure answers for some users, and what it takes to write them.

    Parameters
    ----------
    model : Recommender
        The model.
    users, k : int
        How many users a request has, and how many items each of them is given.

    Returns
    -------
    dict of str to float
        ``scoring`` and ``writing`` in seconds and the ``ratio`` of the second to the first: medians
        of the rounds, of which each asks for other users. ``bytes`` is the length of an answer.
    """
    known = model.users.ids(np.arange(users * (ROUNDS + 1)) * 4001 % model.num_users)
    side = CONTEXT if len(model.side_columns) > 0 else {}
    entry = ModelEntry(model.kind, "1", model.path, model)
    taken: list[tuple[float, float]] = []
    length = 0
    for round_ in range(ROUNDS + 1):  # the first makes what is kept
        here = known[round_ * users : (round_ + 1) * users]
        rows = [{model.user_column.name: one, **side} for one in here]
        scoring, found = clock(partial(model.recommend, rows, k=k))
        writing, written = clock(partial(write, entry, found))
        taken.append((scoring, writing))
        length = len(written)
    scoring, writing = (median(times) for times in zip(*taken[1:], strict=True))
    ratio = median(one[1] / one[0] for one in taken[1:])
    return {
        "users": users,
        "k": k,
        "scoring": scoring,
        "writing": writing,
        "ratio": ratio,
        "bytes": length,
    }


def write(entry: ModelEntry, found: Recommendations) -> bytes:
    """Write the parts of an answer that grow with it, as the route does."""
    user, item = entry.model.user_column.name, entry.model.item_column.name
    rows = write_rows(user, item, found.users, found.rankings)
    return rows + write_answered(user, found.users, found.basis, entry)


def clock(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return how long a call takes, in seconds, and what it returns."""
    started = time.perf_counter()
    result = call()
    return time.perf_counter() - started, result


if __name__ == "__main__":
    main()
