"""Baskets, why, pairs and similar users, on the large pair: ``python -m benchmarks.queries``.

Each is measured in turns with what it is compared to, so that a busy machine slows both. Turi
Create is asked the same before, where it has such a query. The last lines are of whole requests,
which need wrk.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np

from benchmarks.asked import read_asked, written
from benchmarks.http import measure
from benchmarks.large_models import RANKING, ROOT, SIMILARITY, large_models
from benchmarks.results import save
from benchmarks.servers import service
from turi_recommender import load_model
from turi_recommender.scoring.factorization.recommender import FactorizationRecommender

ROUNDS = 100
REAL_ROUNDS = 10
CONTEXT = {"period": "Night", "month": 8, "weekday": 2}
BASKET = 8

Call = Callable[[int], Any]


def main() -> None:
    """Run the command line."""
    root = large_models()
    real = real_times(root)
    results = {}
    for name, ours, compared, other in comparisons(root):
        mine, theirs = clock(ours, other)
        results[name] = {"seconds": mine, compared: theirs, "ratio": mine / theirs}
        text = f"{name:32} {mine * 1e3:8.3f} ms   {theirs * 1e3:8.3f} ms {compared}"
        text = f"{text:80} x{mine / theirs:.2f}"
        if name in real:
            results[name]["Turi Create"] = real[name]
            text += f"   Turi Create {real[name] * 1e3:8.1f} ms, x{real[name] / mine:.0f}"
        print(text, flush=True)
    save("queries", {"library": results, "requests": requests(root)})


def comparisons(root: Path) -> list[tuple[str, Call, str, Call]]:
    """Return what is measured: its name, the call, and the name and the call of the other.

    Parameters
    ----------
    root : Path
        Of the large pair.
    """
    model, neighbours = load_model(root / RANKING), load_model(root / SIMILARITY)
    assert isinstance(model, FactorizationRecommender)
    user, item = model.user_column.name, model.item_column.name
    known = model.users.ids(np.arange(0, model.num_users, model.num_users // ROUNDS))
    items = model.items.ids(np.arange(0, model.num_items, model.num_items // 1000))[:1000]
    shoppers = neighbours.users.ids(np.arange(0, neighbours.num_users, 401))
    things = neighbours.items.ids(np.arange(0, neighbours.num_items, 113))
    first = model._model.offsets[0]
    factors = model._model.factors[first : first + model.num_users]  # the mapped array itself
    own = [np.array(factors[model.users.find(one)]) for one in known]

    def visit(number: int) -> dict[str, Any]:
        return {user: known[number], **CONTEXT}

    def eight(number: int) -> list[Any]:
        return [known[(number + other) % len(known)] for other in range(8)]

    def basket(number: int) -> list[Any]:
        start = BASKET * number % (len(things) - BASKET)
        return [{item: thing} for thing in things[start : start + BASKET]]

    def recommend(number: int) -> Any:
        return model.recommend([visit(number)])

    def similar(number: int) -> Any:
        return neighbours.recommend([shoppers[number]])

    return [
        (
            "a basket of 8 (similarity)",
            lambda n: neighbours.recommend_basket([basket(n)]),
            "a known user",
            similar,
        ),
        ("a known user (similarity)", similar, "the same again", similar),
        (
            "why of ten rows (similarity)",
            lambda n: neighbours.recommend([shoppers[n]], explain=True),
            "without",
            similar,
        ),
        ("a known user (ranking)", recommend, "the same again", recommend),
        (
            "why of ten rows (ranking)",
            lambda n: model.recommend([visit(n)], explain=True),
            "without",
            recommend,
        ),
        (
            "diversity 2 (ranking)",
            lambda n: model.recommend([visit(n)], diversity=2.0),
            "without",
            recommend,
        ),
        (
            "predict 1,000 pairs (ranking)",
            lambda n: model.predict([{**visit(n), item: one} for one in items]),
            "recommend 10",
            recommend,
        ),
        (
            "similar users (ranking)",
            lambda n: model.similar_users([known[n]]),
            "NumPy product",
            lambda n: factors @ own[n],
        ),
        (
            "similar users of 8 (ranking)",
            lambda n: model.similar_users(eight(n)),
            "8 NumPy products",
            lambda n: [factors @ own[(n + other) % len(own)] for other in range(8)],
        ),
    ]


def clock(ours: Call, other: Call) -> tuple[float, float]:
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


def real_times(root: Path) -> dict[str, float]:
    """Return how long real Turi Create takes for queries of these names, in seconds.

    Parameters
    ----------
    root : Path
        Of the large pair.
    """
    script = str(ROOT / "scripts" / "training-env")
    python = subprocess.run([script], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    with NamedTemporaryFile() as out:
        command = [python, "-m", "training.time_queries", str(root), str(REAL_ROUNDS), out.name]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        times: dict[str, float] = json.loads(out.read())
    return times


def requests(root: Path) -> list[dict[str, float]]:
    """Measure whole requests about a basket of 8 and about a known user, in turns.

    Parameters
    ----------
    root : Path
        Of the large pair.
    """
    rows = []
    with written(read_asked(root)) as bodies, service(root) as server:
        for connections in (1, 8, 32):
            rates: dict[str, list[float]] = {"basket": [], "similarity": []}
            for round_ in range(-1, 5):
                for kind, found in rates.items():
                    rate = measure(server, kind, connections, 2, bodies)["rate"]
                    if round_ >= 0:  # the first warms up
                        found.append(rate)
            basket, known = median(rates["basket"]), median(rates["similarity"])
            rows.append({"connections": connections, "basket": basket, "known": known})
            print(
                f"{connections:>3} connections: {basket:.0f} baskets/s, {known:.0f} known users/s: "
                f"a basket takes x{known / basket:.2f}",
                flush=True,
            )
    return rows


if __name__ == "__main__":
    main()
