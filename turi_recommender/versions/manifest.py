"""Digests of a version's files, and what is known of its training.

A version folder may hold ``manifest.json``: the SHA-256 and length of each of its files. A version
that has one is loaded only if its files are exactly those listed, with exactly that content. Format
1 says no more. Format 2 also says how the version was trained and what it is worth (`training`).
Nobody asks for the number of the format: who reads `files` alone can read both, as 0.1.0 does.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from turi_recommender.errors import ModelFormatError, ModelNotFoundError
from turi_recommender.format.files import read_regular, unreadable
from turi_recommender.versions.below import files_below
from turi_recommender.versions.digests import Hashed, hash_all
from turi_recommender.versions.training import Training
from turi_recommender.wording import counted

MANIFEST = "manifest.json"
_MAX_MANIFEST_BYTES = 1 << 20
_MAX_VERSION_BYTES = 1 << 36  # 64 GiB take a minute to hash; a model is held in memory for a part
_MAX_DIGITS = 40  # beyond any length of a file, and soon read


def write_manifest(folder: str | os.PathLike[str], training: Training | None = None) -> None:
    """Write the manifest of a version folder as it is now.

    Parameters
    ----------
    folder : str or path-like
        The version's folder.
    training : Training, optional
        What is known of its training. The manifest has format 2 with it, and 1 without.

    Raises
    ------
    ModelFormatError
        If there is no file that it could list, or one that cannot be read, if there are so many
        that the manifest would be too large to be read, or if `training` could not be read again.
    """
    hash_and_write(Path(folder), training)


def hash_and_write(folder: Path, training: Training | None) -> dict[str, Hashed]:
    """Write a manifest as `write_manifest` does, and return what was hashed, by file."""
    content: dict[str, Any] = {"format": 1}
    if training is not None:
        content = {"format": 2, "training": training.checked().to_json()}
    lengths = _lengths(folder, _files(folder))
    _check_total(folder, lengths.values())
    hashed = hash_all(folder, list(lengths))
    content["files"] = {name: each.listed() for name, each in hashed.items()}
    if len(content["files"]) == 0:
        raise ModelFormatError(folder, 0, "files to list in a manifest", "none")
    text = json.dumps(content, indent=1) + "\n"
    if len(text) > _MAX_MANIFEST_BYTES:  # it is ASCII
        most = counted(_MAX_MANIFEST_BYTES, "byte")
        raise ModelFormatError(
            folder, 0, f"a manifest of at most {most}", counted(len(text), "byte")
        )
    with (folder / MANIFEST).open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return hashed


def read_training(folder: str | os.PathLike[str]) -> Training | None:
    """Return what the manifest of a version folder says of its training.

    Parameters
    ----------
    folder : str or path-like
        The version's folder.

    Returns
    -------
    Training or None
        None if there is no manifest, or if it says nothing of that.

    Raises
    ------
    ModelFormatError
        If the manifest cannot be read, or says something that cannot be: it names the field.
    """
    path = Path(folder) / MANIFEST
    if not os.path.lexists(path):
        return None
    training = _content(path).get("training")
    return None if training is None else Training.from_json(training, path)


def find_training(folders: Iterable[Path]) -> tuple[Training | None, str]:
    """Return what is said of a version's training, and why that cannot be read, if it cannot.

    A model whose files are in order serves, whatever else its manifest says.

    Parameters
    ----------
    folders : iterable of Path
        Where its manifest can be.

    Returns
    -------
    training : Training or None
        What is said, if anything.
    trouble : str
        Why it cannot be read; empty if it can, or if there is nothing.
    """
    for folder in folders:
        try:
            training = read_training(folder)
        except ModelFormatError as error:
            return None, str(error)
        if training is not None:
            return training, ""
    return None, ""


def check_manifest(folder: str | os.PathLike[str]) -> None:
    """Check a version folder against its manifest; one without a manifest passes.

    Raises
    ------
    ModelNotFoundError
        If there is no such folder.
    ModelFormatError
        If a file differs, is missing, or is there and not listed; it names the file. Likewise if
        the manifest lists nothing.
    """
    hash_and_check(Path(folder))


def hash_and_check(
    folder: Path, pause: Callable[[float], object] | None = None
) -> dict[str, Hashed]:
    """Check a version folder as `check_manifest` does.

    Parameters
    ----------
    folder : Path
        The version's folder.
    pause : callable, optional
        As for `hash_all`: with it, nothing else has to wait for the check.

    Returns
    -------
    dict of str to Hashed
        What was hashed, by file; nothing where there is no manifest.
    """
    if not os.path.lexists(folder / MANIFEST):
        _check_is_folder(folder)
        return {}
    listed = check_sizes(folder)
    hashed = hash_all(folder, list(listed), pause)
    for name, each in hashed.items():
        if each.listed() != listed[name]:
            raise ModelFormatError(
                folder / name, 0, f"{listed[name]}, as in the manifest", str(each.listed())
            )
    return hashed


def _check_is_folder(folder: Path) -> None:
    """Refuse what is no folder: that it has no manifest says nothing."""
    try:
        is_folder = stat.S_ISDIR(folder.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        is_folder = False
    except OSError as error:
        raise unreadable(folder, error) from error
    if not is_folder:
        raise ModelNotFoundError(f"{folder} is not a folder")


def check_sizes(folder: Path) -> dict[str, Any]:
    """Check names and lengths of a version folder's files, without reading them.

    Parameters
    ----------
    folder : Path
        A version folder with a manifest.

    Returns
    -------
    dict of str to dict
        What the manifest says of each file.

    Raises
    ------
    ModelFormatError
        If a file has another length, is missing, or is there and not listed; it names the file.
        Likewise if all together are larger than any model.
    """
    listed = _read(folder / MANIFEST)
    found = _files(folder)
    for name in sorted(set(listed) ^ set(found)):
        if name in listed:
            raise ModelFormatError(folder / name, 0, "a file that the manifest lists", "none")
        raise ModelFormatError(
            folder / name, 0, "nothing that the manifest does not list", "a file"
        )
    lengths = _lengths(folder, found)
    for name, length in lengths.items():
        says = listed[name].get("bytes") if isinstance(listed[name], dict) else None
        if says != length:
            said = counted(says, "byte") if type(says) is int else f"a length of {says!r}"
            raise ModelFormatError(
                folder / name, 0, f"{said}, as in the manifest", counted(length, "byte")
            )
    _check_total(folder, lengths.values())
    return listed


def _files(folder: Path) -> list[str]:
    """Return the names of everything below a folder that is no folder, but the manifest itself.

    A pipe, a device or a link to nowhere is something that no manifest lists.
    """
    found = (path.relative_to(folder).as_posix() for path in files_below(folder))
    return [name for name in found if name != MANIFEST]


def _lengths(folder: Path, names: Sequence[str]) -> dict[str, int]:
    """Return the length of each file; refuse one that is not there."""
    lengths = {}
    for name in names:
        try:
            lengths[name] = (folder / name).stat().st_size
        except OSError as error:
            raise unreadable(folder / name, error) from error
    return lengths


def _check_total(folder: Path, lengths: Iterable[int]) -> None:
    """Refuse files that are larger, all together, than any model: to hash them would never end."""
    total = sum(lengths)
    if total > _MAX_VERSION_BYTES:
        most = counted(_MAX_VERSION_BYTES, "byte")
        raise ModelFormatError(folder, 0, f"files of at most {most}", counted(total, "byte"))


def _read(path: Path) -> dict[str, Any]:
    """Return what a manifest says of each file."""
    files = _content(path).get("files")
    if isinstance(files, dict) and len(files) > 0:
        return files
    raise ModelFormatError(path, 0, "a manifest of one or more files", "another file")


def _content(path: Path) -> dict[str, Any]:
    """Return what a manifest says; refuse one of which nothing can be known.

    What is too large, or nested more deeply than the parser goes, is not read at all: then nobody
    knows which files there should be. Everything else is judged by those who need it.
    """
    data = read_regular(path, _MAX_MANIFEST_BYTES + 1)
    if len(data) > _MAX_MANIFEST_BYTES:
        most = counted(_MAX_MANIFEST_BYTES, "byte")
        raise ModelFormatError(path, 0, f"a manifest of at most {most}", "a larger one")
    try:
        content = json.loads(data, parse_int=_integer)
    except RecursionError as error:
        raise ModelFormatError(path, 0, "a manifest", "lists and objects too deep") from error
    except ValueError as error:
        raise ModelFormatError(path, 0, "a manifest", str(error)) from error
    if not isinstance(content, dict):
        raise ModelFormatError(path, 0, "a manifest", "another file")
    return content


def _integer(digits: str) -> int:
    """Read an integer; one that is longer than any that is taken is cut, and stays too large.

    Python refuses to read thousands of digits, or takes long for them.
    """
    return int(digits[:_MAX_DIGITS])
