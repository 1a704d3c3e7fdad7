"""Open what a model directory names: regular files, and nothing else.

A directory that was copied, or made by somebody else, can hold a pipe, a device or a socket in the
place of a file. To open one could block for ever, and to read it could never end.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from turi_recommender.errors import ModelFormatError

# Windows knows none of these; there, nothing but a file has a name in a directory anyway.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def open_regular(path: Path, *, follow: bool = True) -> int:
    """Open a regular file for reading, without waiting for anybody.

    Parameters
    ----------
    path : Path
        The file.
    follow : bool
        Whether it may be a symbolic link: volumes of clusters are made of them.

    Returns
    -------
    int
        A descriptor that the caller closes.

    Raises
    ------
    ModelFormatError
        If it is something else, or cannot be opened.
    """
    try:
        descriptor = os.open(path, _FLAGS if follow else _FLAGS | _NO_LINK)
    except (OSError, ValueError) as error:  # ValueError: what is no file name at all
        raise unreadable(path, error) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ModelFormatError(path, 0, "a regular file", "something else")
    return descriptor


def read_regular(path: Path, most: int, *, follow: bool = True) -> bytes:
    """Read the beginning of a regular file.

    Parameters
    ----------
    path : Path
        The file.
    most : int
        How many bytes are read at most.
    follow : bool
        As for `open_regular`.

    Raises
    ------
    ModelFormatError
        If it is not a regular file, or cannot be read.
    """
    with os.fdopen(open_regular(path, follow=follow), "rb") as file:
        try:
            return file.read(most)
        except OSError as error:
            raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError | ValueError) -> ModelFormatError:
    """Return the error for a file of which the system says that it cannot be read."""
    reason = error.strerror if isinstance(error, OSError) else None
    return ModelFormatError(path, 0, "a readable file", reason or str(error))
