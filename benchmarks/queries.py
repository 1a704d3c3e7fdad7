"""Explain, predict and similar users, on the large pair: ``python -m benchmarks.queries``.

Each is measured in turns with what it is compared to, so that a busy machine slows both.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from benchmarks.large_models import RANKING, SIMILARITY, large_models
from benchmarks.results import save
from turi_recommender import load_model
from turi_recommender.scoring.factorization.recommender import FactorizationRecommender

ROUNDS = 30
CONTEXT = {"period": "Night", "month": 8, "weekday": 2}


def main() -> None:
    """Run the command line."""
    root = large_models()
    model, neighbours = load_model(root / RANKING), load_model(root / SIMILARITY)
    assert isinstance(model, FactorizationRecommender)
    user, item = model.user_column.name, model.item_column.name
    known = model.users.ids(np.arange(0, model.num_users, model.num_users // ROUNDS))
    items = model.items.ids(np.arange(0, model.num_items, model.num_items // 1000))[:1000]
    first = model._model.offsets[0]
    factors = model._model.factors[first : first + model.num_users]  # the mapped array itself
    own = [np.array(factors[model.users.find(one)]) for one in known]

    def visit(number: int) -> dict[str, Any]:
        return {user: known[number], **CONTEXT}

    def eight(number: int) -> list[Any]:
        return [known[(number + other) % len(known)] for other in range(8)]

    comparisons: dict[str, tuple[Callable[[int], Any], Callable[[int], Any]]] = {
        "recommend 10, explained; plain (ranking)": (
            lambda n: model.recommend([visit(n)], explain=True),
            lambda n: model.recommend([visit(n)]),
        ),
        "recommend 10, explained; plain (similarity)": (
            lambda n: neighbours.recommend([known[n]], explain=True),
            lambda n: neighbours.recommend([known[n]]),
        ),
        "predict 1,000 items; recommend 10 (ranking)": (
            lambda n: model.predict([{**visit(n), item: one} for one in items]),
            lambda n: model.recommend([visit(n)]),
        ),
        "similar users of 1; NumPy product": (
            lambda n: model.similar_users([known[n]]),
            lambda n: factors @ own[n],
        ),
        "similar users of 8; 8 NumPy products": (
            lambda n: model.similar_users(eight(n)),
            lambda n: [factors @ own[(n + other) % len(own)] for other in range(8)],
        ),
    }
    results = {}
    for name, (ours, other) in comparisons.items():
        mine, theirs = clock(ours, other)
        results[name] = {"seconds": mine, "compared": theirs, "ratio": mine / theirs}
        print(f"{name:46} {mine * 1e3:9.3f} ms {theirs * 1e3:9.3f} ms   x{mine / theirs:.2f}")
    save("queries", results)


def clock(ours: Callable[[int], Any], other: Callable[[int], Any]) -> tuple[float, float]:
    """Return the median times of two calls that take turns, in seconds.

    Parameters
    ----------
    ours, other : callable
        Each takes the number of a round.
    """
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(-1, ROUNDS):  # the first round makes what is kept
        for call, taken in zip((ours, other), times, strict=True):
            started = time.perf_counter()
            call(max(number, 0))
            if number >= 0:
                taken.append(time.perf_counter() - started)
    return median(times[0]), median(times[1])


if __name__ == "__main__":
    main()
