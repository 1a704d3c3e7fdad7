"""What benchmarks leave behind: a JSON file each, from which `benchmarks.plot` draws."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from typing import Any

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
    FOLDER.mkdir(exist_ok=True)
    about = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
    }
    text = json.dumps({"about": about, **figures}, indent=1)
    (FOLDER / f"{name}.json").write_text(text + "\n")


def load(name: str) -> dict[str, Any]:
    """Read the figures of the last run."""
    figures: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return figures
