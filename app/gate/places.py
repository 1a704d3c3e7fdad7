"""Where the gate reads and writes: checked before any work is done."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection
from pathlib import Path

from turi_recommender.errors import ModelError, RegistrationError
from turi_recommender.versions import Registry

from ..errors import ConfigurationError


def check_registry(root: Path, run: Path) -> None:
    """Refuse a registry that is the run's directory, or in it.

    Parameters
    ----------
    root : Path
        Where versions are published.
    run : Path
        What the trainer left aside.

    Raises
    ------
    ConfigurationError
        If it is.
    """
    if _is_in(real(root), real(run)):
        raise ConfigurationError(f"--models-dir {root}: is the run's directory, or in it")


def check_kept(folder: Path, run: Path, root: Path, names: Collection[str]) -> None:
    """Refuse a folder for runs that cannot be one, or is something else already.

    Parameters
    ----------
    folder : Path
        Where runs are to be kept.
    run : Path
        What the trainer left aside.
    root : Path
        Where versions are published.
    names : collection of str
        Models that may be published there.

    Raises
    ------
    ConfigurationError
        If it is the run's directory, the registry, in the run or in a model's folder, or if it
        cannot be made or written.
    """
    kept, models = real(folder), real(root)
    if _is_in(kept, real(run)):
        raise ConfigurationError(f"--keep-in {folder}: is the run's directory, or in it")
    if kept == models:
        raise ConfigurationError(f"--keep-in {folder}: is the registry; name a folder in it")
    if models in kept.parents:
        name = kept.relative_to(models).parts[0]
        if name in names or _has_versions(root, name):
            raise ConfigurationError(f"--keep-in {folder}: is in the folder of the model {name}")
    try:
        _check_writable(folder)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigurationError(f"--keep-in {folder}: cannot be written: {reason}") from error


def check_target(root: Path, name: str) -> None:
    """Refuse a model of which no version can be written, before another one is published.

    Parameters
    ----------
    root : Path
        Where versions are published.
    name : str
        The model.

    Raises
    ------
    RegistrationError
        If its folder cannot be made or written.
    """
    try:
        _check_writable(root / name)
    except OSError as error:
        reason = error.strerror or str(error)
        raise RegistrationError(f"{root / name}: cannot be written: {reason}") from error


def real(path: Path) -> Path:
    """Return where a path leads; `Path.resolve` knows no kind answer to links in a circle."""
    return Path(os.path.realpath(path))


def _is_in(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents


def _has_versions(root: Path, name: str) -> bool:
    try:
        return len(Registry(root).versions(name)) > 0
    except ModelError:
        return False


def _check_writable(folder: Path) -> None:
    """Write into the folder, or where it would be made; nothing stays there."""
    with tempfile.TemporaryFile(dir=_lowest_there(real(folder))):
        pass


def _lowest_there(path: Path) -> Path:
    """Return what is there of a path; a name that is too long is an error."""
    while True:
        try:
            path.lstat()
        except FileNotFoundError:
            path = path.parent
        else:
            return path
