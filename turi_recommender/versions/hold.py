"""Tell other processes of this machine that a version is in use.

Whoever loads a version shares a lock on its folder for as long as the model may be asked, and
whoever removes old versions passes over those that somebody has locked. The system lets go of the
lock when the process ends, however it ends, and nothing is written, so that a read-only volume will
do. Where the system knows no such locks (Windows, some network volumes), nothing is held.
"""

from __future__ import annotations

import os
import sys
import weakref
from contextlib import suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl


class Hold:
    """A version's folder, in use until nobody refers to this object any more.

    Parameters
    ----------
    folder : Path
        The folder. If it cannot be opened or locked, it is not held: that is no reason not to load
        what is in it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if sys.platform == "win32":
            return
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            weakref.finalize(self, os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def __reduce__(self) -> tuple[type[Hold], tuple[Path]]:
        return Hold, (self.folder,)


def is_held(folder: Path) -> bool:
    """Tell whether some process, this one included, holds a folder."""
    if sys.platform == "win32":
        return False
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # the volume knows no locks
        return False
    finally:
        os.close(descriptor)
    return False
