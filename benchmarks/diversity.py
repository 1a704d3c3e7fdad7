"""A query with diversity against the same without: ``python -m benchmarks.diversity``.

The pair of large models is asked about one user at a time, with and without in turn, so that both
see the same machine. It also prints how many queries met equal scores: these are ranked in full,
because only the library's own selection over all items tells which of them come first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from benchmarks.large_models import RANKING, SIMILARITY, large_models
from benchmarks.results import save
from turi_recommender import Recommender, load_model

QUERIES = 300
DIVERSITIES = (0.5, 2.0, 10.0)
CONTEXT = {"period": "Night", "month": 8, "weekday": 2}


def main() -> None:
    """Run the command line."""
    folder = large_models()
    ranking, similarity = load_model(folder / RANKING), load_model(folder / SIMILARITY)
    figures = {
        "ranking": measure(ranking, lambda n: {"visitorid": 4001 * n, **CONTEXT}),
        "similarity": measure(similarity, lambda n: 1009 * n),
    }
    save("diversity", {"k": 10, "milliseconds": figures})


def measure(model: Recommender, row: Callable[[int], Any]) -> dict[str, dict[str, float]]:
    """Measure one model.

    Parameters
    ----------
    model : Recommender
        The model.
    row : callable
        Makes the row of a query from its number.

    Returns
    -------
    dict of str to dict
        For each diversity the median times of a query, in milliseconds, and the median of those
        that met equal scores, whose share is there, too.
    """
    full = 0
    original = model._rank_in_library_order

    def counted(*given: Any) -> Any:
        nonlocal full
        full += 1
        return original(*given)

    model._rank_in_library_order = counted  # type: ignore[assignment,method-assign]
    figures = {}
    for diversity in DIVERSITIES:
        plain: list[float] = []
        strict: list[float] = []
        tied: list[float] = []
        for number in range(1, QUERIES + 1):
            plain.append(clock(model, row(number), 0.0))
            before = full
            taken = clock(model, row(number), diversity)
            (strict if full == before else tied).append(taken)
        figures[str(diversity)] = {
            "without": median(plain),
            "with": median(strict) if strict else 0.0,
            "with, equal scores": median(tied) if tied else 0.0,
            "share of equal scores": len(tied) / QUERIES,
        }
        shown = "  ".join(f"{name} {value:.2f}" for name, value in figures[str(diversity)].items())
        print(f"{model.kind:34} diversity {diversity:4}  {shown}")
    return figures


def clock(model: Recommender, row: Any, diversity: float) -> float:
    """Return the time of one query in milliseconds.

    Parameters
    ----------
    model : Recommender
        The model.
    row : int or dict
        The user's row.
    diversity : float
        As in `Recommender.recommend`.
    """
    started = time.perf_counter()
    model.recommend([row], k=10, diversity=diversity, seed=1)
    return (time.perf_counter() - started) * 1e3


if __name__ == "__main__":
    main()
