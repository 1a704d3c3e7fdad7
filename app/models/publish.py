"""The way a version gets into a registry: whole, or not at all.

A copy is made under a name that nobody reads, checked there, and renamed. `register` takes a model
directory and gives it a manifest; `follow` takes versions that have one from another registry, such
as a network share: serving a local copy, a process never depends on the share being there.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from app.models import load_model
from app.models.errors import ModelError, ModelNotFoundError
from app.models.manifest import MANIFEST, check_manifest, write_manifest
from app.models.registry import ModelLocation, Registry, is_name

_STAGING = ".registering-"

log = logging.getLogger(__name__)


class RegistrationError(ModelError):
    """A version that cannot be registered."""


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
        _copy(source, copy)
        load_model(copy)
        write_manifest(staging)

    folder = root / name
    with _errors(source):
        folder.mkdir(parents=True, exist_ok=True)
        number = _next_version(folder) if version is None else version
    target = folder / str(number)
    _publish(source, target, fill)
    return target


def follow(
    source: Registry, target: Registry, references: Sequence[str], keep: int = 2
) -> list[Path]:
    """Copy the versions that are wanted and not there yet from one registry into another.

    Parameters
    ----------
    source, target : Registry
        From where, and to where.
    references : sequence of str
        Registry names (the highest version that is as its manifest says is wanted) or
        ``name:version``.
    keep : int
        Versions of a name that stay; lower ones are removed, but for the one just copied.

    Returns
    -------
    list of Path
        The new version folders.

    Raises
    ------
    ModelNotFoundError
        If a model is not there.
    RegistrationError
        If no version has a manifest, or the copy fails.
    ModelFormatError
        If a file is not what its manifest says.
    """
    copied = []
    for reference in references:
        folder = _follow_one(source, target, reference)
        if folder is not None:
            _remove_old(target, folder, keep)
            copied.append(folder)
    return copied


def _follow_one(source: Registry, target: Registry, reference: str) -> Path | None:
    """Copy the best version of a model that is as its manifest says; None if it is there."""
    versions = source.versions(reference) if is_name(reference) else []
    while len(versions) > 1:
        one = f"{reference}:{versions.pop()}"
        try:
            return _copy_version(source, target, one)
        except ModelError as error:
            log.error("%s is not taken: %s", one, error)
    return _copy_version(source, target, f"{reference}:{versions[0]}" if versions else reference)


def _copy_version(source: Registry, target: Registry, reference: str) -> Path | None:
    found = source.find(reference)
    folder = _version_folder(found)
    wanted = target.root / found.name / folder.name
    if wanted.exists():
        return None
    _remove_leftovers(wanted.parent)

    def fill(staging: Path) -> None:
        _copy(folder, staging)
        check_manifest(staging)

    _publish(folder, wanted, fill)
    return wanted


def _version_folder(found: ModelLocation) -> Path:
    """Return the version folder of a model that has a manifest."""
    for folder in found.version_folders():
        if (folder / MANIFEST).is_file():
            return folder
    raise RegistrationError(f"{found.path} has no {MANIFEST}: put it there with `register`")


def _publish(source: Path, target: Path, fill: Callable[[Path], None]) -> None:
    """Fill a folder under a name that nobody reads, and rename it."""
    if target.exists():
        raise RegistrationError(f"{target} exists already")
    with _errors(source):
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
def _errors(source: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RegistrationError(f"cannot copy {source}: {error}") from error


def _copy(source: Path, target: Path) -> None:
    """Copy a folder's files: their content, and neither owner nor mode."""
    target.mkdir(exist_ok=True)
    for entry in sorted(source.iterdir()):
        if entry.is_dir():
            _copy(entry, target / entry.name)
        else:
            shutil.copyfile(entry, target / entry.name)
            with (target / entry.name).open("rb") as file:
                os.fsync(file.fileno())


def _next_version(folder: Path) -> int:
    numbers = [int(entry.name) for entry in folder.iterdir() if entry.name.isdecimal()]
    return max(numbers, default=0) + 1


def _remove_old(registry: Registry, newest: Path, keep: int) -> None:
    name = newest.parent.name
    versions = [registry.root / name / version for version in registry.versions(name)]
    for folder in versions[: max(len(versions) - keep, 0)]:
        if folder != newest:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_leftovers(folder: Path) -> None:
    """Remove what a copy that was killed left behind; only one process copies into a follower."""
    for left in folder.glob(f"{_STAGING}*"):
        shutil.rmtree(left, ignore_errors=True)
