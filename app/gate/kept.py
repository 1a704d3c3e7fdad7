"""Keep what a training run left aside, where it outlives the run: in a folder of a few runs.

Of each run there are its own account (``run.json``, and reports beside it) and what the gate
decided (``gate.json``). The models that were not published, and what they are judged by, stay as
well, so that they can be judged again or published by force.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from turi_recommender.versions.staging import copy_errors, copy_listed, remove_stale, set_aside
from turi_recommender.versions.staging import publish as appear

from .candidates import Candidate, Run
from .places import real

DECISIONS = "gate.json"
_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z(-\d+)?", re.ASCII)  # no colon: SMB has none in names


def keep(
    run: Run, left: Sequence[Candidate], decided: Mapping[str, Any], folder: Path, most: int
) -> Path:
    """Copy a run to where it is kept, and remove the oldest ones beyond a number.

    Parameters
    ----------
    run : Run
        The run. One that is in the folder already stays as it is.
    left : sequence of Candidate
        Those that were not published: their models are copied.
    decided : mapping
        What the gate decided, as values of JSON.
    folder : Path
        Where runs are kept; made if it is not there. What else is in it is left alone.
    most : int
        How many runs are kept, with this one.

    Returns
    -------
    Path
        Where this one is.

    Raises
    ------
    RegistrationError
        If it cannot be copied.
    """
    if run.path.resolve().parent == folder.resolve():
        return run.path

    def fill(staging: Path) -> None:
        copy_listed(run.path, staging, _names(run, left))
        text = json.dumps(decided, indent=1)
        (staging / DECISIONS).write_text(f"{text}\n", encoding="utf-8")

    stamp = _stamp(run)
    with copy_errors(run.path):
        folder.mkdir(parents=True, exist_ok=True)
    remove_stale(folder)
    kept = appear(run.path, _free(folder, stamp), fill, lambda: _free(folder, stamp))
    with copy_errors(run.path):
        names = (entry.name for entry in folder.iterdir())
        others = sorted(name for name in names if _NAME.fullmatch(name) and name != kept.name)
    for name in others[: max(0, len(others) - (most - 1))]:
        set_aside(folder / name)
    return kept


def _names(run: Run, left: Sequence[Candidate]) -> Iterator[str]:
    """Yield the files to copy, below the run's directory.

    What else somebody put there, such as a pipe or a link that leads out, stays there.
    """
    inside = real(run.path)
    models = {path.resolve() for each in left for path in (each.judged, each.final)}
    for path in sorted(run.path.rglob("*")):
        if not path.is_file() or inside not in real(path).parents:
            continue
        is_report = path.parent == run.path and path.name != DECISIONS
        is_told = is_report and (len(left) > 0 or path.suffix != ".npz")
        if is_told or not models.isdisjoint(path.resolve().parents):
            yield path.relative_to(run.path).as_posix()


def _stamp(run: Run) -> str:
    """Return when the run was trained, or now if it does not say."""
    told = str(run.told.get("trained")).replace(":", "")
    if _NAME.fullmatch(told):
        return told
    return f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}"


def _free(folder: Path, stamp: str) -> Path:
    """Return a path that is not taken."""
    path, number = folder / stamp, 1
    while path.exists():
        number += 1
        path = folder / f"{stamp}-{number}"
    return path
