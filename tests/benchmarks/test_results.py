from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import large_models, results


def test_results_are_kept_by_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "FOLDER", tmp_path / "results")
    results.save_pair("http", "standard", {"rows": [1]})
    results.save_pair("http", "flat", {"rows": [2]})
    results.save_pair("http", "standard", {"rows": [3]})
    pairs = results.load("http")["pairs"]
    assert {name: figures["rows"] for name, figures in pairs.items()} == {
        "standard": [3],
        "flat": [2],
    }


def test_the_machine_is_told() -> None:
    about = results.about()
    assert {"date", "python", "processor", "blas", "cores"} == set(about)
    assert all(about.values())
    json.dumps(about)


def test_all_pairs_are_the_large_ones_that_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large_models, "_DEFAULT", tmp_path)
    assert large_models.chosen(["all"]) == ["standard"]
    for name in ("tail07", "small_flat", "flat", "ials32.partial"):
        (tmp_path / "pairs" / name).mkdir(parents=True)
    assert large_models.chosen(["all"]) == ["standard", "flat", "tail07"]
    assert large_models.chosen(["flat", "all", "flat"]) == ["flat", "standard", "tail07"]
