"""Register a model: copy it into a registry as a new version, with a manifest."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from turi_recommender.errors import RegistrationError
from turi_recommender.format.archive import check_is_archive
from turi_recommender.format.listing import saved_files
from turi_recommender.loading import load_model
from turi_recommender.scoring.arguments import plain
from turi_recommender.versions.checked import write_note
from turi_recommender.versions.digests import Hashed
from turi_recommender.versions.manifest import MANIFEST, hash_and_write
from turi_recommender.versions.names import is_model_name, is_version
from turi_recommender.versions.retire import RETIRED, is_retired, marker_of
from turi_recommender.versions.staging import copy_errors, copy_listed, publish, remove_stale
from turi_recommender.versions.training import Training

_VERSIONS = 10**18  # up to 18 digits: see `is_version`
_LEFT = 10**6  # numbers that nobody may ask for: they are for the versions that come after


def register(
    source: str | os.PathLike[str],
    root: str | os.PathLike[str],
    name: str,
    version: int | None = None,
    training: Training | None = None,
    require_figures: bool = False,
) -> Path:
    """Copy a model into a registry as a new version, with a manifest.

    Parameters
    ----------
    source : str or path-like
        A model directory. Only what belongs to the saved model is copied: the files that its
        `dir_archive.ini` lists, and those of its tables. Whatever else is in it (a `.git`, a
        notebook, a manifest of another registry) stays behind. A file may be a link to another one
        in the same directory.
    root : str or path-like
        The directory of the registry; made if it is not there.
    name : str
        Registry name: printable, without slashes and colons, and not beginning with a dot.
    version : int, optional
        From 0 to 999,999,999,999,000,000, so that there are numbers left for versions after it. If
        absent, the highest version plus one.
    training : Training, optional
        What is known of its training, for the manifest.
    require_figures : bool
        Whether to refuse a model without figures: nobody knows whether it is worth serving.

    Returns
    -------
    Path
        The new version's folder. It appears when all of it is there and was loaded once. Of several
        that are registered at the same time without a version, each gets its own.

    Raises
    ------
    RegistrationError
        If the name or the version is not one, the version exists or was retired, figures are
        required and not there, `training` is something else, the registry would be in the
        model's own directory, a link leads out of that directory, something in it is neither a file
        nor a folder, or the copy fails.
    ModelNotFoundError
        If there is nothing at the source.
    ModelFormatError
        If the source is not a model that can be read, or `training` is not as it documents.
    """
    source, root = Path(source), Path(root)
    if not is_model_name(name):
        raise RegistrationError(f"{name!r} is not a model name")
    wanted = None if version is None else _read_version(version)
    training = _checked(training, require_figures)
    check_is_archive(source)  # before anything is copied: a folder may hold whatever it likes
    folder = root / name
    with copy_errors(source):
        _check_apart(source, folder)
        names = own_files(source)
        if wanted is not None and (folder / str(wanted)).exists():
            raise RegistrationError(f"{folder / str(wanted)} exists already")
        if wanted is not None and is_retired(folder / str(wanted)):
            marker = marker_of(folder / str(wanted))
            raise RegistrationError(f"{marker} says that this version was retired")
    name_of_copy = (source if source.name not in {"", ".."} else _resolved(source)).name
    if name_of_copy in {"", MANIFEST}:
        name_of_copy = "model"

    hashed: dict[str, Hashed] = {}

    def fill(staging: Path) -> None:
        copy = staging / name_of_copy
        copy.mkdir()
        copy_listed(source, copy, names)
        load_model(copy)
        hashed.update(hash_and_write(staging, training))

    def next_target() -> Path:
        return folder / str(_next_version(folder))

    is_new = not os.path.lexists(folder)
    try:
        with copy_errors(source):
            folder.mkdir(parents=True, exist_ok=True)
            remove_stale(folder)
            if wanted is not None:
                published = publish(source, folder / str(wanted), fill)
            else:
                published = publish(source, next_target(), fill, next_target)
        write_note(published, hashed)
        return published
    finally:
        if is_new:
            with suppress(OSError):  # it stays as soon as anything is in it
                folder.rmdir()


def _resolved(path: Path) -> Path:
    """Return where a path leads; `Path.resolve` knows no kind answer to links in a circle."""
    return Path(os.path.realpath(path))


def _check_apart(source: Path, folder: Path) -> None:
    """Refuse to write versions into the directory that is copied."""
    try:
        model, versions = _resolved(source), _resolved(folder)
    except ValueError as error:  # it is no path at all
        raise RegistrationError(f"cannot copy to {str(folder)!r}: {error}") from error
    if model == versions or model in versions.parents:
        raise RegistrationError(
            f"cannot copy {source} to {folder}, which is in it: name a registry outside of the "
            "model"
        )


def own_files(source: Path) -> list[str]:
    """Return the names of the files that belong to a model.

    Everything in its directory is looked at, though not all of it is copied: a link that leads out
    of it, or a pipe, shows that this is not what `save` made.

    Raises
    ------
    RegistrationError
        If there is something that is no file of this directory.
    """
    saved, strays = saved_files(source)
    inside = _resolved(source)
    for name in (*saved, *strays):
        path = source / name
        if path.is_symlink():
            target = Path(os.path.realpath(path, strict=True))
            if target.is_dir():
                raise RegistrationError(f"cannot copy {source}: {path} is a link to a folder")
            if inside not in target.parents:
                raise RegistrationError(f"cannot copy {source}: {path} is a link that leads out")
        if not path.is_file() and (name in saved or not path.is_dir()):
            raise RegistrationError(f"cannot copy {source}: {path} is not a regular file")
    return saved


def _checked(training: object, require_figures: bool) -> Training | None:
    """Check what is to stand in the manifest, before anything is copied."""
    if training is not None and not isinstance(training, Training):
        raise RegistrationError(f"training must be a Training, and not {type(training).__name__}")
    if require_figures and (training is None or training.figures is None):
        raise RegistrationError("figures are required, and nobody has evaluated this model")
    return None if training is None else training.checked()


def _read_version(version: object) -> int:
    """Check a version: an integer, of Python or NumPy, that is one."""
    number = plain(version)
    if type(number) is not int:
        raise RegistrationError(f"{version!r} is not a version")
    if not 0 <= number < _VERSIONS:
        shown = number if abs(number) < _VERSIONS else "a number of more than 18 digits"
        raise RegistrationError(f"{shown} is not a version")
    if number > _VERSIONS - _LEFT:
        raise RegistrationError(
            f"{number} is not a version that can be asked for: after it, the numbers would soon "
            f"end ({_VERSIONS - _LEFT} is the highest)"
        )
    return number


def _next_version(folder: Path) -> int:
    """Return the number after all that are there, or were once and are retired."""
    names = {entry.name.removesuffix(RETIRED) for entry in folder.iterdir()}
    numbers = [int(name) for name in names if is_version(name)]
    number = max(numbers, default=0) + 1
    if number >= _VERSIONS:
        raise RegistrationError(
            f"there is no version after {folder / str(number - 1)}: rename that folder"
        )
    return number
