"""Training runs, as training/aside.py leaves them, made of the sample models."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from app.gate.report import BEGIN, END
from app.settings import SAMPLE_MODELS
from turi_recommender import load_model

MODELS = {
    "similarity": ("similarity_model", "6", "recommendation_s.model"),
    "ranking": ("ranking_factorization_model", "1", "recommendation_r.model"),
    "newcomer": ("popularity_model", "1", "recommendation_p.model"),
}
VISITORS = 80
CLASSES = {
    "similarity": "item_similarity_recommender",
    "ranking": "ranking_factorization_recommender",
    "newcomer": "popularity_recommender",
}


def told(*roles: str, events: int = 1000) -> dict[str, Any]:
    """Return what a run says of itself."""
    return {
        "format": 1,
        "trained": "2026-11-26T03:17:00Z",
        "split": "time",
        "test_from": "2026-11-20T00:00:00Z",
        "log": {
            "sha256": "0" * 64,
            "events": events,
            "users": 100,
            "items": 50,
            "first": "2026-01-01T00:00:00Z",
            "last": "2026-11-25T00:00:00Z",
        },
        "roles": {
            role: {
                "name": MODELS[role][0],
                "judged": f"{role}/judged/{MODELS[role][2]}",
                "final": f"{role}/final/{MODELS[role][2]}",
                "settings": {"model": CLASSES[role]},
            }
            for role in roles
        },
        "figures": [{"name": role, "findings": []} for role in roles],
    }


def make_run(folder: Path, *roles: str, is_good: bool = True, events: int = 1000) -> Path:
    """Make a run whose visitors did what the similarity model foresees, or what nobody does.

    Parameters
    ----------
    folder : Path
        Where it is made.
    *roles : str
        The roles for which it has candidates.
    is_good : bool
        Whether the held-out items are those that the model recommends.
    events : int
        How many its log had.
    """
    for role in roles:
        name, version, file = MODELS[role]
        for stage in ("judged", "final"):
            shutil.copytree(SAMPLE_MODELS / name / version / file, folder / role / stage / file)
    (folder / "run.json").write_text(json.dumps(told(*roles, events=events)))
    model = load_model(SAMPLE_MODELS / "similarity_model" / "6" / "recommendation_s.model")
    visitors = model.users.ids(np.arange(VISITORS))
    found = model.recommend(visitors, k=12)
    truth = [ranking.items[:3] if is_good else ranking.items[11:] for ranking in found.rankings]
    pairs = [
        (visitor, item)
        for number, (visitor, ranking) in enumerate(zip(visitors, found.rankings, strict=True))
        for item in ranking.items[4 : 8 if number % 2 == 0 else 6]  # known, and light
    ]
    np.savez_compressed(
        folder / "pairs.npz",
        users=np.array([user for user, _ in pairs]),
        items=np.array([item for _, item in pairs]),
    )
    arrays: dict[str, Any] = {
        "users": np.array(visitors),
        "lengths": np.array([len(items) for items in truth]),
        "items": np.array([item for items in truth for item in items]),
        "kinds": np.array(["known", "light"] * (VISITORS // 2)),
        "context:period": np.array(["Night"] * VISITORS),
    }
    np.savez_compressed(folder / "test.npz", **arrays)
    return folder


def add_report(folder: Path, title: str = "", visitors: int = 10) -> Path:
    """Add the report of a run, as training/report makes it, with some of the run's visitors.

    Parameters
    ----------
    folder : Path
        The run's directory.
    title : str
        The title of every item of the report.
    visitors : int
        How many examples there are.
    """
    with np.load(folder / "test.npz") as test:
        ids = test["users"][:visitors].tolist()
        items = test["items"][:20].tolist()
    shown = [{"id": str(item), "title": title, "time": "2026-11-02"} for item in items]
    told = [
        {
            "visitor": str(visitor),
            "history": shown[:2],
            "did": shown[2:4],
            "lists": {"jaccard": shown},
        }
        for visitor in ids
    ]
    (folder / "report.json").write_text(json.dumps({"format": 1, "examples": told}))
    (folder / "report.html").write_text(f"<section>{BEGIN}<p>Nothing yet.</p>{END}</section>\n")
    return folder
