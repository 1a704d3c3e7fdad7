"""Register a model: copy it into a registry as a new version, with a manifest."""

from __future__ import annotations

import os
from pathlib import Path

from turi_recommender.errors import RegistrationError
from turi_recommender.format.archive import check_is_archive
from turi_recommender.loading import load_model
from turi_recommender.scoring.arguments import plain
from turi_recommender.versions.manifest import write_manifest
from turi_recommender.versions.names import is_model_name, is_version
from turi_recommender.versions.staging import copy_errors, copy_files, publish, remove_stale

_VERSIONS = 10**18  # up to 18 digits: see `is_version`


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
        The new version's folder. It appears when all of it is there and was loaded once. Of several
        that are registered at the same time without a version, each gets its own.

    Raises
    ------
    RegistrationError
        If the name or the version is not one, the version exists, or the copy fails.
    ModelNotFoundError
        If there is nothing at the source.
    ModelFormatError
        If the source is not a model that can be read.
    """
    source, root = Path(source), Path(root)
    if not is_model_name(name):
        raise RegistrationError(f"{name!r} is not a model name")
    wanted = None if version is None else _read_version(version)
    check_is_archive(source)  # before anything is copied: a folder may hold whatever it likes
    folder = root / name
    name_of_copy = (source if source.name not in {"", ".."} else source.resolve()).name or "model"

    def fill(staging: Path) -> None:
        copy = staging / name_of_copy
        copy_files(source, copy)
        load_model(copy)
        write_manifest(staging)

    def next_target() -> Path:
        return folder / str(_read_version(_next_version(folder)))

    with copy_errors(source):
        folder.mkdir(parents=True, exist_ok=True)
        remove_stale(folder)
        if wanted is not None:
            return publish(source, folder / str(wanted), fill)
        return publish(source, next_target(), fill, next_target)


def _read_version(version: object) -> int:
    """Check a version: an integer, of Python or NumPy, that is one."""
    number = plain(version)
    if type(number) is int and not 0 <= number < _VERSIONS:
        shown = number if abs(number) < _VERSIONS else "a number of more than 18 digits"
        raise RegistrationError(f"{shown} is not a version")
    if type(number) is not int:
        raise RegistrationError(f"{version!r} is not a version")
    return number


def _next_version(folder: Path) -> int:
    numbers = [int(entry.name) for entry in folder.iterdir() if is_version(entry.name)]
    return max(numbers, default=0) + 1
