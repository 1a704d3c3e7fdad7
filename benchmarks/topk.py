"""The exact top 10 of one ranking query, by several means: ``python -m benchmarks.topk``.

Everything runs on one thread, in turns, so that a busy machine slows all. faiss and implicit
compute float32 products, not Turi Create's scores; so does the plain product of NumPy, which finds
no best items at all. The library itself is called through its own ``recommend`` on CPython 3.8.
``--pairs all`` measures every large pair that has been made, and models of random numbers whose
items are all alike, for which it needs 3 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"

import faiss  # noqa: E402 - the variables above come first
import numpy as np  # noqa: E402
from implicit.cpu.topk import topk as implicit_topk  # noqa: E402

from benchmarks.asked import Row, read_asked  # noqa: E402
from benchmarks.growth import USERS, make_model  # noqa: E402
from benchmarks.large_models import ALL, RANKING, ROOT, add_pairs, chosen, pair  # noqa: E402
from benchmarks.results import save_pair  # noqa: E402
from benchmarks.servers import server_python  # noqa: E402
from turi_recommender import Recommender, load_model  # noqa: E402
from turi_recommender.scoring.candidates import Candidates  # noqa: E402
from turi_recommender.scoring.factorization.recommender import FactorizationRecommender  # noqa: E402

QUERIES = 200
BATCH = 32
FEWEST, SECONDS = 5, 60.0  # rounds, and how long those beyond may take
TURI = 30  # queries of the library's own recommend
FLAT = {"flat 1M x 64": (1_000_000, 64), "flat 1M x 128": (1_000_000, 128)}  # items, factors
TOP_K, CALL, TOGETHER = "top-k with exact scores", "whole call", f"whole call, {BATCH} users, each"
PRODUCT, PRODUCTS = "numpy product", f"numpy product, {BATCH} users, each"
FAISS = "faiss IndexFlatIP"
RATIOS = {
    "top-k / faiss": (TOP_K, FAISS),
    "call / faiss": (CALL, FAISS),
    "call / product": (CALL, PRODUCT),
    f"{BATCH} users / product of {BATCH}": (TOGETHER, PRODUCTS),
}
_LIBRARY = """
import json, sys, time, turicreate as tc
model = tc.load_model(sys.argv[1]); times = []
for row in json.loads(sys.argv[2]):
    started = time.perf_counter()
    model.recommend(
        users=tc.SFrame({name: [value] for name, value in row.items()}), k=10, verbose=False
    ).to_dataframe()
    times.append(time.perf_counter() - started)
