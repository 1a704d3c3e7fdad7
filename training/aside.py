"""What a training run leaves aside for the gate, which alone publishes.

::

    DIR/run.json                     what was trained, from which log, and what was measured
    DIR/pairs.npz                    each pair of visitor and item before the test part, and whether
                                     it is among the latest fifth of the events
    DIR/test.npz                     the test part: visitors, what they did, and their visits
    DIR/<role>/judged/<file>.model   learnt from all events before the test part: what is judged
    DIR/<role>/final/<file>.model    learnt from all events with the same settings: what is served

The directory appears whole or not at all.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from typing import Any, Dict, Mapping, Tuple

import numpy as np
import pandas as pd

from training.candidates import latest
from training.judged import Part

FORMAT = 1
_RECENT = 0.2  # the share of the events that recent popularity, as a yardstick, counts
NAMES: Mapping[str, Tuple[str, str]] = {
    "similarity": ("similarity_model", "recommendation_s.model"),
    "ranking": ("ranking_factorization_model", "recommendation_r.model"),
    "newcomer": ("popularity_model", "recommendation_p.model"),
}


class Aside:
    """A run's directory while it is being filled.

    Parameters
    ----------
    target : str
        Where it will be; it must not be there yet.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        parent = os.path.dirname(os.path.abspath(target))
        os.makedirs(parent, exist_ok=True)
        if os.path.lexists(target):
            raise FileExistsError("{} exists already".format(target))
        self._staging = tempfile.mkdtemp(prefix=".training-", dir=parent)

    def save(self, model: Any, role: str, stage: str) -> str:
        """Save a model, and return its path below the directory.

        Parameters
        ----------
        model : turicreate recommender
            The model.
        role : str
            The role of the service that it is for.
        stage : str
            ``judged`` or ``final``.
        """
        path = os.path.join(role, stage, NAMES[role][1])
        os.makedirs(os.path.join(self._staging, role, stage), exist_ok=True)
        model.save(os.path.join(self._staging, path))
        return path.replace(os.sep, "/")

    def write_pairs(self, events: pd.DataFrame) -> None:
        """Write the different pairs of visitor and item among events, and which are recent."""
        recent = events.index.isin(latest(events, _RECENT).index)
        pairs = events.assign(recent=recent).groupby(["user", "item"], sort=False)["recent"].any()
        arrays = {
            "users": _ids(pairs.index.get_level_values("user").to_series()),
            "items": _ids(pairs.index.get_level_values("item").to_series()),
            "recent": pairs.to_numpy(),
        }
        self._write_arrays("pairs.npz", arrays)

    def write_part(self, part: Part) -> None:
        """Write the test part."""
        truth = [sorted(part.truth[visitor]) for visitor in part.visitors]
        arrays = {
            "users": _ids(pd.Series(part.visitors)),
            "lengths": np.array([len(items) for items in truth], np.int64),
            "items": _ids(pd.Series([item for items in truth for item in items])),
            "kinds": np.array(part.kinds, np.str_),
        }
        for name in part.visits.columns[1:]:
            arrays["context:" + name] = _ids(part.visits[name])
        self._write_arrays("test.npz", arrays)

    def write_run(self, told: Dict[str, Any]) -> None:
        """Write what the run says of itself."""
        text = json.dumps({"format": FORMAT, **told}, indent=1, sort_keys=True, allow_nan=False)
        with open(os.path.join(self._staging, "run.json"), "w", encoding="utf-8") as file:
            file.write(text + "\n")

    def publish(self) -> None:
        """Let the directory appear."""
        os.chmod(self._staging, 0o755)
        os.rename(self._staging, self.target)

    def discard(self) -> None:
        """Remove what was not published."""
        shutil.rmtree(self._staging, ignore_errors=True)

    def _write_arrays(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        with open(os.path.join(self._staging, name), "wb") as file:
            np.savez_compressed(file, **arrays)


def _ids(values: pd.Series) -> np.ndarray:
    """Return ids as an array that is read without unpickling."""
    if values.dtype == object:
        return np.array([str(value) for value in values], np.str_)
    return values.to_numpy()
