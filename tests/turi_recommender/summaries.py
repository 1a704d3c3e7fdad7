"""Recorded summaries and counts of real Turi Create, and how ours are held against them."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from tests.turi_recommender.golden import GOLDEN
from turi_recommender import Recommender

SUMMARIES = GOLDEN / "summary"
FLAGS = {"nmf", "binary_target", "side_data_factorization", "track_exact_loss"}
NOT_SET = -1.7976931348623157e308
SAVED_AS = {"sgd_step_size_used": "sgd_step_size"}  # in `training_stats`, where names differ
LEFT_OUT = {"training_options", "training_stability", "training_time"}  # of `training_stats`


def read_summary(name: str, folder: Path = SUMMARIES) -> dict[str, Any]:
    recorded = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    [record] = recorded["queries"]
    found: dict[str, Any] = record
    return found


def assert_same_summary(model: Recommender, record: dict[str, Any]) -> int:
    """Compare every field and every count; return how many values were compared."""
    stats = record["training_stats"]
    ours = dict(model.summary)
    expected = {name: as_ours(name, value) for name, value in record["fields"].items()}
    expected |= {name: None for name in ("training_rmse",) if name not in expected}
    if stats is not None:
        options = stats.get("training_options", expected)  # "als" and "ials" have none
        assert ours.pop("solver_used") == options["solver"]
        of_training = {
            name: stats.get(SAVED_AS.get(name, name)) for name in ours if name not in expected
        }
        assert set(stats) - LEFT_OUT <= {SAVED_AS.get(name, name) for name in of_training}
        expected |= of_training
    assert set(ours) == set(expected)
    assert {name: exactly(value) for name, value in ours.items()} == {
        name: exactly(value) for name, value in expected.items()
    }
    return len(expected) + assert_same_counts(model, record)


def assert_same_counts(model: Recommender, record: dict[str, Any]) -> int:
    users = [list(pair) for pair in zip(all_ids(model, "users"), model.user_counts(), strict=True)]
    items = [list(pair) for pair in zip(all_ids(model, "items"), model.item_counts(), strict=True)]
    assert users == record["items_per_user"]
    assert items == record["users_per_item"]
    assert sum(model.item_counts()) == sum(model.user_counts()) == model.num_observations
    return len(users) + len(items)


def all_ids(model: Recommender, side: str) -> list[Any]:
    return [each for part in getattr(model, side).chunks(1000) for each in part.tolist()]


def as_ours(name: str, value: Any) -> Any:
    """Return a recorded value as `summary` has it."""
    if name in FLAGS:
        return bool(value)
    if isinstance(value, list):
        return tuple(value)
    return None if value == NOT_SET else value


def exactly(value: Any) -> tuple[type, Any]:
    """Make a value comparable bit by bit, and an integer different from a float or a bool."""
    return type(value), struct.pack("<d", value) if isinstance(value, float) else value
