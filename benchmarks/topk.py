"""The exact top 10 of one ranking query, by several means: ``python -m benchmarks.topk``.

Everything runs on one thread. faiss and implicit compute float32 products, not Turi Create's
scores; the library itself is called through its own ``recommend`` on CPython 3.8.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from statistics import median
from typing import Any

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"

import faiss  # noqa: E402 - the variables above come first
import numpy as np  # noqa: E402
from implicit.cpu.topk import topk as implicit_topk  # noqa: E402

from benchmarks.large_models import RANKING, ROOT, large_models  # noqa: E402
from benchmarks.results import save  # noqa: E402
from benchmarks.servers import server_python  # noqa: E402
from turi_recommender import load_model  # noqa: E402
from turi_recommender.scoring.candidates import Candidates  # noqa: E402
from turi_recommender.scoring.factorization.recommender import FactorizationRecommender  # noqa: E402

QUERIES = 200
CONTEXT = {"period": "Night", "month": 8, "weekday": 2}
_LIBRARY = """
import json, sys, time, turicreate as tc
model = tc.load_model(sys.argv[1]); times = []
for number in range(1, 31):
    row = {k: [v] for k, v in json.loads(sys.argv[2]).items()}
    row["visitorid"] = [4001 * number]
    started = time.perf_counter()
    model.recommend(users=tc.SFrame(row), k=10, verbose=False).to_dataframe()
    times.append(time.perf_counter() - started)
print(json.dumps(sorted(times)[15]))
"""


def main() -> None:
    """Run the command line."""
    path = large_models() / RANKING
    model = load_model(path)
    assert isinstance(model, FactorizationRecommender)
    search = model._search
    assert search is not None
    rows = [{"visitorid": 4001 * number, **CONTEXT} for number in range(1, QUERIES + 1)]
    queries = [model._reader.read(model._queries.read(row, 0)) for row in rows]
    everything = [Candidates(model.num_items)]
    vectors, constants = search._vectors, search._constants
    width = vectors.shape[1]
    extended = np.ascontiguousarray(np.c_[vectors, constants])
    directions = np.array([search._directions([query]).vectors[0] for query in queries])
    asked = np.ascontiguousarray(np.c_[directions, np.ones(len(directions), np.float32)])
    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(width + 1)
    index.add(extended)

    def numpy_product(number: int) -> Any:
        scores = vectors @ directions[number] + constants
        best = np.argpartition(scores, len(scores) - 10)[-10:]
        return best[np.argsort(-scores[best])]

    means: dict[str, Callable[[int], Any]] = {
        "this service, top-k with exact scores": lambda n: model._rank_alike(
            model._form, [queries[n]], everything, 10, None
        ),
        "this service, whole call": lambda n: model.recommend([rows[n]]),
        "this service, whole call, 32 users, each": lambda n: model.recommend(
            [rows[(n + other) % QUERIES] for other in range(32)]
        ),
        "numpy product + argpartition": numpy_product,
        "faiss IndexFlatIP": lambda n: index.search(asked[n : n + 1], 10),
        "implicit topk": lambda n: implicit_topk(extended, asked[n : n + 1], 10, num_threads=1),
    }
    check(model, means, numpy_product)
    times = {name: clock(ask) * (1 / 32 if "32" in name else 1) for name, ask in means.items()}
    library = [server_python(), "-c", _LIBRARY, str(path), json.dumps(CONTEXT)]
    done = subprocess.run(library, cwd=ROOT, check=True, capture_output=True, text=True)
    times["Turi Create's own recommend"] = float(done.stdout.splitlines()[-1])
    ours = times["this service, top-k with exact scores"]
    for name, seconds in times.items():
        print(f"{name:44} {seconds * 1e3:9.3f} ms   x{seconds / ours:.1f}")
    save("topk", {"items": model.num_items, "factors": width, "seconds": times})


def check(
    model: FactorizationRecommender,
    means: dict[str, Callable[[int], Any]],
    product: Callable[[int], Any],
) -> None:
    """Make sure that all compute the same: the same best item for each query.

    Parameters
    ----------
    model : FactorizationRecommender
        The model whose queries were prepared.
    means : dict of str to callable
        Each takes the number of a query.
    product : callable
        The plain product of NumPy, in the order of the search.
    """
    order = model._search._items if model._search else np.empty(0)
    for number in range(0, QUERIES, 10):
        best, _ = means["this service, top-k with exact scores"](number)[0]
        _, found = means["faiss IndexFlatIP"](number)
        near, _ = means["implicit topk"](number)
        places = {int(found[0][0]), int(near[0][0]), int(product(number)[0])}
        assert {int(order[place]) for place in places} == {int(best[0])}, number


def clock(ask: Callable[[int], Any]) -> float:
    """Return the median time of a call, in seconds."""
    times = []
    for number in range(QUERIES):
        started = time.perf_counter()
        ask(number)
        times.append(time.perf_counter() - started)
    return median(times)


if __name__ == "__main__":
    main()
