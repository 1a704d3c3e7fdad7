"""Look for the worst that one client can do to another: ``python -m reliability.worst``.

A genetic search over the shapes of requests (`reliability/search/shapes.py`): what is asked, how
much of it, how it is sent, and how the answer is read. It begins with each endpoint at its largest
and goes on with what was worst, changed and crossed, in turns by how long ``/healthz/live`` had to
wait and by how much memory was taken. The longest waits are tried again, several times: what does
not come again was the machine's.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reliability.report import Report, large_models
from reliability.search.catalogue import Catalogue
from reliability.search.shapes import Shape, any_shape, crossed, first_shapes, mutated
from reliability.search.trial import Bench, Trial
from reliability.service import SAMPLES

STALL_SECONDS = 0.25
RESIDENT_BYTES = 600_000_000
_PARENTS = 12
_REPEATED = 3  # of the worst shapes
_TIMES = 3  # how often each of them is tried again
_TOLD = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search found.

    Attributes
    ----------
    trials : list of Trial
        All of them, in order.
    confirmed : list of Trial
        Of each of the longest waits, the least that came when it was tried again.
    sound : bool
        Whether the service ran to the end, and logged no trace.
    """

    trials: list[Trial]
    confirmed: list[Trial]
    sound: bool

    @property
    def worst_stall(self) -> Trial:
        """The longest wait of those that came again."""
        return max(self.confirmed, key=_stall)

    @property
    def worst_memory(self) -> Trial:
        """The highest peak outside swaps."""
        return max((each for each in self.trials if not each.shape.swaps), key=_peak)


def search(
    try_one: Callable[[Shape], Trial], catalogue: Catalogue, draw: random.Random, seconds: float
) -> list[Trial]:
    """Try shapes, each worse than the ones before, as far as chance will have it.

    Parameters
    ----------
    try_one : callable
        Tries a shape.
    catalogue : Catalogue
        What requests are made of.
    draw : Random
        Where the shapes come from.
    seconds : float
        When to stop; the trial that runs then is the last.
    """
    end = time.monotonic() + seconds
    waiting = first_shapes(catalogue)
    draw.shuffle(waiting)
    trials: list[Trial] = []
    tried: set[Shape] = set()
    while time.monotonic() < end:
        shape = waiting.pop() if waiting else _next_shape(trials, catalogue, draw)
        if shape in tried:
            continue
        tried.add(shape)
        trials.append(try_one(shape))
    return trials


def _next_shape(trials: list[Trial], catalogue: Catalogue, draw: random.Random) -> Shape:
    if draw.random() < 0.15:
        return any_shape(draw, catalogue)
    goal = draw.choice([_stall, _grown])
    parents = sorted(trials, key=goal, reverse=True)[:_PARENTS]
    shape = draw.choice(parents[: draw.randint(1, len(parents))]).shape
    if draw.random() < 0.3:
        shape = crossed(shape, draw.choice(parents).shape, draw)
    return mutated(shape, draw, catalogue)


def _stall(trial: Trial) -> float:
    return trial.probes.stall


def _grown(trial: Trial) -> float:
    return trial.grown


def _peak(trial: Trial) -> float:
    return trial.peak


def look(models: Path, draw: random.Random, seconds: float, module: str, attack: float) -> Outcome:
    """Search for the worst that can be done to a service with some models.

    Parameters
    ----------
    models : Path
        Directory of models.
    draw : Random
        Where the shapes come from.
    seconds : float
        How long to search; what was worst is tried again after that.
    module : str
        The service: what to run with ``python -m``.
    attack : float
        Seconds of each attack.
    """
    with Bench(models, module, attack) as bench:
        trials = search(_printing(bench.try_out), bench.catalogue, draw, seconds)
    sound = bench.sound
    confirmed: list[Trial] = []
    with Bench(models, module, attack) as bench:
        for trial in sorted(trials, key=_stall, reverse=True)[:_REPEATED]:
            again = [bench.try_out(trial.shape) for _ in range(_TIMES)]
            trials += again
            confirmed.append(min(again, key=_stall))
    return Outcome(trials, confirmed, sound and bench.sound)


def _printing(try_one: Callable[[Shape], Trial]) -> Callable[[Shape], Trial]:
    """Print each trial that is worse than all before."""
    worst = [0.0, 0.0]

    def try_and_print(shape: Shape) -> Trial:
        trial = try_one(shape)
        if trial.probes.stall > worst[0] or trial.peak > worst[1]:
            worst[:] = [max(worst[0], trial.probes.stall), max(worst[1], trial.peak)]
            print(json.dumps(trial.told()), flush=True)
        return trial

    return try_and_print


def run(
    models: Sequence[Path] = (SAMPLES,),
    seconds: float = 300.0,
    seed: int = 1,
    module: str = "app",
    attack: float = 1.5,
) -> Report:
    """Search, with one directory of models after the other.

    Parameters
    ----------
    models : sequence of Path
        Directories of models.
    seconds : float
        How long to search with each of them.
    seed : int
        The same seed draws the same first shapes; what follows hangs on measurements.
    module : str
        The service: what to run with ``python -m``.
    attack : float
        Seconds of each attack.
    """
    report = Report("worst")
    for root in models:
        found = look(root, random.Random(seed), seconds, module, attack)
        name = "sample models" if root.resolve() == SAMPLES.resolve() else root.name
        report.figures[name] = _figures(found)
        failed = [trial for trial in found.trials if trial.probes.failed]
        stall, peak = _stall(found.worst_stall), _peak(found.worst_memory)
        for promise, held in {
            f"/healthz/live answers within {STALL_SECONDS * 1e3:g} ms": stall < STALL_SECONDS,
            "/healthz/live always answers 200": not failed,
            f"resident memory stays under {RESIDENT_BYTES / 1e6:g} MB": peak < RESIDENT_BYTES,
            "the process runs to the end, and logs no trace": found.sound,
        }.items():
            report.promise(f"{name}: {promise}", held)
    return report


def _figures(found: Outcome) -> dict[str, Any]:
    by_stall = sorted(found.trials, key=_stall, reverse=True)
    return {
        "shapes": len({trial.shape for trial in found.trials}),
        "longest wait that came again": found.worst_stall.told(),
        "highest memory": found.worst_memory.told(),
        "longest waits, once": [trial.told() for trial in by_stall[:_TOLD]],
    }


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--models", type=Path, action="append", metavar="DIR", help="may be repeated"
    )
    parser.add_argument("--seconds", type=float, default=300.0, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # let the blocks end, and the service
    run(args.models or (large_models() or SAMPLES,), args.seconds, args.seed).conclude()


if __name__ == "__main__":
    main()
