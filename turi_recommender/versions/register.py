"""Register a model: copy it into a registry as a new version, with a manifest."""

from __future__ import annotations

from pathlib import Path

from turi_recommender.errors import ModelNotFoundError, RegistrationError
from turi_recommender.loading import load_model
from turi_recommender.versions.manifest import write_manifest
from turi_recommender.versions.staging import copy_errors, copy_files, publish


def register(source: Path, root: Path, name: str, version: int | None = None) -> Path:
    """Copy a model into a registry as a new version, with a manifest.

    Parameters
    ----------
    source : Path
        A model directory.
    root : Path
        The registry.
    name : str
        Registry name.
    version : int, optional
        The highest there is plus one if absent.

    Returns
    -------
    Path
        The new version's folder.

    Raises
    ------
    RegistrationError
        If the name is not one, the version exists or the copy fails.
    ModelError
        If the source is not a model that can be read.
    """
    if not name or name.startswith(".") or "/" in name or "\\" in name:
        raise RegistrationError(f"{name!r} is not a model name")
    if version is not None and version < 0:
        raise RegistrationError(f"{version} is not a version")
    if not source.is_dir():
        raise ModelNotFoundError(f"{source} is not a model directory")

    def fill(staging: Path) -> None:
        copy = staging / (source.name or "model")
        copy_files(source, copy)
        load_model(copy)
        write_manifest(staging)

    folder = root / name
    with copy_errors(source):
        folder.mkdir(parents=True, exist_ok=True)
        number = _next_version(folder) if version is None else version
    target = folder / str(number)
    publish(source, target, fill)
    return target


def _next_version(folder: Path) -> int:
    numbers = [int(entry.name) for entry in folder.iterdir() if entry.name.isdecimal()]
    return max(numbers, default=0) + 1
