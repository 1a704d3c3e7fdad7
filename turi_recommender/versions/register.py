"""Register a model: copy it into a registry as a new version, with a manifest."""

from __future__ import annotations

import os
from pathlib import Path

from turi_recommender.errors import ModelNotFoundError, RegistrationError
from turi_recommender.loading import load_model
from turi_recommender.versions.manifest import write_manifest
from turi_recommender.versions.names import is_model_name, is_version
from turi_recommender.versions.staging import copy_errors, copy_files, publish


def register(
    source: str | os.PathLike[str],
    root: str | os.PathLike[str],
    name: str,
    version: int | None = None,
) -> Path:
    """Copy a model into a registry as a new version, with a manifest.

    Parameters
    ----------
    source : str or path-like
        A model directory.
    root : str or path-like
        The directory of the registry; made if it is not there.
    name : str
        Registry name: printable, without slashes and colons, and not beginning with a dot.
    version : int, optional
        0 or more, of at most 18 digits; if absent, the highest version plus one.

    Returns
    -------
    Path
        The new version's folder. It appears when all of it is there and was loaded once.

    Raises
    ------
    RegistrationError
        If the name or the version is not one, the version exists, or the copy fails.
    ModelNotFoundError
        If the source is not a directory.
    ModelFormatError
        If the source is not a model that can be read.
    """
    source, root = Path(source), Path(root)
    if not is_model_name(name):
        raise RegistrationError(f"{name!r} is not a model name")
    if not source.is_dir():
        raise ModelNotFoundError(f"{source} is not a model directory")
    if version is not None:
        _check_version(version)

    def fill(staging: Path) -> None:
        copy = staging / (source.name or "model")
        copy_files(source, copy)
        load_model(copy)
        write_manifest(staging)

    folder = root / name
    with copy_errors(source):
        folder.mkdir(parents=True, exist_ok=True)
        number = _next_version(folder) if version is None else version
    _check_version(number)
    target = folder / str(number)
    publish(source, target, fill)
    return target


def _check_version(version: int) -> None:
    if not is_version(str(version)):
        raise RegistrationError(f"{version} is not a version")


def _next_version(folder: Path) -> int:
    numbers = [int(entry.name) for entry in folder.iterdir() if is_version(entry.name)]
    return max(numbers, default=0) + 1
