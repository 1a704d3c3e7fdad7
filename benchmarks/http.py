"""Requests per second, against the original and an empty route: ``python -m benchmarks.http``.

Needs wrk, and ``scripts/training-env server`` unless it is without the original. Each round
measures all servers one after the other; ratios are of the same round, and the medians of the
rounds are printed. ``--pairs all`` measures every large pair that has been made.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.asked import bodies_file, read_asked, written
from benchmarks.large_models import ROOT, add_pairs, chosen, pair
from benchmarks.results import save_pair
from benchmarks.servers import Server, empty_route, original, resident_megabytes, service

KINDS = ("ranking", "similarity", "similar")  # those that the original and the empty route know
_PATHS = {
    "ranking": "/recommend/users",
    "similarity": "/recommend/users",
    "similar": "/similar/items",
    "basket": "/recommend/baskets",
}
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


def measure(
    server: Server, kind: str, connections: int, seconds: int, bodies: Path
) -> dict[str, float]:
    """Run wrk against a server.

    Parameters
    ----------
    server : Server
        The one that is asked.
    kind : str
        One of `benchmarks.asked.KINDS`.
    connections : int
        How many ask at the same time.
    seconds : int
        How long they ask.
    bodies : Path
        What `benchmarks.asked.written` yields.

    Returns
    -------
    dict of str to float
        ``rate`` in requests per second; ``p50`` and ``p99`` in milliseconds.

    Raises
    ------
    RuntimeError
        If an answer is not of status 2xx.
    """
    form = "score" if server.name == "original" else "typed"
    path = "/score" if form == "score" else _PATHS[kind]
    script = str(ROOT / "benchmarks" / "requests.lua")
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "30s"]
    done = subprocess.run(
        [*command, "-s", script, server.url(path)],
        env={**os.environ, "BODIES": str(bodies_file(bodies, kind, form))},
        check=True,
        capture_output=True,
        text=True,
    )
    if "Non-2xx" in done.stdout:
        raise RuntimeError(f"{server.name} failed:\n{done.stdout}")
    return {
        "rate": float(_find(r"Requests/sec:\s+([\d.]+)", done.stdout)[0]),
        "p50": _milliseconds("50%", done.stdout),
        "p99": _milliseconds("99%", done.stdout),
    }


def _find(pattern: str, text: str) -> tuple[str, ...]:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"wrk printed no {pattern}:\n{text}")
    return found.groups()


def _milliseconds(quantile: str, text: str) -> float:
    number, unit = _find(rf"{quantile}\s+([\d.]+)(us|ms|s|m)", text)
    return float(number) * _UNITS[unit]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_pairs(parser)
    parser.add_argument("--seconds", type=int, default=4, help="of one measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, nargs="*", default=[1, 8, 32])
    args = parser.parse_args()
    for name in chosen(args.pairs):
        print(f"== {name}", flush=True)
        save_pair("http", name, measure_pair(pair(name), args))


def measure_pair(models: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Measure all servers with one pair of models.

    Parameters
    ----------
    models : Path
        Its directory.
    args : Namespace
        The command line.
    """
    asked = read_asked(models)
    rows: list[dict[str, Any]] = []
    with ExitStack() as stack:
        bodies = stack.enter_context(written(asked))
        runs = [empty_route(asked.types), service(models)]
        if not args.without_original:
            runs.insert(0, original(models))
        servers = [stack.enter_context(run) for run in runs]
        for kind in KINDS:
            able = [s for s in servers if s.name != "original" or asked.is_for_original(kind)]
            for server in able:
                measure(server, kind, 8, 1, bodies)  # warm
            for connections in args.connections:
                rounds = [
                    {s.name: measure(s, kind, connections, args.seconds, bodies) for s in able}
                    for _ in range(args.rounds)
                ]
                rows.append(_summarise(kind, connections, rounds))
                _print(rows[-1], able)
        memory = {server.name: resident_megabytes(server.pid) for server in servers}
    for name, megabytes in memory.items():
        print(f"resident after all that, {name}: {megabytes:.0f} MB")
    return {"rows": rows, "memory": memory}


def _summarise(
    kind: str, connections: int, rounds: list[dict[str, dict[str, float]]]
) -> dict[str, Any]:
    def ratio(figure: str, other: str) -> float:
        return median(r["service"][figure] / r[other][figure] for r in rounds)

    row: dict[str, Any] = {"kind": kind, "connections": connections}
    for name, figures in rounds[0].items():
        row[name] = {figure: median(r[name][figure] for r in rounds) for figure in figures}
    if "original" in row:
        row["times original"] = ratio("rate", "original")
    row["of empty route"] = ratio("rate", "empty route")
    row["p99 of empty route"] = ratio("p99", "empty route")
    return row


def _print(row: dict[str, Any], servers: list[Server]) -> None:
    text = f"{row['kind']:10} {row['connections']:>5}  "
    for server in servers:
        figures = row[server.name]
        text += f"{server.name} {figures['rate']:.0f}/s p99 {figures['p99']:.1f} ms   "
    if "original" in row:
        text += f"x{row['times original']:.0f} the original, "
    print(
        f"{text}{row['of empty route']:.2f} of the empty route, "
        f"p99 {row['p99 of empty route']:.2f} of its",
        flush=True,
    )


if __name__ == "__main__":
    main()
