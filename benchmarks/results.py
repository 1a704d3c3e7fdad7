"""What benchmarks leave behind: a JSON file each, from which `benchmarks.plot` draws."""

from __future__ import annotations

import json
import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.large_models import ROOT

FOLDER = ROOT / "benchmarks" / "results"


def save(name: str, figures: dict[str, Any]) -> None:
    """Write the figures of a run.

    Parameters
    ----------
    name : str
        The benchmark's, and the file's without its suffix.
    figures : dict
        What JSON can express.
    """
    _write(name, {"about": about(), **figures})


def save_pair(name: str, pair: str, figures: dict[str, Any]) -> None:
    """Write the figures of a run with one pair of models; those of other pairs stay.

    Parameters
    ----------
    name : str
        The benchmark's.
    pair : str
        The pair's.
    figures : dict
        What JSON can express.
    """
    path = FOLDER / f"{name}.json"
    pairs = load(name)["pairs"] if path.exists() else {}
    _write(name, {"pairs": {**pairs, pair: {"about": about(), **figures}}})


def about() -> dict[str, Any]:
    """Return when and with what a run is made."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "processor": _processor(),
        "blas": _blas(),
        "cores": os.cpu_count(),
    }


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    text = path.read_text() if path.exists() else ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def _blas() -> str:
    config: Any = np.show_config(mode="dicts")
    blas = config["Build Dependencies"]["blas"]
    return f"{blas['name']} {blas['version']}, NumPy {np.__version__}"


def _write(name: str, content: dict[str, Any]) -> None:
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")


def load(name: str) -> dict[str, Any]:
    """Read the figures of the last run."""
    figures: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return figures
