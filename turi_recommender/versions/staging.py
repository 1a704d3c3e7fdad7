"""Copies that appear whole or not at all: made under a name that nobody reads, then renamed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from turi_recommender.errors import RegistrationError

_STAGING = ".registering-"


def publish(source: Path, target: Path, fill: Callable[[Path], None]) -> None:
    """Fill a folder under a name that nobody reads, and rename it.

    Parameters
    ----------
    source : Path
        What is copied; named in errors.
    target : Path
        The folder that is to appear.
    fill : callable
        Called with the staging folder; whatever it raises, nothing is left behind.

    Raises
    ------
    RegistrationError
        If the target exists already, or the system refuses.
    """
    if target.exists():
        raise RegistrationError(f"{target} exists already")
    with copy_errors(source):
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=target.parent))
        try:
            fill(staging)
            with suppress(PermissionError):  # some network volumes have no modes
                staging.chmod(0o755)
            staging.rename(target)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def copy_errors(source: Path) -> Iterator[None]:
    """Turn what the system says while `source` is copied into a `RegistrationError`."""
    try:
        yield
    except OSError as error:
        raise RegistrationError(f"cannot copy {source}: {error}") from error


def copy_files(source: Path, target: Path) -> None:
    """Copy a folder's files: their content, and neither owner nor mode.

    Parameters
    ----------
    source : Path
        The folder.
    target : Path
        The copy, made if it is not there; each of its files is on the disk when this returns.

    Raises
    ------
    OSError
        If the system refuses.
    """
    target.mkdir(exist_ok=True)
    for entry in sorted(source.iterdir()):
        if entry.is_dir():
            copy_files(entry, target / entry.name)
        else:
            shutil.copyfile(entry, target / entry.name)
            with (target / entry.name).open("rb") as file:
                os.fsync(file.fileno())


def remove_leftovers(folder: Path) -> None:
    """Remove what a copy that was killed left behind; only one process copies into a follower."""
    for left in folder.glob(f"{_STAGING}*"):
        shutil.rmtree(left, ignore_errors=True)
