"""What a training run leaves aside for the gate, which alone publishes.

::

    DIR/run.json                     what was trained, from which log, and what was measured
    DIR/report.html, report.json     the same and more, for people and for programs
    DIR/pairs.npz                    each pair of visitor and item before the test part, and whether
                                     it is among the latest fifth of the events
    DIR/test.npz                     the test part: visitors, what they did, and their visits
    DIR/<role>/judged/<file>.model   learnt from all events before the test part: what is judged
    DIR/<role>/final/<file>.model    learnt from all events with the same settings: what is served

The directory appears whole or not at all.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tempfile
from typing import Any, Dict, List, Mapping, Tuple

import numpy as np
import pandas as pd

from training.errors import TrainingError, in_one_line
from training.judged import Part
from training.keep import latest
from training.logs import LogError

FORMAT = 1
_MOST_CHARACTERS = 1 << 29  # of four bytes each: 2 GiB
_THERE = "{} exists already: choose another name for --out, or remove it"
_RECENT = 0.2  # the share of the events that recent popularity, as a yardstick, counts
NAMES: Mapping[str, Tuple[str, str]] = {
    "similarity": ("similarity_model", "recommendation_s.model"),
    "ranking": ("ranking_factorization_model", "recommendation_r.model"),
    # Not by its class, which may differ from run to run, while a setting of the service names it.
    "newcomer": ("newcomer_model", "recommendation_n.model"),
}


class Aside:
    """A run's directory while it is being filled.

    Parameters
    ----------
    target : str
        Where it will be; it must not be there yet.

    Raises
    ------
    OSError
        If it is there, or nothing can be written beside it.
    """

    def __init__(self, target: str) -> None:
        self._target = os.path.abspath(target)
        if os.path.lexists(self._target):
            raise FileExistsError(_THERE.format(target))
        parent = os.path.dirname(self._target)
        self._made = _absent(parent)
        os.makedirs(parent, exist_ok=True)
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

        Raises
        ------
        OSError
            If it cannot be written.
        """
        path = "/".join((role, stage, NAMES[role][1]))
        os.makedirs(os.path.join(self._staging, role, stage), exist_ok=True)
        try:
            with in_one_line():
                model.save(os.path.join(self._staging, path))
        except TrainingError as error:
            raise OSError("the model {} cannot be written: {}".format(path, error)) from error
        return path

    def drop(self, role: str) -> None:
        """Remove the models of a role."""
        shutil.rmtree(os.path.join(self._staging, role), ignore_errors=True)

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
        self.write_text("run.json", text + "\n")

    def write_text(self, name: str, text: str) -> None:
        """Write a file of text, in UTF-8."""
        self._write(name, text.encode("utf-8"))

    def publish(self) -> None:
        """Let the directory appear."""
        os.chmod(self._staging, 0o755)
        if os.path.lexists(self._target):  # of another run, that was faster
            raise FileExistsError(_THERE.format(self._target))
        os.rename(self._staging, self._target)

    def discard(self) -> None:
        """Remove what was not published, and folders that were made for it.

        Another thread may be filling the directory. By its new name it is neither filled nor
        published any more.
        """
        doomed = self._staging + "-ended"
        try:
            os.rename(self._staging, doomed)
        except OSError:  # it was published, or is gone already
            return
        shutil.rmtree(doomed, ignore_errors=True)
        for folder in self._made:
            try:
                os.rmdir(folder)
            except OSError:  # somebody else uses it
                return

    def _write_arrays(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        packed = io.BytesIO()
        np.savez_compressed(packed, **arrays)
        self._write(name, packed.getvalue())

    def _write(self, name: str, content: bytes) -> None:
        try:
            with open(os.path.join(self._staging, name), "wb") as file:
                file.write(content)
        except OSError as error:
            raise OSError("{} cannot be written: {}".format(name, error.strerror)) from error


def _require_room(texts: List[str]) -> None:
    """Refuse texts that such an array cannot hold: each takes the room of the longest."""
    longest = max(map(len, texts), default=0)
    if longest * len(texts) > _MOST_CHARACTERS:
        what = "an id or a value of context has {} characters: too many for {} rows"
        raise LogError(what.format(longest, len(texts)))


def _absent(folder: str) -> List[str]:
    """Return which of a folder and those above it are not there, the lowest first."""
    absent = []
    while not os.path.lexists(folder):
        absent.append(folder)
        folder = os.path.dirname(folder)
    return absent


def _ids(values: pd.Series) -> np.ndarray:
    """Return ids as an array that is read without unpickling."""
    if values.dtype == object:
        texts = [str(value) for value in values]
        _require_room(texts)
        return np.array(texts, np.str_)
    return values.to_numpy()
