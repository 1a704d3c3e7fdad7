"""What lies below a version's folder.

A folder can hold anything: folders a thousand deep, millions of files, names in no encoding. A
saved model has some twenty files, side by side.
"""

from __future__ import annotations

import os
from pathlib import Path

from turi_recommender.errors import ModelFormatError
from turi_recommender.format.files import unreadable
from turi_recommender.wording import is_printable

MAX_FILES = 1000
MAX_DEPTH = 8


def files_below(folder: Path) -> list[Path]:
    """Return the paths of everything below a folder that is no folder itself, in order.

    Links to folders are passed over.

    Parameters
    ----------
    folder : Path
        The folder of a version.

    Raises
    ------
    ModelFormatError
        If there are more than `MAX_FILES` files and folders, if they lie deeper than `MAX_DEPTH`
        folders, if a name is not UTF-8, or if a folder cannot be read.
    """
    found: list[Path] = []
    waiting = [(folder, 1)]
    seen = 0
    while len(waiting) > 0:
        inner, depth = waiting.pop()
        try:
            with os.scandir(inner) as entries:
                for entry in entries:
                    seen += 1
                    path = inner / entry.name
                    if seen > MAX_FILES:
                        raise ModelFormatError(folder, 0, f"at most {MAX_FILES} files", "more")
                    if not is_printable(entry.name):
                        raise ModelFormatError(path, 0, "a name in UTF-8", "another name")
                    if not entry.is_dir():
                        found.append(path)
                    elif entry.is_symlink():
                        continue
                    elif depth < MAX_DEPTH:
                        waiting.append((path, depth + 1))
                    else:
                        expected = f"folders at most {MAX_DEPTH} deep"
                        raise ModelFormatError(path, 0, expected, "deeper ones")
        except OSError as error:
            raise unreadable(inner, error) from error
    return sorted(found)
