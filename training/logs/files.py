"""Open the file of a log: a regular one, unpacked if it is packed."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import zlib
from contextlib import contextmanager
from typing import BinaryIO, Iterator, NamedTuple

from training.logs.errors import LogError

GZIP = b"\x1f\x8b"
_BLOCK_BYTES = 1 << 20
# What reading a file raises if the disk, or what packed the file, left something broken.
BROKEN = (OSError, EOFError, zlib.error)


class Source(NamedTuple):
    """The bytes of a log."""

    stream: io.BufferedReader
    digest: str  # of the file as it is, packed or not
    is_packed: bool

    def head(self) -> bytes:
        """Return the first bytes, which are read again later; a few if the file has them."""
        try:
            return self.stream.peek(_BLOCK_BYTES)
        except BROKEN as error:
            raise broken(0, error) from error


@contextmanager
def opened(path: str) -> Iterator[Source]:
    """Open a log.

    Parameters
    ----------
    path : str
        A regular file.

    Yields
    ------
    Source
        Its bytes; unpacked if they are gzip, whatever the file is called.

    Raises
    ------
    LogError
        If it is not there, no regular file, may not be read, or is empty.
    """
    try:
        kind = os.stat(path).st_mode
        if stat.S_ISDIR(kind):
            raise LogError("{} is a folder, no event log".format(repr(path)))
        if not stat.S_ISREG(kind):
            raise LogError("{} is no regular file".format(repr(path)))
        file = open(path, "rb", buffering=0)
    except (OSError, ValueError) as error:  # the second: a path with a NUL byte
        why = getattr(error, "strerror", None) or str(error)
        raise LogError("{} cannot be read: {}".format(repr(path), why)) from error
    with file:
        try:
            digest = _digest(file)
            is_packed = file.read(len(GZIP)) == GZIP
            file.seek(0)
        except OSError as error:
            raise broken(0, error) from error
        if is_packed:
            unpacked = gzip.GzipFile(fileobj=file)
            yield Source(io.BufferedReader(unpacked, _BLOCK_BYTES), digest, True)
        else:
            yield Source(io.BufferedReader(file, _BLOCK_BYTES), digest, False)


def broken(row: int, error: Exception) -> LogError:
    """Return the error about a file that cannot be read on.

    Parameters
    ----------
    row : int
        The last line that could be read; 0 if none could.
    error : Exception
        What reading raised.
    """
    why = " ".join(str(error).split()) or type(error).__name__
    if not isinstance(error, OSError) or getattr(error, "errno", None) is None:
        why += " (a gzip file that is broken, or was not copied whole)"
    if row == 0:
        return LogError("the file cannot be read, not even its first row: {}".format(why))
    return LogError("the file cannot be read beyond row {}: {}".format(row, why))


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    for block in iter(lambda: file.read(_BLOCK_BYTES), b""):
        digest.update(block)
    file.seek(0)
    return digest.hexdigest()
