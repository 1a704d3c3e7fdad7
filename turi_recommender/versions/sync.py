"""Follow another registry: copy the versions that are wanted from it, checked.

`sync` takes versions that have a manifest from a registry such as a network share. A process that
serves the local copies never depends on the share being there.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from turi_recommender.errors import ModelError, RegistrationError
from turi_recommender.versions.locations import ModelLocation, Registry
from turi_recommender.versions.manifest import MANIFEST, check_manifest, check_sizes
from turi_recommender.versions.names import is_name
from turi_recommender.versions.staging import copy_listed, publish, remove_stale, set_aside

_STALE_SECONDS = 600.0  # a copy that goes on writes

log = logging.getLogger(__name__)


def sync(
    source: Registry, target: Registry, references: Sequence[str], keep: int = 2
) -> list[Path]:
    """Copy the versions that are wanted and not there yet from one registry into another.

    Parameters
    ----------
    source, target : Registry
        From where, and to where.
    references : sequence of str
        Registry names, which stand for the highest version that is as its manifest says, or
        ``name:version``.
    keep : int
        Number of versions of a name that stay in the target when one was copied. Lower ones are
        removed, but never the one just copied.

    Returns
    -------
    list of Path
        The new version folders; none for what was there already.

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
        folder = _sync_one(source, target, reference)
        if folder is not None:
            _remove_old(target, folder, keep)
            copied.append(folder)
    return copied


def _sync_one(source: Registry, target: Registry, reference: str) -> Path | None:
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
        if _is_whole(wanted):
            return None
        set_aside(wanted)  # what a removal left that was killed
    remove_stale(wanted.parent, _STALE_SECONDS)
    listed = check_sizes(folder)  # before anything is copied: a stray file can fill the disk

    def fill(staging: Path) -> None:
        copy_listed(folder, staging, [*listed, MANIFEST])
        check_manifest(staging)

    publish(folder, wanted, fill)
    return wanted


def _is_whole(folder: Path) -> bool:
    """Tell whether a version is there with all of its files."""
    try:
        check_sizes(folder)
    except (ModelError, OSError):
        return False
    return True


def _version_folder(found: ModelLocation) -> Path:
    """Return the version folder of a model that has a manifest."""
    for folder in found.version_folders():
        if (folder / MANIFEST).is_file():
            return folder
    raise RegistrationError(f"{found.path} has no {MANIFEST}: put it there with `register`")


def _remove_old(registry: Registry, newest: Path, keep: int) -> None:
    name = newest.parent.name
    versions = [registry.root / name / version for version in registry.versions(name)]
    for folder in versions[: max(len(versions) - keep, 0)]:  # broken ones count, too
        if folder != newest:
            set_aside(folder)
