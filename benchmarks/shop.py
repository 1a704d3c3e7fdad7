"""What visitors of a real shop would get: ``EVENT_LOG=... python -m benchmarks.shop``.

Trains with several seeds, as a shop would, lets the real service answer the visitors of the test
part, and says whether that is worth it. docs/evaluation.md explains the table. Options behind
``--`` go to ``training.run``, such as ``-- --user user_id --time created``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from app.gate.candidates import Run, read_run
from app.gate.intervals import Ratio, paired_ratio
from app.gate.served import Values
from benchmarks.large_models import ROOT
from benchmarks.results import save
from benchmarks.shop_served import Served, context_recalls, decide, measure

FIRST_SEED, SEED_STEP = 7, 10  # a run tries its winner with three seeds: no two share any
WANTED = {"time": 1.2, "author": 1.03}  # of jaccard's recall, for visitors who come back
LEAST_SIMILARITY = 0.97
COMPARED = (
    *("measured", "ranking", "similarity", "newcomer"),
    *("jaccard", "popularity", "recent popularity"),
)
REFERENCE = "jaccard"
_COLD_REFERENCE = "recent popularity"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that has to hold.

    Attributes
    ----------
    wanted : str
        What, in words.
    found : str
        What was measured.
    passed : bool
        Whether it holds.
    """

    wanted: str
    found: str
    passed: bool


class Runs:
    """Training runs in a directory, each made once.

    Parameters
    ----------
    log : Path
        The event log.
    folder : Path
        Where they are kept.
    options : sequence of str
        Further options of ``training.run``.
    """

    def __init__(self, log: Path, folder: Path, options: Sequence[str]) -> None:
        self._log = log.resolve()
        self._folder = folder.resolve()
        self._options = options
        script = str(ROOT / "scripts" / "training-env")
        done = subprocess.run([script], check=True, stdout=subprocess.PIPE, text=True)
        self._python = done.stdout.strip()

    def run(self, split: str, settings: str, seed: int) -> Run:
        """Return a run, trained if it is not there.

        Parameters
        ----------
        split : {"time", "author"}
            How the log is parted.
        settings : {"usual", "author", "context"}
            What is tried.
        seed : int
            The first seed.
        """
        path = self._folder / f"{split}-{settings}-{seed}"
        if not path.exists():
            print(f"training: split {split}, settings {settings}, seed {seed}", flush=True)
            command = [self._python, "-m", "training.run", str(self._log), "--out", str(path)]
            command += ["--split", split, "--settings", settings, "--seed", str(seed)]
            command += self._options
            if (split, settings) == ("author", "usual"):
                command.append("--context=")  # nobody is new in this split: no model of the visit
            done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
            if done.returncode != 0:  # it has said why
                raise SystemExit(done.returncode)
        return read_run(path)


def report(
    runs: Runs, split: str, seeds: Iterable[int], *, with_machine: bool = False
) -> dict[str, Any]:
    """Measure one way to part the log, print the table, and return it.

    Parameters
    ----------
    runs : Runs
        What is trained.
    split : {"time", "author"}
        How the log is parted.
    seeds : iterable of int
        The first seed of each run.
    with_machine : bool
        Whether a factorization machine of the visit is asked with true and with shuffled context.
    """
    measured, told = [], []
    for seed in seeds:
        run = runs.run(split, "usual", seed)
        served = measure(run)
        measured.append(served)
        told.append(_run_told(run, served, seed))
    back, cold = (mean_recalls(measured, is_cold=is_cold) for is_cold in (False, True))
    print(f"\nsplit: {split}; recall@10 of visitors who come back, and of cold ones")
    table = [_row(name, back, cold) for name in COMPARED]
    original = runs.run(split, "author", FIRST_SEED)
    context = [_context("original", original)]
    if with_machine:
        context.append(_context("factorization machine", runs.run(split, "context", FIRST_SEED)))
    lines = [*lines_of(split, back, cold), _original(original)]
    for line in lines:
        print(f"{'pass' if line.passed else 'FAIL'}  {line.wanted}: {line.found}")
    return {
        "visitors": {"returning": _count(back), "cold": _count(cold)},
        "table": table,
        "lines": [asdict(line) for line in lines],
        "true context": context,
        "runs": told,
    }


def mean_recalls(measured: Sequence[Served], *, is_cold: bool) -> dict[str, Values]:
    """Return each visitor's recall of each model, averaged over the runs that asked about it.

    Parameters
    ----------
    measured : sequence of Served
        The runs.
    is_cold : bool
        Whether cold visitors are meant, or the others.
    """
    means: dict[str, Values] = {}
    for name in COMPARED:
        of_visitor: dict[Any, list[float]] = {}
        for served in measured:
            values = served.recalls[name].tolist()
            for user, cold, value in zip(served.users, served.is_cold, values, strict=True):
                if cold == is_cold:
                    of_visitor.setdefault(user, []).append(value)
        means[name] = np.array([np.mean(each) for each in of_visitor.values()])
    return means


