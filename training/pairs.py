"""Make pairs of models that differ in how they were made, for measurements and proofs.

    python -m training.pairs benchmarks/models/pairs                      all small pairs
    python -m training.pairs --scale large benchmarks/models/pairs flat   one of RetailRocket's size

A pair is a directory of its name, in registry layout: ``similarity_model/1/recommendation_s.model``
and ``ranking_factorization_model/1/recommendation_r.model``. Small ones have 1,000 items and names
that begin with ``small_``. Interactions are random and training is short: the models are as large
and as dear to ask as real ones, not as good. Equal seeds draw equal interactions; Turi Create's
training differs in the last bits, for its threads race.
"""

import argparse
import os
import shutil
import sys
import time
from array import array
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Tuple

import numpy as np
import turicreate as tc

from training.limits import SIMILARITY_BUFFERS
from training.prepare import PERIODS

SIMILARITY = ("similarity_model", "1", "recommendation_s.model")
RANKING = ("ranking_factorization_model", "1", "recommendation_r.model")
USER, ITEM, TARGET = "visitorid", "itemid", "target"
_KEYS = {"user_id": USER, "item_id": ITEM, "target": TARGET, "verbose": False}
_TARGETS, _SHARES = [1.0, 10.0, 50.0], [0.96, 0.03, 0.01]
# The most active of RetailRocket's 1.4 million visitors has 7,757 events; this tail gives the first
# of ours about as many.
_USER_TAIL = 0.7

Draw = np.random.RandomState
Columns = Dict[str, Any]
Shape = Tuple[int, int, int]  # users, items, rows


@dataclass(frozen=True)
class Scale:
    """How large the models of a pair are."""

    prefix: str
    ranking: Shape
    similarity: Shape
    factors: int
    words: int  # different entries of lists, and different keys of dictionaries


SCALES = {
    "small": Scale("small_", (6000, 1000, 40000), (6000, 1000, 40000), 16, 100),
    "large": Scale("", (1407580, 233397, 2750000), (400279, 116212, 1324380), 32, 5000),
}


@dataclass(frozen=True)
class Recipe:
    """How a pair is made."""

    tail: float = 0.9  # items' popularity falls as their rank to the power of minus this
    strings: bool = False
    item_side: bool = False
    columns: bool = False
    plain: bool = False  # the ranking model learns from users and items alone
    similarity: str = "jaccard"
    options: Dict[str, Any] = field(default_factory=dict)


_SHORT = {"max_iterations": 2, "sgd_step_size": 0.01}
# Equally popular items, and what sets some apart is held down: their norms come out alike.
_FLAT = {"max_iterations": 1, "regularization": 1e-3, "linear_regularization": 1.0}


def _ials(factors: int, regularization: float = 1e-6) -> Recipe:
    """Alternating least squares take neither a target nor side columns."""
    options = {"solver": "ials", "regularization": regularization, "max_iterations": 2}
    return Recipe(plain=True, options={**options, "num_factors": factors})


RECIPES: Dict[str, Recipe] = {
    "tail05": Recipe(tail=0.5),
    "tail07": Recipe(tail=0.7),
    "tail11": Recipe(tail=1.1),
    "sgd": Recipe(options={"solver": "sgd"}),
    "adagrad": Recipe(options={"solver": "adagrad", "adagrad_momentum_weighting": 0.9}),
    "strings": Recipe(strings=True),
    "item_side": Recipe(item_side=True),
    "columns": Recipe(columns=True),
    "flat": Recipe(tail=0.0, options=_FLAT),
    "linear": Recipe(options={"num_factors": 0}),
    "pearson": Recipe(similarity="pearson"),
    "ials16": _ials(16),
    "ials32": _ials(32),
    "ials64": _ials(64),
    "ials128": _ials(128),
    # What the trainer regularizes real data with (training/candidates.py). Random interactions say
    # so little that this holds down nearly all: large ones have vectors of 10^-7 and shorter.
    "faint": _ials(32, 1e-4),
}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", help="directory of the pairs")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="all if absent: " + ", ".join(RECIPES)
    )
    parser.add_argument("--scale", choices=sorted(SCALES), default="small")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for name in args.names or RECIPES:
        if name not in RECIPES:
            parser.error("no pair is called " + name)
    for name in args.names or RECIPES:
        make_pair(args.out, name, SCALES[args.scale], args.seed)


