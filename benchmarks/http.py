"""Requests per second, against the original and an empty route: ``python -m benchmarks.http``.

Needs wrk. Each round measures all servers one after the other; ratios are of the same round, and
the medians of the rounds are printed.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
from contextlib import ExitStack
from statistics import median

from benchmarks.large_models import ROOT, large_models
from benchmarks.results import save
from benchmarks.servers import Server, empty_route, original, resident_megabytes, service

KINDS = ("ranking", "similarity", "similar")
_PATHS = {
    "ranking": "/recommend/users",
    "similarity": "/recommend/users",
    "similar": "/similar/items",
    "basket": "/recommend/baskets",
}
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


def measure(server: Server, kind: str, connections: int, seconds: int) -> dict[str, float]:
    """Run wrk against a server.

    Parameters
    ----------
    server : Server
        The one that is asked.
    kind : str
        One of `KINDS`, or "basket".
    connections : int
        How many ask at the same time.
    seconds : int
        How long they ask.

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
        env={**os.environ, "KIND": kind, "FORM": form},
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
    parser.add_argument("--seconds", type=int, default=4, help="of one measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, nargs="*", default=[1, 8, 32])
    args = parser.parse_args()
    models = large_models()
    rows = []
    with ExitStack() as stack:
        servers = [
            stack.enter_context(server)
            for server in (original(models), empty_route(), service(models))
        ]
        for kind in KINDS:
            for server in servers:
                measure(server, kind, 8, 1)  # warm
        print(f"{'':10} {'conn.':>5}  " + "".join(f"{s.name:>24}" for s in servers))
        for kind in KINDS:
            for connections in args.connections:
                rounds = [
                    {s.name: measure(s, kind, connections, args.seconds) for s in servers}
                    for _ in range(args.rounds)
                ]
                rows.append(_summarise(kind, connections, rounds))
                _print(rows[-1], servers)
        memory = {server.name: resident_megabytes(server.pid) for server in servers}
    for name, megabytes in memory.items():
        print(f"resident after all that, {name}: {megabytes:.0f} MB")
    save("http", {"rows": rows, "memory": memory})


def _summarise(
    kind: str, connections: int, rounds: list[dict[str, dict[str, float]]]
) -> dict[str, object]:
    names = list(rounds[0])
    return {
        "kind": kind,
        "connections": connections,
        **{
            name: {figure: median(r[name][figure] for r in rounds) for figure in rounds[0][name]}
            for name in names
        },
        "times original": median(r["service"]["rate"] / r["original"]["rate"] for r in rounds),
        "of empty route": median(r["service"]["rate"] / r["empty route"]["rate"] for r in rounds),
        "p99 of empty route": median(r["service"]["p99"] / r["empty route"]["p99"] for r in rounds),
    }


def _print(row: dict[str, object], servers: list[Server]) -> None:
    text = f"{row['kind']:10} {row['connections']:>5}  "
    for server in servers:
        figures = row[server.name]
        assert isinstance(figures, dict)
        text += f"{figures['rate']:>9.0f}/s p99 {figures['p99']:>6.1f} ms"
    print(
        f"{text}   x{row['times original']:.0f} the original, {row['of empty route']:.2f} of the "
        f"empty route, p99 {row['p99 of empty route']:.2f} of its",
        flush=True,
    )


if __name__ == "__main__":
    main()
