"""The tables of ``docs/benchmarks.md``, from the saved results: ``python -m benchmarks.table``.

A row is a pair of models, and the worst of each column stands in bold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.results import load

Figures = Mapping[str, Any]
Pairs = Mapping[str, Figures]

_KINDS = {"ranking": "ranking", "similarity": "similarity", "similar": "similar items"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    title : str
        Its heading.
    value : callable
        Takes the figures of a pair; None where nothing was measured.
    form : str
        How a value is written, for `format`.
    worst : callable, optional
        `min` or `max` of the values; where it is None, none of them is worst.
    """

    title: str
    value: Callable[[Figures], float | None]
    form: str
    worst: Callable[[Sequence[float]], float] | None


def render(pairs: Pairs, columns: Sequence[Column]) -> list[str]:
    """Return the lines of a table in Markdown, the worst of each column in bold.

    Parameters
    ----------
    pairs : mapping of str to mapping
        What was measured, by the name of the pair.
    columns : sequence of Column
        What is shown of it.
    """
    written = [_cells(column, pairs) for column in columns]
    head = ["pair", *(column.title for column in columns)]
    rows = [[name, *cells] for name, *cells in zip(pairs, *written, strict=True)]
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def _cells(column: Column, pairs: Pairs) -> list[str]:
    values = [column.value(figures) for figures in pairs.values()]
    texts = ["" if value is None else format(value, column.form) for value in values]
    measured = [value for value in values if value is not None]
    if not measured or column.worst is None:
        return texts
    worst = format(column.worst(measured), column.form)  # what looks equal is equally bold
    return [f"**{text}**" if text == worst else text for text in texts]


def http_columns(pairs: Pairs) -> list[Column]:
    """Return the columns of requests: of the empty route's rate, by kind and connections."""
    rows = [row for figures in pairs.values() for row in figures["rows"]]
    asked = dict.fromkeys((row["kind"], row["connections"]) for row in rows)
    columns = [
        Column(f"{_KINDS[kind]}, {connections}", _of_empty_route(kind, connections), ".2f", min)
        for kind, connections in asked
    ]
    return [
        *columns,
        Column("resident, MB", lambda figures: figures["memory"]["service"], ".0f", max),
    ]


def _of_empty_route(kind: str, connections: int) -> Callable[[Figures], float | None]:
    def value(figures: Figures) -> float | None:
        for row in figures["rows"]:
            if (row["kind"], row["connections"]) == (kind, connections):
                return float(row["of empty route"])
        return None

    return value


def topk_columns(pairs: Pairs) -> list[Column]:
    """Return the columns of top-k: milliseconds of a whole call, and all ratios."""
    names = dict.fromkeys(name for figures in pairs.values() for name in figures.get("ratios", ()))

    def ratio(name: str) -> Callable[[Figures], float | None]:
        return lambda figures: figures.get("ratios", {}).get(name)

    return [
        Column("factors", lambda figures: figures["factors"], "d", None),
        Column("whole call, ms", _call, ".2f", max),
        *(Column(name, ratio(name), ".2f", max) for name in names),
    ]


def _call(figures: Figures) -> float | None:
    seconds = figures["seconds"].get("whole call")
    return None if seconds is None else seconds * 1e3


def measured_with(pairs: Pairs) -> list[str]:
    """Return a line for each machine and Python: which pairs were measured there, and when."""
    groups: dict[str, list[str]] = {}
    for name, figures in pairs.items():
        about = figures["about"]
        parts = [about["date"], f"CPython {about['python']}", about.get("processor")]
        parts += [about.get("blas"), f"{about['cores']} cores"]
        groups.setdefault(", ".join(part for part in parts if part), []).append(name)
    return [f"* {machine}: {', '.join(names)}" for machine, names in groups.items()]


def main() -> None:
    """Run the command line."""
    for name, columns in (("http", http_columns), ("topk", topk_columns)):
        pairs = load(name)["pairs"]
        print(f"## {name}\n")
        print("\n".join([*render(pairs, columns(pairs)), "", *measured_with(pairs)]), end="\n\n")


if __name__ == "__main__":
    main()
