"""Queries with numbers far outside the trained range: ``python -m benchmarks.odd [pair ...]``.

Each odd query takes turns with the same one without the odd number, so that a busy machine slows
both, and the table shows how many times as long it takes. Numbers go into every numeric column, the
first element of every vector and one key of every dictionary. Two numbers at once are there as
well, alike and so that their factors cancel as far as they can. Times are those of the thread, and
medians over users; the first query of a kind, which makes what is kept, is told apart.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from itertools import combinations
from statistics import median
from typing import Any, NamedTuple

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"

import numpy as np  # noqa: E402 - the variables above come first

from benchmarks.asked import USUAL  # noqa: E402
from benchmarks.large_models import RANKING, pair  # noqa: E402
from benchmarks.results import save  # noqa: E402
from turi_recommender import load_model  # noqa: E402
from turi_recommender.format import ColumnMode  # noqa: E402
from turi_recommender.scoring.factorization.recommender import FactorizationRecommender  # noqa: E402

PAIRS = ("columns", "item_side", "tail07", "flat")
NUMBERS = (1e3, 1e4, 1e5, 1e6, -1e6, 1e9, 1e12, 1e30)
IN_TWO = (1e3, 1e6, 1e9)
ROUNDS = 15
TARGET = 2.0  # times a usual query
_USUAL = {
    **USUAL,
    "tags": ["tag1", "tag2"],
    "weights": {"key1": 0.5, "key2": -1.0, "key3": 1.5},
    "hour": 13.5,
    "vector": [0.5, -0.5, 1.0, 0.0],
}

Row = dict[str, Any]


class Slot(NamedTuple):
    """A number of a row.

    Attributes
    ----------
    column : str
        Its column.
    key : str or int or None
        Its key or its place there, if there are several.
    row : int
        Row of its factors.
    """

    column: str
    key: str | int | None
    row: int


def main() -> None:
    """Run the command line."""
    figures = {}
    for name in sys.argv[1:] or PAIRS:
        model = load_model(pair(name) / RANKING)
        assert isinstance(model, FactorizationRecommender)
        ratios = {kind: measure(model, change) for kind, change in kinds(model)}
        figures[name] = summary(name, ratios)
    save("odd", {"pairs": figures})


def kinds(model: FactorizationRecommender) -> Iterator[tuple[str, Callable[[Row], None]]]:
    """Yield every kind of odd row: its name, and what makes a usual row one.

    Parameters
    ----------
    model : FactorizationRecommender
        For its columns and factors.
    """
    own = list(slots(model))
    for number in NUMBERS:
        for slot in own:
            yield f"{slot.column} {number:.0e}", partial(put, [(slot, number)])
    for one, other in combinations(own, 2):
        for number in IN_TWO:
            both = f"{one.column} and {other.column} {number:.0e}"
            against = cancelling(model, one, other, number)
            yield f"{both}, alike", partial(put, [(one, number), (other, number)])
            yield f"{both}, cancelling", partial(put, [(one, number), (other, against)])


def slots(model: FactorizationRecommender) -> Iterator[Slot]:
    """Yield where numbers can be put."""
    offsets = model._model.offsets[2:]
    for column, offset in zip(model.side_columns, offsets, strict=False):
        match column.mode:
            case ColumnMode.NUMERIC:
                yield Slot(column.name, None, offset)
            case ColumnMode.NUMERIC_VECTOR:
                yield Slot(column.name, 0, offset)
            case ColumnMode.DICTIONARY:
                keys = list(column.values.take(range(2)))
                place = int(keys[0] is None)
                yield Slot(column.name, keys[place], offset + place)


def put(numbers: list[tuple[Slot, float]], row: Row) -> None:
    """Put numbers into a row."""
    for slot, number in numbers:
        if slot.key is None:
            row[slot.column] = number
        else:
            row[slot.column][slot.key] = number


def cancelling(model: FactorizationRecommender, one: Slot, other: Slot, number: float) -> float:
    """Return the number for a slot that leaves least of the factors of another number."""
    details = model._model
    first, second = (np.array(details.factors[slot.row], np.float64) for slot in (one, other))
    x = float(details.scales[one.row] * (number - details.shifts[one.row]))
    against = -x * float(first @ second) / float(second @ second)
    return against / float(details.scales[other.row]) + float(details.shifts[other.row])


def measure(model: FactorizationRecommender, change: Callable[[Row], None]) -> dict[str, float]:
    """Return the median times of a usual query and of an odd one, in seconds.

    Parameters
    ----------
    model : FactorizationRecommender
        The model.
    change : callable
        Makes a usual row an odd one.
    """
    columns = {column.name for column in model.side_columns}
    usual = {name: value for name, value in _USUAL.items() if name in columns}
    users = model.users.ids(np.linspace(0, model.num_users - 1, ROUNDS + 1).astype(np.int64))
    times: dict[str, list[float]] = {"usual": [], "odd": []}
    for user in users:
        row = {model.user_column.name: user, **usual}
        odd = deepcopy(row)
        change(odd)
        for kind, asked in (("usual", row), ("odd", odd)):
            started = time.thread_time()
            model.recommend([asked])
            times[kind].append(time.thread_time() - started)
    figures = {kind: median(taken[1:]) for kind, taken in times.items()}
    return {**figures, "first odd": times["odd"][0], "ratio": figures["odd"] / figures["usual"]}


def summary(name: str, kinds: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Print the ratios of a pair, and return them.

    Parameters
    ----------
    name : str
        The pair.
    kinds : dict
        The times of each kind of query.
    """
    for kind, figures in kinds.items():
        print(
            f"{name:10} {kind:42} usual {figures['usual'] * 1e3:6.2f} ms   odd "
            f"{figures['odd'] * 1e3:7.2f} ms   x{figures['ratio']:.2f}"
            f"   first {figures['first odd'] * 1e3:6.1f} ms",
            flush=True,
        )
    ratios = {kind: figures["ratio"] for kind, figures in kinds.items()}
    shown = {"one number": False, "two numbers": True}
    groups = {
        group: {kind: ratio for kind, ratio in ratios.items() if (" and " in kind) is is_two}
        for group, is_two in shown.items()
    }
    figures_of = {group: _middle_and_worst(some) for group, some in groups.items()}
    for group, figures_of_group in figures_of.items():
        print(f"{name}: {group}: {figures_of_group}", flush=True)
    return {**figures_of, "kinds": kinds}


def _middle_and_worst(ratios: dict[str, float]) -> dict[str, Any]:
    worst = max(ratios, key=ratios.__getitem__)
    within = sum(ratio <= TARGET for ratio in ratios.values())
    return {
        "kinds": len(ratios),
        "within": within,
        "median": median(ratios.values()),
        "worst": ratios[worst],
        "worst kind": worst,
    }


if __name__ == "__main__":
    main()
