"""How a ranking query grows: ``python -m benchmarks.growth``.

Models are made of random arrays: items' lengths and constants fall as popularity does (``tail``),
or are all alike (``flat``), where no bound can help and every item must be looked at.
"""

from __future__ import annotations

import argparse
import time
from statistics import median
from typing import Any

import numpy as np

from benchmarks.large_models import ROOT
from benchmarks.results import save
from turi_recommender.format import (
    MACHINE,
    Column,
    ColumnMode,
    FactorModel,
    IntegerValues,
    Interactions,
    SavedModel,
    SideTable,
    ValueType,
)
from turi_recommender.format.metadata import Metadata
from turi_recommender.format.recommender import FACTOR_KINDS
from turi_recommender.scoring import Recommender, make_recommender

USERS = 10_000
ITEMS = (10_000, 100_000, 233_397, 1_000_000, 2_333_970, 5_000_000)
FACTORS = (16, 32, 128)
MANY = (1, 10, 100, 1000)


def make_model(items: int, factors: int, *, tail: float) -> Recommender:
    """Make a factorization machine of this size.

    Parameters
    ----------
    items : int
        Number of items; there are always `USERS` users.
    factors : int
        Number of factors per user and item.
    tail : float
        How fast lengths and constants fall with popularity: as the rank to the power of
        ``-tail``; 0 makes all items alike.
    """
    draw = np.random.default_rng(0)
    popularity = (1.0 + draw.permutation(items).astype(np.float32)) ** np.float32(-tail)
    shape = (USERS + items, factors)
    vectors = draw.standard_normal(shape, dtype=np.float32) * np.float32(0.6 / factors**0.5)
    vectors[USERS:] *= popularity[:, np.newaxis]
    weights = draw.standard_normal(USERS + items, dtype=np.float32) * np.float32(0.01)
    weights[USERS:] += popularity
    model = FactorModel(
        mode=MACHINE,
        sigmoid=False,
        sizes=[USERS, items],
        offsets=[0, USERS],
        shifts=np.broadcast_to(0.0, USERS + items),
        scales=np.broadcast_to(1.0, USERS + items),
        intercept=0.1,
        weights=weights,
        factors=vectors,
    )
    columns = (_column("user", USERS), _column("item", items))
    nobody = Interactions(np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0))
    return make_recommender(
        SavedModel(
            path=ROOT,
            kind=FACTOR_KINDS[0],
            metadata=Metadata(columns, None, SideTable.empty(), SideTable.empty()),
            interactions=nobody,
            details=model,
            num_observations=0,
        )
    )


def _column(name: str, size: int) -> Column:
    values = IntegerValues(np.arange(size))
    none = np.empty(0, np.uint64), np.empty(0)
    return Column(name, ColumnMode.CATEGORICAL, ValueType.INTEGER, size, values, *none)


def milliseconds(model: Recommender, k: int = 10, users: int = 1) -> float:
    """Return the median time of a request.

    Parameters
    ----------
    model : Recommender
        The model that is asked.
    k : int
        Items per user.
    users : int
        Users per request; no request repeats those of the one before.
    """
    times: list[float] = []
    started_all = time.perf_counter()
    while len(times) < 5 or (len(times) < 200 and time.perf_counter() - started_all < 3):
        first = 17 * len(times)
        rows = [(first + number) % USERS for number in range(users)]
        started = time.perf_counter()
        model.recommend(rows, k=k)
        times.append(time.perf_counter() - started)
    return median(times) * 1e3


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=ITEMS[-1], help="most items to try")
    args = parser.parse_args()
    points: list[dict[str, Any]] = []

    def note(**point: Any) -> None:
        points.append(point)
        print("  ".join(f"{name} {value}" for name, value in point.items()), flush=True)

    for tail in (0.7, 0.0):
        shape = "tail" if tail else "flat"
        for factors in FACTORS:
            for items in ITEMS:
                if items > args.largest or (shape == "flat" and items > ITEMS[3]):
                    continue
                started = time.perf_counter()
                model = make_model(items, factors, tail=tail)
                made = round(time.perf_counter() - started, 2)
                common = {"shape": shape, "items": items, "factors": factors}
                took = round(milliseconds(model), 3)
                note(**common, k=10, users=1, ms=took, made_s=made)
                if items == ITEMS[2] and factors == FACTORS[1]:
                    for k in MANY:
                        note(**common, k=k, users=1, ms=round(milliseconds(model, k=k), 3))
                    for users in MANY:
                        took = round(milliseconds(model, users=users), 3)
                        note(**common, k=10, users=users, ms=took)
    save("growth", {"points": points})


if __name__ == "__main__":
    main()
