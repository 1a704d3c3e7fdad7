"""Draw the last runs' figures as SVG into ``docs/``: ``python -m benchmarks.plot``.

Of requests and of top-k they are those of the standard pair.
"""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

from benchmarks.large_models import ROOT, STANDARD
from benchmarks.results import load

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "benchmarks"  # equal figures, equal files


def save(name: str) -> None:
    """Write the current figure."""
    plt.tight_layout()
    plt.savefig(ROOT / "docs" / f"{name}.svg", metadata={"Date": None})
    plt.close()


def draw_http() -> None:
    """Draw requests per second, by kind of request and connections."""
    rows = load("http")["pairs"][STANDARD]["rows"]
    servers = [name for name in ("original", "empty route", "service") if name in rows[0]]
    _, axes = plt.subplots(1, 3, figsize=(10, 3.4), sharey=True)
    for axis, kind in zip(axes, ("ranking", "similarity", "similar"), strict=True):
        mine = [row for row in rows if row["kind"] == kind]
        for place, server in enumerate(servers):
            at = [number + 0.27 * (place - 1) for number in range(len(mine))]
            bars = axis.bar(at, [row[server]["rate"] for row in mine], 0.25, label=server)
            axis.bar_label(bars, fmt="%.0f", fontsize=6)
        axis.set_title(kind)
        axis.set_yscale("log")
        axis.set_xticks(range(len(mine)), [f"{row['connections']} conn." for row in mine])
    axes[0].set_ylabel("requests per second")
    axes[2].legend(fontsize=7, loc="lower right")
    save("http")


def draw_topk() -> None:
    """Draw the time of one query, by means."""
    seconds = load("topk")["pairs"][STANDARD]["seconds"]
    names = list(reversed(seconds))
    _, axis = plt.subplots(figsize=(8, 3))
    bars = axis.barh(names, [seconds[name] * 1e3 for name in names])
    axis.bar_label(bars, fmt="%.2f", fontsize=7)
    axis.set_xscale("log")
    axis.set_xlabel("milliseconds")
    save("topk")


def draw_growth() -> None:
    """Draw the time by items, k and users."""
    points = load("growth")["points"]
    _, axes = plt.subplots(1, 3, figsize=(10, 3.4))
    for shape, style in (("tail", "o-"), ("flat", "s--")):
        for factors in (16, 32, 128):
            mine = _pick(points, shape=shape, factors=factors, k=10, users=1)
            _line(axes[0], mine, "items", style, f"{shape}, {factors} factors")
        fixed = {"shape": shape, "factors": 32, "items": 233397}
        _line(axes[1], _pick(points, users=1, **fixed), "k", style, shape)
        _line(axes[2], _pick(points, k=10, **fixed), "users", style, shape)
    for axis, name in zip(axes, ("items", "k", "users per request"), strict=True):
        axis.set_xlabel(name)
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.legend(fontsize=6)
    axes[0].set_ylabel("milliseconds per request")
    save("growth")


def _pick(points: list[dict[str, Any]], **wanted: Any) -> list[dict[str, Any]]:
    return [p for p in points if all(p[name] == value for name, value in wanted.items())]


def _line(axis: Any, points: list[dict[str, Any]], name: str, style: str, label: str) -> None:
    by_x = {point[name]: point["ms"] for point in points}
    axis.plot(sorted(by_x), [by_x[x] for x in sorted(by_x)], style, label=label, markersize=3)


def draw_start() -> None:
    """Draw start and memory."""
    figures = load("start")
    _, axes = plt.subplots(1, 2, figsize=(8, 2.6))
    axes[0].boxplot([figures["ready"]], orientation="horizontal", tick_labels=["start to ready"])
    axes[0].set_xlabel("seconds")
    axes[0].set_xlim(left=0)
    names = ("loaded", "warm", "proportional")
    bars = axes[1].barh(names, [sum(figures[n]) / len(figures[n]) for n in names])
    axes[1].bar_label(bars, fmt="%.0f", fontsize=7)
    axes[1].set_xlabel("MB")
    save("start")


if __name__ == "__main__":
    (ROOT / "docs").mkdir(exist_ok=True)
    for draw in (draw_http, draw_topk, draw_growth, draw_start):
        draw()
