"""Compare this build with another one: ``python -m benchmarks.builds OTHER``.

The other build is a second checkout of the repository. Three servers run at once: this build, the
other one, and the other one again; each round measures all three one after the other. What the two
servers of the same build show against each other is the noise that a difference has to exceed.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles

from benchmarks.asked import read_asked, written
from benchmarks.http import KINDS, measure
from benchmarks.large_models import ROOT, large_models
from benchmarks.results import save
from benchmarks.servers import service


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path, help="the other checkout")
    parser.add_argument("--models", type=Path, help="directory of models (default: large ones)")
    parser.add_argument("--seconds", type=int, default=2, help="of one measurement")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--connections", type=int, nargs="*", default=[1, 8, 32])
    args = parser.parse_args()
    models = args.models or large_models()
    rows = []
    with ExitStack() as stack:
        bodies = stack.enter_context(written(read_asked(models)))
        this, other, again = (
            stack.enter_context(service(models, root)) for root in (ROOT, args.other, args.other)
        )
        for kind in KINDS:
            for server in (this, other, again):
                measure(server, kind, 8, 1, bodies)  # warm
            for connections in args.connections:
                rounds = [
                    [
                        measure(server, kind, connections, args.seconds, bodies)["rate"]
                        for server in (this, other, again)
                    ]
                    for _ in range(args.rounds)
                ]
                rows.append(_row(kind, connections, rounds))
                _print(rows[-1])
    save("builds", {"rows": rows})


def _row(kind: str, connections: int, rounds: list[list[float]]) -> dict[str, object]:
    return {
        "kind": kind,
        "connections": connections,
        "this to the other": _spread([2 * mine / (one + two) for mine, one, two in rounds]),
        "the other to itself": _spread([one / two for _, one, two in rounds]),
    }


def _spread(ratios: list[float]) -> dict[str, float]:
    low, _, high = quantiles(ratios, n=4)
    return {"median": median(ratios), "low": low, "high": high}


def _print(row: dict[str, object]) -> None:
    text = f"{row['kind']:10} {row['connections']:>5}"
    for name in ("this to the other", "the other to itself"):
        spread = row[name]
        assert isinstance(spread, dict)
        text += f"   {name} {spread['median']:.3f} ({spread['low']:.3f} - {spread['high']:.3f})"
    print(text, flush=True)


if __name__ == "__main__":
    main()
