"""Saved results become tables in which the worst stands out."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import table
from benchmarks.table import Column, http_columns, measured_with, render, topk_columns

ABOUT = {"date": "2026-11-27", "python": "3.13.0", "processor": "One", "blas": "b 1", "cores": 2}


def http(ranking: float | None, similar: float, megabytes: float) -> dict[str, Any]:
    rows = [{"kind": "similar", "connections": 8, "of empty route": similar}]
    if ranking is not None:
        rows.insert(0, {"kind": "ranking", "connections": 8, "of empty route": ranking})
    return {"about": ABOUT, "rows": rows, "memory": {"service": megabytes, "empty route": 1.0}}


def topk(factors: int, call: float, ratio: float) -> dict[str, Any]:
    seconds, ratios = {"whole call": call}, {"top-k / faiss": ratio}
    return {"about": ABOUT, "factors": factors, "seconds": seconds, "ratios": ratios}


def test_the_lowest_rate_and_the_most_memory_are_bold() -> None:
    pairs = {"standard": http(0.7, 0.9, 205.4), "flat": http(0.651, 1.1, 260.0)}
    assert render(pairs, http_columns(pairs)) == [
        "| pair | ranking, 8 | similar items, 8 | resident, MB |",
        "| --- | --- | --- | --- |",
        "| standard | 0.70 | **0.90** | 205 |",
        "| flat | **0.65** | 1.10 | **260** |",
    ]


def test_what_was_not_measured_is_empty_and_not_the_worst() -> None:
    pairs = {"plain": http(None, 0.9, 1.0), "flat": http(0.6, 0.95, 0.5)}
    lines = render(pairs, http_columns(pairs))
    assert lines[2].startswith("| plain | **0.90** |  | ")
    assert lines[3].startswith("| flat | 0.95 | **0.60** | ")


def test_the_slowest_and_the_largest_ratio_are_bold() -> None:
    pairs = {"standard": topk(32, 0.0002, 0.1), "flat 1M x 128": topk(128, 0.02, 1.42)}
    assert render(pairs, topk_columns(pairs)) == [
        "| pair | factors | whole call, ms | top-k / faiss |",
        "| --- | --- | --- | --- |",
        "| standard | 32 | 0.20 | 0.10 |",
        "| flat 1M x 128 | 128 | **20.00** | **1.42** |",
    ]


def test_what_looks_equal_is_equally_bold() -> None:
    column = Column("ratio", lambda figures: figures["ratio"], ".1f", max)
    pairs = {"one": {"ratio": 1.01}, "two": {"ratio": 1.04}, "three": {"ratio": 0.9}}
    assert render(pairs, [column])[2:] == [
        "| one | **1.0** |",
        "| two | **1.0** |",
        "| three | 0.9 |",
    ]


def test_each_machine_is_told_once() -> None:
    old = {"date": "2026-11-24", "python": "3.11.7", "cores": 4}
    pairs = {"a": {"about": ABOUT}, "b": {"about": ABOUT}, "c": {"about": old}}
    assert measured_with(pairs) == [
        "* 2026-11-27, CPython 3.13.0, One, b 1, 2 cores: a, b",
        "* 2026-11-24, CPython 3.11.7, 4 cores: c",
    ]


def test_the_saved_results_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    table.main()
    printed = capsys.readouterr().out
    assert "## http" in printed
    assert "## topk" in printed
    assert "| standard |" in printed
