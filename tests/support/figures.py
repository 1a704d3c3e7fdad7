"""Versions whose manifests say how good they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from turi_recommender.versions.manifest import MANIFEST, write_manifest
from turi_recommender.versions.training import Figures, Training

Values = Mapping[str, float | None]


def training_with(
    values: Values, *, measure: str = "recall@10", split: str = "time"
) -> dict[str, Any]:
    """Return what a manifest says of a training, as JSON has it.

    Parameters
    ----------
    values : mapping of str to float or None
        Figures by kind of visitor; those that are left out are null.
    measure, split : str
        What they are, and how the test part was split off.
    """
    none = dict.fromkeys(("all", "known", "light", "unknown"))
    return {
        "trained": "2026-11-26T03:17:00Z",
        "settings": {"model": "item_similarity_recommender"},
        "log": {
            "sha256": "0" * 64,
            "events": 500,
            "users": 40,
            "items": 60,
            "first": "2010-12-01T08:26:00Z",
            "last": "2011-12-09T12:50:00Z",
        },
        "figures": {
            "measure": measure,
            "split": split,
            "visitors": {"all": 812, "known": 620, "light": 112, "unknown": 80},
            "values": {**none, **values},
            "against": {},
            "forced": None,
        },
    }


def read(training: Mapping[str, Any]) -> Training:
    """Return what the library makes of that."""
    return Training.from_json(dict(training))


def figures(values: Values, **options: Any) -> Figures:
    """Return figures; see `training_with`."""
    found = read(training_with(values, **options)).figures
    assert found is not None
    return found


def write_training(version: Path, training: Mapping[str, Any] | None) -> None:
    """Write the manifest of a version folder, with what it says of a training.

    Parameters
    ----------
    version : Path
        The folder; its files are there.
    training : mapping or None
        What it says; None for a version that nobody has evaluated.
    """
    write_manifest(version)
    if training is not None:
        path = version / MANIFEST
        content = {**json.loads(path.read_text()), "format": 2, "training": training}
        path.write_text(json.dumps(content))