print(json.dumps(sorted(times)[len(times) // 2]))
"""

Means = dict[str, Callable[[int], Any]]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_pairs(parser)
    args = parser.parse_args()
    flat = list(FLAT) if ALL in args.pairs else []
    for name in [*chosen(args.pairs), *flat]:
        print(f"== {name}", flush=True)
        if name in FLAT:
            items, factors = FLAT[name]
            rows = [{"user": (17 * number) % USERS} for number in range(QUERIES)]
            save_pair("topk", name, measure(make_model(items, factors, tail=0.0), rows))
            continue
        path = pair(name) / RANKING
        rows = read_asked(pair(name), QUERIES).visits
        figures = measure(load_model(path), rows)
        if not args.without_original:
            figures["seconds"]["Turi Create's own recommend"] = real_seconds(path, rows[:TURI])
        save_pair("topk", name, figures)


def measure(model: Recommender, rows: list[Row]) -> dict[str, Any]:
    """Return the median times of all means, in seconds, and ratios of them.

    Parameters
    ----------
    model : Recommender
        A factorization model.
    rows : list of dict
        A query each.
    """
    assert isinstance(model, FactorizationRecommender)
    means = make_means(model, rows)
    check(model, means)
    times = clock(means)
    for name, taken in times.items():
        print(f"{name:44} {median(taken) * 1e3:9.3f} ms", flush=True)
    ratios = {
        name: median(one / other for one, other in zip(times[ours], times[theirs], strict=True))
        for name, (ours, theirs) in RATIOS.items()
    }
    for name, ratio in ratios.items():
        print(f"{name:44} {ratio:9.2f}", flush=True)
    return {
        "items": model.num_items,
        "factors": model.num_factors,
        "rounds": len(times[CALL]),
        "seconds": {name: median(taken) for name, taken in times.items()},
        "ratios": ratios,
    }


def make_means(model: FactorizationRecommender, rows: list[Row]) -> Means:
    """Return what is measured: each takes the number of a query.

    Parameters
    ----------
    model : FactorizationRecommender
        The model; its vectors and constants stand in the order of its search.
    rows : list of dict
        The queries.
    """
    search = model._search
    assert search is not None
    queries = [model._reader.read(model._queries.read(row, 0)) for row in rows]
    everything = [Candidates(model.num_items)]
    vectors, constants = search._vectors, search._constants
    extended = np.ascontiguousarray(np.c_[vectors, constants])
    directions = np.array([search._translator.of([query]).vectors[0] for query in queries])
    asked = np.ascontiguousarray(np.c_[directions, np.ones(len(directions), np.float32)])
    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(extended.shape[1])
    index.add(extended)

    def some(number: int) -> list[int]:
        return [(number + other) % len(rows) for other in range(BATCH)]

    def best_of_product(number: int) -> Any:
        scores = vectors @ directions[number] + constants
        best = np.argpartition(scores, len(scores) - 10)[-10:]
        return best[np.argsort(-scores[best])]

    return {
        TOP_K: lambda n: model._rank_alike(model._form, [queries[n]], everything, 10, None),
        CALL: lambda n: model.recommend([rows[n]]),
        TOGETHER: lambda n: model.recommend([rows[one] for one in some(n)]),
        PRODUCT: lambda n: vectors @ directions[n],
        PRODUCTS: lambda n: vectors @ directions[some(n)].T,
        "numpy product + argpartition": best_of_product,
        FAISS: lambda n: index.search(asked[n : n + 1], 10),
        "implicit topk": lambda n: implicit_topk(extended, asked[n : n + 1], 10, num_threads=1),
    }


def check(model: FactorizationRecommender, means: Means) -> None:
    """Make sure that all compute the same: equally good best items, but for rounding.

    Parameters
    ----------
    model : FactorizationRecommender
        The model whose queries were prepared.
    means : dict of str to callable
        Of `make_means`.
    """
    search = model._search
    assert search is not None
    for number in range(0, QUERIES, 20):
        best, _ = means[TOP_K](number)[0]
        _, places = means[FAISS](number)
        near, _ = means["implicit topk"](number)
        product = means["numpy product + argpartition"](number)
        others = {int(places[0][0]), int(near[0][0]), int(product[0])}
        scores = means[PRODUCT](number) + search._constants
        place = int(search._places(np.array(best[:1], np.int64))[0])
        for other in others:
            assert np.isclose(scores[place], scores[other], rtol=1e-5, atol=1e-6), number


def clock(means: Means) -> dict[str, list[float]]:
    """Return the times of all means, which take turns, in seconds for each user.

    Parameters
    ----------
    means : dict of str to callable
        Of `make_means`.
    """
    times: dict[str, list[float]] = {name: [] for name in means}
    end = time.perf_counter() + SECONDS
    for number in range(QUERIES):
        if number >= FEWEST and time.perf_counter() > end:
            break
        for name, ask in means.items():
            started = time.perf_counter()
            ask(number)
            took = time.perf_counter() - started
            times[name].append(took / BATCH if name in (TOGETHER, PRODUCTS) else took)
    return times


def real_seconds(path: Path, rows: list[Row]) -> float:
    """Return how long real Turi Create takes for a query, in seconds.

    Parameters
    ----------
    path : Path
        The model.
    rows : list of dict
        The queries.
    """
    command = [server_python(), "-c", _LIBRARY, str(path), json.dumps(rows)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    seconds = float(done.stdout.splitlines()[-1])
    print(f"{'Turi Create':44} {seconds * 1e3:9.3f} ms", flush=True)
    return seconds


if __name__ == "__main__":
    main()
