"""What a manifest says of a training, for tests."""

from __future__ import annotations

import copy
from typing import Any

from turi_recommender.versions.training import Training

_CONTENT: dict[str, Any] = {
    "trained": "2026-11-26T03:17:00Z",
    "settings": {"model": "ranking_factorization_recommender", "solver": "ials", "num_factors": 32},
    "log": {
        "sha256": "ab" * 32,
        "events": 197511,
        "users": 2166,
        "items": 3525,
        "first": "2010-12-01T08:26:00Z",
        "last": "2011-12-09T12:50:00Z",
    },
    "figures": {
        "measure": "recall@10",
        "split": "time",
        "visitors": {"all": 812, "known": 620, "light": 112, "unknown": 80},
        "values": {"all": 0.051, "known": 0.06, "light": 0.03, "unknown": None},
        "against": {
            "jaccard": {"ratio": 1.28, "low": 1.08, "high": 1.5},
            "serving": {"ratio": 1.02, "low": 0.97, "high": 1.07},
        },
        "forced": None,
    },
}


def training_json() -> dict[str, Any]:
    """Return values of JSON, which the caller may change."""
    return copy.deepcopy(_CONTENT)


def a_training(**changes: Any) -> Training:
    """Return a training of which some fields differ."""
    return Training.from_json({**training_json(), **changes})
