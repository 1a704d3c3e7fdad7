"""The pair of models of RetailRocket scale, made once by real Turi Create."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
RANKING = "ranking_factorization_model/1/recommendation_r.model"
SIMILARITY = "similarity_model/6/recommendation_s.model"
_DEFAULT = ROOT / "benchmarks" / "models"


def large_models() -> Path:
    """Return their directory, ``LARGE_MODELS`` or ``benchmarks/models``; make them if absent."""
    root = Path(os.environ.get("LARGE_MODELS", _DEFAULT)).resolve()
    if not all((root / path / "objects.bin").is_file() for path in (RANKING, SIMILARITY)):
        script = str(ROOT / "scripts" / "training-env")
        done = subprocess.run([script], check=True, capture_output=True, text=True)
        python = done.stdout.strip()
        print(f"making the large models in {root} (about two minutes) ...", flush=True)
        subprocess.run([python, "-m", "training.large_models", str(root)], cwd=ROOT, check=True)
    return root
