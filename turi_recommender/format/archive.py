"""The table of contents of a saved model directory: `dir_archive.ini`.

Source: docs/format.md, section 1.
"""

from __future__ import annotations

import configparser
import errno
import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from turi_recommender.errors import ModelFormatError, ModelNotFoundError
from turi_recommender.format.files import read_regular, unreadable

_INDEX_FILE = "dir_archive.ini"
_MAX_INI_BYTES = 1 << 16  # a section of four bytes becomes a kilobyte of objects
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
# Where a model is looked for below a folder that is none: <name>/<version>/<model>.
_DEPTH = 3
_LOOKED_AT = 200  # folders of each depth, and entries of each folder
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Archive:
    """A directory written by Turi Create.

    Attributes
    ----------
    root : Path
        The directory.
    prefixes : tuple of str
        File names in order: 0 is the index file, 1 is `objects.bin`, and each SArray or SFrame of
        the stream takes the next one.
    """

    root: Path
    prefixes: tuple[str, ...]

    @property
    def index_path(self) -> Path:
        """The index file, for errors."""
        return self.root / _INDEX_FILE

    @property
    def objects_path(self) -> Path:
        """The file that holds everything except tables."""
        return self.root / self.prefixes[1]


def is_archive(path: Path) -> bool:
    """Tell whether a directory looks like one that Turi Create wrote."""
    return (path / _INDEX_FILE).is_file()


def check_is_archive(root: Path) -> None:
    """Refuse a path at which there is no directory, or one that is not a model's own.

    Raises
    ------
    ModelNotFoundError
        If there is nothing.
    ModelFormatError
        If it is no directory, or has no index; the message names models in folders below it.
    """
    try:
        root.stat()
        if not root.is_dir():
            found = "a file" if root.is_file() else "something else"
            raise ModelFormatError(root, 0, "a model directory", f"{found} (Not a directory)")
        if (root / _INDEX_FILE).exists():
            return
    except ValueError as error:  # it is no path at all
        raise unreadable(root / _INDEX_FILE, error) from error
    except OSError as error:
        if error.errno not in _NOT_THERE:
            return
        raise ModelNotFoundError(
            f"{root} is not a model directory: there is nothing at this path"
        ) from error
    found = f"none{tell_below(root)}"
    raise ModelFormatError(root / _INDEX_FILE, 0, "the index of a model", found)


def tell_below(root: Path) -> str:
    """Return words that name models in the folders below one that is none, or nothing."""
    folders = [root]
    for _ in range(_DEPTH):
        folders = [below for folder in folders for below in _folders(folder)][:_LOOKED_AT]
        found = [each.as_posix() for each in folders if _is_archive_for_us(each)]
        if len(found) > 0:
            return f", but there is a model in {', '.join(found[:_SHOWN])}"
    return ""


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            few = [entry for entry in islice(entries, _LOOKED_AT) if entry.is_dir()]
    except (OSError, ValueError):  # nobody may look there, or it is no path
        return []
    return sorted(Path(entry.path) for entry in few if not entry.name.startswith("."))


def _is_archive_for_us(path: Path) -> bool:
    try:
        return is_archive(path)
    except OSError:
        return False


def open_archive(root: Path) -> Archive:
    """Read the index of a model directory.

    Raises
    ------
    ModelFormatError
        If the directory is not a model archive, or names files outside itself.
    """
    path = root / _INDEX_FILE
    ini = read_ini(path)
    _expect(path, ini, "archive", "version", "1")
    _expect(path, ini, "metadata", "contents", "model")
    count = ini.get("archive", "num_prefixes", fallback="missing")[:80]
    names = dict(ini.items("prefixes")) if ini.has_section("prefixes") else {}
    if not (count.isascii() and count.isdecimal()) or int(count) != len(names) or len(names) < 3:
        raise ModelFormatError(
            path, 0, "num_prefixes = the number of prefixes (3 or more)", count or "nothing"
        )
    prefixes = [names.get(f"{number:04d}", "") for number in range(len(names))]
    for number, name in enumerate(prefixes):
        check_file_name(path, name, f"prefix {number:04d}")
    if prefixes[0] != _INDEX_FILE:
        raise ModelFormatError(path, 0, f"prefix 0000 = {_INDEX_FILE}", repr(prefixes[0]))
    return Archive(root, tuple(prefixes))


def read_ini(path: Path) -> configparser.ConfigParser:
    """Read a small INI file.

    Raises
    ------
    ModelFormatError
        If it is missing, too large or not INI.
    """
    ini = configparser.ConfigParser(interpolation=None)
    try:
        data = read_regular(path, _MAX_INI_BYTES + 1)
        if len(data) > _MAX_INI_BYTES:
            raise ModelFormatError(path, 0, f"at most {_MAX_INI_BYTES} bytes", "a larger file")
        ini.read_string(data.decode())
    except (configparser.Error, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise ModelFormatError(path, 0, "an INI file in UTF-8", reason) from error
    return ini


def check_file_name(path: Path, name: str, what: str) -> None:
    """Refuse a name that is empty or leads out of the directory.

    Parameters
    ----------
    path : Path
        The file that holds the name; errors name it.
    name : str
        The name.
    what : str
        What it is the name of, for errors.

    Raises
    ------
    ModelFormatError
        If it is not the name of a file beside `path`.
    """
    if not name or name in {".", ".."} or any(mark in name for mark in "/\\\0"):
        raise ModelFormatError(path, 0, f"{what} = the name of a file beside it", repr(name[:80]))
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise ModelFormatError(path, 0, f"{what} in Unicode", error.reason) from error


def _expect(path: Path, ini: configparser.ConfigParser, section: str, key: str, value: str) -> None:
    found = ini.get(section, key, fallback="missing")
    if found != value:
        raise ModelFormatError(path, 0, f"[{section}] {key} = {value}", found or "nothing")
