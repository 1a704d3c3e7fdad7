"""Models to measure with, made once by real Turi Create: a large pair, and pairs by name."""

from __future__ import annotations

import argparse
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
RANKING = "ranking_factorization_model/1/recommendation_r.model"
SIMILARITY = "similarity_model/6/recommendation_s.model"
STANDARD, ALL = "standard", "all"
_DEFAULT = ROOT / "benchmarks" / "models"


def large_models() -> Path:
    """Return the pair of RetailRocket scale: ``LARGE_MODELS`` or ``benchmarks/models``."""
    root = Path(os.environ.get("LARGE_MODELS", _DEFAULT)).resolve()
    if not all((root / path / "objects.bin").is_file() for path in (RANKING, SIMILARITY)):
        _make("training.large_models", str(root))
    return root


def pair(name: str) -> Path:
    """Return the directory of a pair; make it if it is absent.

    Parameters
    ----------
    name : str
        A recipe of ``training/pairs.py``, such as "flat"; with "small_" before it, the pair of that
        recipe with 1,000 items. `STANDARD` is what `large_models` returns.
    """
    if name == STANDARD:
        return large_models()
    root = _DEFAULT / "pairs"
    if not (root / name).is_dir():
        recipe = name.removeprefix("small_")
        _make(
            "training.pairs", "--scale", "large" if recipe == name else "small", str(root), recipe
        )
    return root / name


def chosen(names: Sequence[str]) -> list[str]:
    """Return the names of pairs, with "all" replaced by the standard and every large one made.

    Parameters
    ----------
    names : sequence of str
        As the command line has them.
    """
    found: list[str] = []
    for name in names:
        found += [STANDARD, *_made()] if name == ALL else [name]
    return list(dict.fromkeys(found))


def add_pairs(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which pairs are measured, and with what they are compared."""
    parser.add_argument(
        "--pairs",
        nargs="+",
        default=[STANDARD],
        metavar="NAME",
        help=f"{STANDARD} (default), recipes of training/pairs.py, or {ALL} that are made",
    )
    parser.add_argument(
        "--without-original", action="store_true", help="do not set up and measure real Turi Create"
    )


def _made() -> list[str]:
    root = _DEFAULT / "pairs"
    folders = sorted(root.iterdir()) if root.is_dir() else []
    names = [folder.name for folder in folders if folder.is_dir()]
    return [name for name in names if not name.startswith("small_") and "." not in name]


def _make(module: str, *arguments: str) -> None:
    script = str(ROOT / "scripts" / "training-env")
    done = subprocess.run([script], check=True, capture_output=True, text=True)
    command = [done.stdout.strip(), "-m", module, *arguments]
    print(f"making models ({' '.join(arguments)}): seconds, or minutes for large ones", flush=True)
    subprocess.run(command, cwd=ROOT, check=True)