def make_pair(out: str, name: str, scale: Scale, seed: int) -> None:
    """Train a pair and put it into a directory, unless it is there already."""
    folder = os.path.join(out, scale.prefix + name)
    if os.path.exists(folder):
        print(folder + " exists already")
        return
    partial = folder + ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    recipe, draw = RECIPES[name], Draw(seed)
    for path, train in ((RANKING, train_ranking), (SIMILARITY, train_similarity)):
        started = time.time()
        target = os.path.join(partial, *path)
        os.makedirs(os.path.dirname(target))
        train(recipe, scale, draw).save(target)
        print("{}: {} in {:.0f} s".format(folder, path[0], time.time() - started))
        sys.stdout.flush()
    os.rename(partial, folder)


# -- training -----------------------------------------------------------------------------------


def train_ranking(recipe: Recipe, scale: Scale, draw: Draw) -> Any:
    """Train a ranking model."""
    rows = scale.ranking[2]
    columns = interactions(draw, scale.ranking, recipe)
    if not recipe.plain:
        columns[TARGET] = draw.choice(_TARGETS, rows, p=_SHARES)
        columns["period"] = draw.choice(list(PERIODS.values()), rows)
        columns["month"] = draw.randint(1, 13, rows)
        columns["weekday"] = draw.randint(0, 7, rows)
    table = tc.SFrame(columns)
    if recipe.columns:
        add_side_columns(table, draw, rows, scale.words, ["tags", "weights", "hour", "vector"])
    options = {"num_factors": scale.factors, "random_seed": 0, **_SHORT, **recipe.options}
    if recipe.item_side:
        items = scale.ranking[1]
        side = tc.SFrame({ITEM: ids(np.arange(items), ITEM, recipe)})
        add_side_columns(side, draw, items, scale.words, ["category", "hour", "tags"])
        options["item_data"] = side
    keys = {**_KEYS, "target": None} if recipe.plain else _KEYS
    return tc.ranking_factorization_recommender.create(table, **keys, **options)


def train_similarity(recipe: Recipe, scale: Scale, draw: Draw) -> Any:
    """Train an item similarity model."""
    columns = interactions(draw, scale.similarity, recipe)
    columns[TARGET] = draw.choice(_TARGETS, scale.similarity[2], p=_SHARES)
    return tc.item_similarity_recommender.create(
        tc.SFrame(columns),
        similarity_type=recipe.similarity,
        target_memory_usage=SIMILARITY_BUFFERS,
        **_KEYS,
    )


# -- data ---------------------------------------------------------------------------------------


def interactions(draw: Draw, shape: Shape, recipe: Recipe) -> Columns:
    """Draw rows in which every user and every item occurs."""
    users, items, rows = shape
    active = draw.choice(users, rows - users, p=weights(users, _USER_TAIL))
    popular = draw.choice(items, rows - items, p=weights(items, recipe.tail))
    user = np.concatenate([np.arange(users), active])
    item = np.concatenate([np.arange(items), popular])
    draw.shuffle(item)
    return {USER: ids(user, USER, recipe), ITEM: ids(item, ITEM, recipe)}


def weights(count: int, tail: float) -> np.ndarray:
    """Return probabilities that fall as the rank to the power of minus the tail."""
    falling = 1.0 / np.arange(1, count + 1) ** tail
    return falling / falling.sum()


def ids(numbers: np.ndarray, name: str, recipe: Recipe) -> Any:
    """Return ids as the recipe wants them."""
    if not recipe.strings:
        return numbers
    return ["{}-{:07d}".format(name, number) for number in numbers]


def add_side_columns(table: Any, draw: Draw, rows: int, words: int, names: List[str]) -> None:
    """Add columns, each of a few thousand values that were drawn once: so lists take no memory."""
    for name in names:
        make, kind = _SIDE[name]
        values = [make(draw, words) for _ in range(min(rows, 5000))]
        chosen = draw.randint(0, len(values), rows)
        table[name] = tc.SArray((values[place] for place in chosen), dtype=kind)


def _tags(draw: Draw, words: int) -> List[str]:
    return ["tag{}".format(word) for word in draw.randint(0, words, draw.randint(0, 4))]


def _weights(draw: Draw, words: int) -> Dict[str, float]:
    return {"key{}".format(word): draw.normal() for word in draw.randint(0, words, 3)}


def _hour(draw: Draw, _: int) -> float:
    return draw.uniform(0.0, 24.0)


def _vector(draw: Draw, _: int) -> array:
    return array("d", draw.normal(size=4))


def _category(draw: Draw, words: int) -> str:
    return "category{}".format(draw.randint(0, words))


_SIDE: Dict[str, Tuple[Callable[[Draw, int], Any], type]] = {
    "tags": (_tags, list),
    "weights": (_weights, dict),
    "hour": (_hour, float),
    "vector": (_vector, array),
    "category": (_category, str),
}


if __name__ == "__main__":
    main()
