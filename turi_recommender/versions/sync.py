"""Follow another registry: copy the versions that are wanted from it, checked.

`sync` takes versions that have a manifest from a registry such as a network share, and retires and
reinstates its copies as that does. A process that serves the local copies never depends on the
share being there.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from turi_recommender.errors import ModelError, RegistrationError
from turi_recommender.scoring.arguments import plain
from turi_recommender.versions.checked import remove_note, write_note
from turi_recommender.versions.digests import Hashed
from turi_recommender.versions.hold import is_held
from turi_recommender.versions.locations import ModelLocation, Registry
from turi_recommender.versions.manifest import MANIFEST, check_sizes, hash_and_check
from turi_recommender.versions.names import is_name, is_path
from turi_recommender.versions.retire import (
    is_retired,
    remove_marker,
    retirement_of,
    write_marker,
)
from turi_recommender.versions.staging import (
    copy_errors,
    copy_listed,
    publish,
    remove_stale,
    set_aside,
)

_STALE_SECONDS = 600.0  # a copy that goes on writes

log = logging.getLogger(__name__)


def sync(
    source: Registry,
    target: Registry,
    references: Sequence[str],
    keep: int = 2,
    spare: Sequence[str] = (),
) -> list[Path]:
    """Copy the versions that are wanted and not there yet from one registry into another.

    Parameters
    ----------
    source, target : Registry
        From where, and to where: two different directories.
    references : sequence of str
        Registry names, which stand for the highest version that is not retired and is as its
        manifest says, or ``name:version``. Once these are there, the versions below those of bare
        names are copied, too, until the target has `keep` of them: for a roll-back. If one of these
        cannot be copied, the log says it. Copies are retired and reinstated as the source's are.
    keep : int
        Number of versions of a name that are in the target in the end, at least 1. When one was
        copied, lower ones are removed, but never one that `references` or `spare` ask for, and
        never one that a process of this machine has loaded by a `Registry`.
    spare : sequence of str
        Further references, which are not copied: versions that they name stay, too, and copies of
        their names are retired and reinstated, too.

    Returns
    -------
    list of Path
        The new version folders; none for what was there already.

    Raises
    ------
    ModelNotFoundError
        If a model is not there.
    RegistrationError
        If no version has a manifest, the copy fails, `keep` is no whole number from 1 on,
        `references` or `spare` are one text, or both registries are the same directory.
    ModelFormatError
        If a file is not what its manifest says.
    """
    keep = _read_keep(keep)
    if isinstance(references, str) or isinstance(spare, str):
        raise RegistrationError("a list of references is needed, not a single string")
    if os.path.realpath(source.root) == os.path.realpath(target.root):
        raise RegistrationError(f"{source.root} cannot be copied into itself")
    copied: list[Path] = []
    highest: list[tuple[str, Path]] = []
    stay = {one for reference in (*references, *spare) for one in _named(reference)}
    for name in {_name_of(reference) for reference in (*references, *spare)}:
        _follow_retired(source, target, name)
    try:
        for reference in references:
            folder, is_new = _sync_one(source, target, reference)
            stay.add((folder.parent.name, folder.name))
            highest.append((reference, folder))
            if is_new:
                copied.append(folder)
        for reference, folder in highest:
            if is_name(reference):
                below, new = _sync_below(source, target, folder, keep)
                stay.update((each.parent.name, each.name) for each in below)
                copied += new
    finally:  # another model that is missing must not fill the disk
        for name in {folder.parent.name for folder in copied}:
            _remove_old(target, name, keep, stay)
    return copied


def _read_keep(keep: object) -> int:
    number = plain(keep)
    if type(number) is not int or number < 1:
        raise RegistrationError(f"keep must be a whole number, 1 or more, and not {keep!r:.80}")
    return number


def _named(reference: str) -> list[tuple[str, str]]:
    """Return each name and version that a reference can mean, if it is not a bare name."""
    if is_name(reference):
        return []
    if is_path(reference):
        parts = Path(reference).parts
        return [(parts[end - 1], parts[end]) for end in (-2, -1) if len(parts) > -end]
    name, _, version = reference.partition(":")
    return [(name, version)]


def _name_of(reference: object) -> str:
    """Return the registry name of a reference; nothing if it is none, or a path."""
    if not isinstance(reference, str) or is_path(reference):
        return ""
    return reference.partition(":")[0]


def _follow_retired(source: Registry, target: Registry, name: str) -> None:
    """Retire the versions of a name that the source has retired, and reinstate what it has.

    Parameters
    ----------
    source, target : Registry
        As for `sync`.
    name : str
        Whose versions.
    """
    for version in target.versions(name):
        theirs, ours = source.root / name / version, target.root / name / version
        with copy_errors(theirs):
            _follow_marker(theirs, ours)


def _follow_marker(theirs: Path, ours: Path) -> None:
    """Let a copy be retired if the original is; of one that is not there, nothing follows.

    Parameters
    ----------
    theirs, ours : Path
        The version's folder in the source and in the target.
    """
    retirement = retirement_of(theirs)
    if retirement is not None:
        if retirement_of(ours) != retirement:
            write_marker(ours, retirement)
            log.warning("%s: %s", ours, retirement)
    elif is_retired(ours) and theirs.is_dir():
        remove_marker(ours)
        log.info("%s is not retired any more", ours)


def _sync_one(source: Registry, target: Registry, reference: str) -> tuple[Path, bool]:
    """Copy the best version of a model that is as its manifest says.

    Returns
    -------
    folder : Path
        The version in the target.
    is_new : bool
        Whether it was copied; otherwise it was there already.
    """
    versions = source.offered(reference) if is_name(reference) else []
    while len(versions) > 1:
        one = f"{reference}:{versions.pop()}"
        try:
            return _copy_version(source, target, one)
        except ModelError as error:
            log.error("%s is not taken: %s", one, error)
    return _copy_version(source, target, f"{reference}:{versions[0]}" if versions else reference)


def _sync_below(
    source: Registry, target: Registry, highest: Path, keep: int
) -> tuple[list[Path], list[Path]]:
    """Copy the versions below the one that is wanted, the next ones first.

    Parameters
    ----------
    source, target : Registry
        As for `sync`.
    highest : Path
        The folder of that version in the target.
    keep : int
        How many versions the target is to have, with that one.

    Returns
    -------
    below : list of Path
        The next versions below it in the target, which stay.
    new : list of Path
        Those of them that were copied.
    """
    name, most = highest.parent.name, int(highest.name)
    there = [each for each in reversed(target.offered(name)) if int(each) < most]
    whole = [highest.parent / each for each in there if _is_whole(highest.parent / each)]
    below, new = whole[: keep - 1], list[Path]()
    offered = [each for each in source.offered(name) if int(each) < most and each not in there]
    while len(below) + 1 < keep and offered:
        one = f"{name}:{offered.pop()}"
        try:
            folder, _ = _copy_version(source, target, one)
        except ModelError as error:
            log.warning("%s is not copied for a roll-back: %s", one, error)
            continue
        below.append(folder)
        new.append(folder)
    return below, new


def _copy_version(source: Registry, target: Registry, reference: str) -> tuple[Path, bool]:
    found = source.find(reference)
    folder = _version_folder(found)
    wanted = target.root / found.name / folder.name
    if wanted.exists() and _is_whole(wanted):
        return wanted, False
    remove_stale(wanted.parent, _STALE_SECONDS)
    listed = check_sizes(folder)  # before anything is copied: a stray file can fill the disk
    hashed: dict[str, Hashed] = {}

    def fill(staging: Path) -> None:
        copy_listed(folder, staging, [*listed, MANIFEST])
        hashed.update(hash_and_check(staging))
        _follow_marker(folder, wanted)
        if wanted.exists() and not _is_whole(wanted):
            set_aside(wanted)  # what a removal left that was killed

    publish(folder, wanted, fill)
    write_note(wanted, hashed)
    log.info("copied %s", wanted)
    return wanted, True


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


def _remove_old(registry: Registry, name: str, keep: int, stay: set[tuple[str, str]]) -> None:
    """Remove the lowest versions of a name beyond `keep`, but for those that must stay."""
    versions = registry.versions(name)
    for version in versions[: max(len(versions) - keep, 0)]:  # broken ones count, too
        folder = registry.root / name / version
        if (name, version) not in stay and not is_held(folder):
            set_aside(folder)
            remove_note(folder)
            with suppress(OSError):  # a marker of nothing does no harm
                remove_marker(folder)
