"""The table of contents of a saved model directory: `dir_archive.ini`.

Source: docs/format.md, section 1.
"""

from __future__ import annotations

import configparser
from dataclasses import dataclass
from pathlib import Path

from turi_recommender.errors import ModelFormatError
from turi_recommender.format.files import read_regular

_INDEX_FILE = "dir_archive.ini"
_MAX_INI_BYTES = 1 << 20


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
