"""Record pairs of models, one iteration apart: ``python -m training.golden_fold_in OUT``.

Each iteration of ials solves for the users, with the items as they are, and then for the items. So
the users of a model that was trained for one iteration more are what the items of the model before
make of the users' rows, which is what ``fold_in`` computes (docs/queries.md, section 13).

For each case it writes ``CASE_before.tar.gz`` and ``CASE_after.tar.gz``. No pair of user and item
is there twice, because a saved model has the mean of such rows only.
"""

import argparse
import json
import os
import tempfile
from typing import Any, Dict, List, Optional

import turicreate as tc

from training.golden import write_tar
from training.golden_cases import RATINGS, frame
from training.golden_data import Columns, Shop

Options = Dict[str, Any]

CASES: Dict[str, Options] = {
    "pairs": {"num_factors": 7, "iterations": 3},
    "ratings": {
        "num_factors": 5,
        "iterations": 2,
        "targets": RATINGS,
        "regularization": 1e-3,
        "ials_confidence_scaling_factor": 2.5,
    },
    "logarithms": {
        "num_factors": 4,
        "iterations": 2,
        "targets": [0.0, 1.0, 10.0],
        "regularization": 1e-2,
        "ials_confidence_scaling_type": "log",
        "ials_confidence_scaling_factor": 0.5,
    },
    "settled": {"num_factors": 6, "iterations": 400, "regularization": 1e-4},
}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    for number, (name, options) in enumerate(CASES.items()):
        seed = args.seed * 1000 + number
        for more, suffix in enumerate(("before", "after")):
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "model")
                train(seed, more, **options).save(path)
                write_tar(os.path.join(args.out, "{}_{}.tar.gz".format(name, suffix)), path)
    with open(os.path.join(args.out, "cases.json"), "w", encoding="utf-8") as file:
        json.dump({"judge": tc.__version__, "seed": args.seed, "cases": CASES}, file, indent=1)
        file.write("\n")


def train(
    seed: int,
    more: int,
    iterations: int,
    targets: Optional[List[float]] = None,
    **options: Any,
) -> Any:
    """Train a model by ials.

    Parameters
    ----------
    seed : int
        Seed of the data and of the training.
    more : int
        Iterations beyond the case's.
    iterations : int
        The case's iterations.
    targets : list of float, optional
        Values of the target column; without them there is none.
    **options
        Further options of the library.
    """
    return tc.ranking_factorization_recommender.create(
        frame(each_pair_once(Shop(seed).events(targets))),
        target=None if targets is None else "target",
        solver="ials",
        max_iterations=iterations + more,
        random_seed=seed,
        verbose=False,
        **options,
    )


def each_pair_once(columns: Columns) -> Columns:
    """Return the first row of each pair of user and item."""
    first = {}
    for place, pair in enumerate(zip(columns["user_id"], columns["item_id"])):
        first.setdefault(pair, place)
    return {name: [values[place] for place in first.values()] for name, values in columns.items()}


if __name__ == "__main__":
    main()