def lines_of(split: str, back: Mapping[str, Values], cold: Mapping[str, Values]) -> list[Line]:
    """Return what has to hold, and whether it does.

    Parameters
    ----------
    split : {"time", "author"}
        How the log was parted.
    back, cold : mapping of str to ndarray
        Recall at 10 by model, of visitors who come back and of cold ones.
    """
    lines = []
    ratio = paired_ratio(back["measured"], back[REFERENCE])
    wanted = f"what returning visitors get, at least {WANTED[split]} times jaccard"
    lines.append(Line(wanted, _shown(ratio), ratio.value >= WANTED[split]))
    if split == "time":
        lines.append(Line("the lower bound of that, above 1", f"{ratio.low:.3f}", ratio.low > 1.0))
    ratio = paired_ratio(back["similarity"], back[REFERENCE])
    wanted = f"the similarity role, at least {LEAST_SIMILARITY} times jaccard"
    lines.append(Line(wanted, _shown(ratio), ratio.value >= LEAST_SIMILARITY))
    if _count(cold) > 0:
        ratio = paired_ratio(cold["measured"], cold[_COLD_REFERENCE])
        wanted = "what cold visitors get, not below recent popularity beyond the interval"
        lines.append(Line(wanted, _shown(ratio), ratio.high >= 1.0))
    return lines


def _original(run: Run) -> Line:
    """Tell whether the gate refuses the original deployment's settings."""
    (decision,) = decide(run)
    broken = [each.words for each in decision.verdicts if not each.passed]
    wanted = "the gate refuses the original deployment's settings"
    return Line(wanted, "; ".join(broken) or "it passes", len(broken) > 0)


def _context(name: str, run: Run) -> dict[str, Any]:
    """Print what true context is worth to the one model of a run, and return it."""
    recalls = context_recalls(run, run.candidates[0], FIRST_SEED)
    told: dict[str, Any] = {"name": name}
    for kind, mask in (
        ("returning", run.test.kinds != "unknown"),
        ("cold", run.test.kinds == "unknown"),
    ):
        if mask.any():
            true = recalls["true"][mask]
            ratios = {
                other: paired_ratio(true, recalls[other][mask]) for other in ("shuffled", "default")
            }
            told[kind] = {
                "recall": round(float(true.mean()), 5),
                **{f"against {other}": _rounded(ratio) for other, ratio in ratios.items()},
            }
            shown = ", ".join(f"{_shown(ratio)} {other}" for other, ratio in ratios.items())
            print(f"{name}, {kind}: true context {true.mean():.4f}, times {shown}")
    return told


def _run_told(run: Run, served: Served, seed: int) -> dict[str, Any]:
    roles = run.told["roles"]
    return {
        "seed": seed,
        "chosen": {role: told["tried"][0]["label"] for role, told in roles.items()},
        "validation": {role: told["validation"] for role, told in roles.items()},
        "answered": served.answered,
        "gate": {each.candidate.role: each.passed for each in decide(run)},
    }


def _row(name: str, back: Mapping[str, Values], cold: Mapping[str, Values]) -> dict[str, Any]:
    """Print what one model reached, and return it."""
    told: dict[str, Any] = {"name": name}
    text = f"{name:18}"
    for key, values, reference in (
        ("returning", back, REFERENCE),
        ("cold", cold, _COLD_REFERENCE),
    ):
        if _count(values) > 0:
            mean, ratio = float(values[name].mean()), paired_ratio(values[name], values[reference])
            told[key] = {"recall": round(mean, 5), "ratio": _rounded(ratio)}
            text += f"  {mean:.4f} {_shown(ratio):22}"
    print(text)
    return told


def _count(recalls: Mapping[str, Values]) -> int:
    return len(recalls[REFERENCE])


def _shown(ratio: Ratio) -> str:
    return f"{ratio.value:.3f} [{ratio.low:.3f} {ratio.high:.3f}]"


def _rounded(ratio: Ratio) -> list[float | None]:
    each = (ratio.value, ratio.low, ratio.high)
    return [round(value, 4) if np.isfinite(value) else None for value in each]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the status is 1 if something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="how many runs")
    parser.add_argument("--split", choices=["time", "author", "both"], default="both")
    parser.add_argument("--keep", type=Path, help="where runs are kept, and taken from if there")
    parser.add_argument(
        "--context",
        action="store_true",
        help="also train a factorization machine of the visit, and tell what context is worth",
    )
    parser.add_argument("options", nargs="*", help="options of training.run, behind --")
    args = parser.parse_args(arguments)
    log = os.environ.get("EVENT_LOG")
    if log is None:
        parser.error("EVENT_LOG names no event log")
    seeds = [FIRST_SEED + SEED_STEP * number for number in range(args.seeds)]
    splits = ["time", "author"] if args.split == "both" else [args.split]
    with TemporaryDirectory() as folder:
        runs = Runs(Path(log), args.keep or Path(folder), args.options)
        reports = {split: report(runs, split, seeds, with_machine=args.context) for split in splits}
    save("shop", {"seeds": seeds, "splits": reports})
    return int(not all(line["passed"] for each in reports.values() for line in each["lines"]))


if __name__ == "__main__":
    sys.exit(main())
