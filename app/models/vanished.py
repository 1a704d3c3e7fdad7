"""Tell which of a serving model's folders has gone since it was loaded.

The model serves on, from memory and from the files that it has open, but no version can be taken up
in its place, and a restart will not find it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from turi_recommender.versions import ModelEntry


def find_missing(root: Path, entry: ModelEntry) -> str:
    """Return which folder is gone or cannot be read any more, in words; nothing if all are there.

    Parameters
    ----------
    root : Path
        The registry.
    entry : ModelEntry
        The model that serves.
    """
    for what, folder in _folders(root, entry):
        try:
            os.scandir(folder).close()
        except OSError as error:
            return f"{what} {_trouble(folder, error)}: {folder}"
    return ""


def _trouble(folder: Path, error: OSError) -> str:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        return f"cannot be read ({error.strerror})"
    return "is not a folder any more" if os.path.lexists(folder) else "is gone"


def is_of_registry(root: Path, entry: ModelEntry) -> bool:
    """Tell whether a model was loaded from a version folder of a registry.

    Parameters
    ----------
    root : Path
        The registry.
    entry : ModelEntry
        The model.
    """
    return entry.version is not None and root / entry.name / entry.version in (
        entry.path,
        entry.path.parent,
    )


def _folders(root: Path, entry: ModelEntry) -> Iterator[tuple[str, Path]]:
    """Yield what must be there, from the outside to the inside."""
    if root in entry.path.parents:
        yield "the directory of models", root
    if is_of_registry(root, entry):
        yield f"the folder of model {entry.name!r}", root / entry.name
        yield f"the folder of version {entry.version}", root / entry.name / str(entry.version)
    yield "the model directory", entry.path
