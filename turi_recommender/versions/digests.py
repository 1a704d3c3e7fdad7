"""Hash the files of a version, and tell by which signs a file that was hashed is known again."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from turi_recommender.format.files import open_regular, unreadable
from turi_recommender.versions.threads import map_in_threads

_BYTES_AT_A_TIME = 1 << 18


class Stamp(NamedTuple):
    """What the system says of a file, which changes when somebody writes to it or replaces it.

    Attributes
    ----------
    inode : int
        Its number in the file system.
    mtime_ns : int
        When it was last written to, in nanoseconds of Unix time; whoever writes can set it back.
    ctime_ns : int
        When it or what the system says of it was last changed, which nobody can set.
    """

    inode: int
    mtime_ns: int
    ctime_ns: int


@dataclass(frozen=True, slots=True)
class Hashed:
    """A file that was hashed.

    Attributes
    ----------
    sha256 : str
        Its digest.
    length : int
        Its bytes.
    stamp : Stamp
        What the system said of it before it was read, so that a later change shows.
    """

    sha256: str
    length: int
    stamp: Stamp

    def listed(self) -> dict[str, Any]:
        """Return what a manifest says of it."""
        return {"sha256": self.sha256, "bytes": self.length}


def hash_all(
    folder: Path, names: Sequence[str], pause: Callable[[float], object] | None = None
) -> dict[str, Hashed]:
    """Hash files of a folder: several at a time, or in small pieces with a pause after each.

    Parameters
    ----------
    folder : Path
        Where they are.
    names : sequence of str
        Their names below the folder.
    pause : callable, optional
        Called after each piece with the seconds that it took. It may wait, or raise to give up.
        The files are then read one after the other.

    Raises
    ------
    ModelFormatError
        If one is no regular file, or cannot be read.
    """
    if pause is not None:
        return {name: _hash(folder / name, pause) for name in names}
    hashed = map_in_threads(lambda name: _hash(folder / name, lambda _: None), names)
    return dict(zip(names, hashed, strict=True))


def stamp_of(path: Path) -> Stamp:
    """Return the stamp of a regular file, as its opened descriptor tells it.

    Raises
    ------
    ModelFormatError
        If it is something else, or cannot be opened.
    """
    descriptor = open_regular(path)
    try:
        return _stamp(os.fstat(descriptor))
    finally:
        os.close(descriptor)


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_ino, status.st_mtime_ns, status.st_ctime_ns)


def _hash(path: Path, pause: Callable[[float], object]) -> Hashed:
    try:
        with os.fdopen(open_regular(path), "rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            digest, buffer = hashlib.sha256(), memoryview(bytearray(_BYTES_AT_A_TIME))
            began = time.perf_counter()
            # Some files of the system have no end.
            while file.tell() <= status.st_size and (length := file.readinto(buffer)):
                digest.update(buffer[:length])
                pause(time.perf_counter() - began)
                began = time.perf_counter()
            return Hashed(digest.hexdigest(), file.tell(), _stamp(status))
    except OSError as error:
        raise unreadable(path, error) from error
