"""Key files: read at the start, and looked at every second by a thread of their own.

Requests never wait for a disk or for a mount: they use what was read last.

A file that was emptied lets nobody in any more at the next look, and so does one that is missing
from its folder. (What swaps files under a reader, as a kubelet does, does so by one rename, so none
is ever missing.) A file that is there and cannot be read keeps its last keys, and so does one whose
whole folder is gone: a fault of the mount, or a slip of the pen, should not lock everybody out.
"""

from __future__ import annotations

import codecs
import logging
import os
import stat
import threading
import time
import weakref
from collections.abc import Sequence
from pathlib import Path

from turi_recommender.wording import counted

from ..errors import ConfigurationError
from .entries import Entry, EntryError, parse_line

log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
_MAX_BYTES = 64 * 1024  # some 900 digests


class KeyFile:
    """A mounted file with a key or digest on each line; read again when it changes.

    Parameters
    ----------
    path : Path
        Where it is.
    variable : str
        The environment variable that names it, for messages.

    Raises
    ------
    ConfigurationError
        If it cannot be read, or a line is neither a key nor a digest.
    """

    def __init__(self, path: Path, variable: str) -> None:
        self._path = path
        self._complaint = ""
        try:
            self._content = _read(path)
            self._digests = self._take("read", self._content)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigurationError(f"{variable}: key file {path}: {reason}") from None
        except EntryError as error:
            raise ConfigurationError(f"{variable}: key file {path}, {error}") from None
        threading.Thread(
            target=_follow, args=(weakref.ref(self),), name=f"keys {path}", daemon=True
        ).start()

    @property
    def digests(self) -> Sequence[bytes]:
        """The digests of the keys that it lets in, as 64 hexadecimal digits each."""
        return self._digests

    def look(self) -> None:
        """Read the file again. May block on the disk."""
        try:
            content = _read(self._path)
            if content != self._content:
                self._digests = self._take("read again", content)
                self._content = content
        except (FileNotFoundError, NotADirectoryError) as error:
            self._miss(error)
        except (OSError, EntryError) as error:
            self._keep(error)
        else:
            self._complaint = ""

    def _keep(self, error: OSError | EntryError) -> None:
        reason = error.strerror or error if isinstance(error, OSError) else error
        self._complain(f"key file {self._path}: {reason}; its last keys stay valid")

    def _miss(self, error: OSError) -> None:
        if not os.path.isdir(self._path.parent):  # noqa: PTH112 - False whatever is wrong with it
            self._keep(error)  # a mount is gone, which says nothing of its files
            return
        self._complain(f"key file {self._path} is gone: its keys are withdrawn")
        self._digests, self._content = [], b""

    def _complain(self, complaint: str) -> None:
        """Log what is wrong when it begins, not every second."""
        if complaint != self._complaint:
            log.error("%s", complaint)
            self._complaint = complaint

    def _take(self, what: str, content: bytes) -> list[bytes]:
        entries = _parse(content)
        keys = sum(entry.is_key for entry in entries)
        found = f"{counted(keys, 'key')} and {counted(len(entries) - keys, 'digest')}"
        log.info("key file %s: %s, %s", self._path, what, found)
        if not entries:
            log.warning("key file %s lets nobody in: there is nothing in it", self._path)
        return [entry.digest for entry in entries]


def _follow(reference: weakref.ref[KeyFile]) -> None:
    """Look at a file for as long as anybody uses it."""
    while True:
        time.sleep(_LOOK_SECONDS)
        file = reference()
        if file is None:
            return
        try:
            file.look()
        except Exception:
            log.exception("a key file cannot be looked at")
        del file


def _read(path: Path) -> bytes:
    """Return what a small regular file holds.

    Nothing else is opened if that can be helped: to open a device can have effects, to open a FIFO
    can block. It is looked at again once it is open, lest it was exchanged in between.
    """
    _check_regular(path.stat())
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        _check_regular(os.fstat(file.fileno()))
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise OSError(f"it is larger than {_MAX_BYTES} bytes")
    return content


def _check_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError("it is not a regular file")


def _parse(content: bytes) -> list[Entry]:
    """Return the entries of a file; the number of a line that is none is in the error."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in content:
        raise EntryError("line 1: not UTF-8 but, it seems, UTF-16: save it as UTF-8")
    entries: list[Entry] = []
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise EntryError(f"line {number}: not UTF-8") from None
    for number, line in enumerate(lines, 1):
        try:
            entries += parse_line(line)
        except EntryError as error:
            raise EntryError(f"line {number}: {error}") from None
    return entries
