"""Whether anybody writes to a folder: two looks at it are compared."""

from __future__ import annotations

from pathlib import Path

from turi_recommender.errors import ModelFormatError
from turi_recommender.versions.below import files_below

Signature = tuple[tuple[str, int, int], ...]


def signature_of(folder: Path) -> Signature:
    """Return names, lengths and times of a folder's files: equal as long as nobody writes."""
    found = []
    try:
        paths = files_below(folder)
    except ModelFormatError as error:  # which refuses it when it is loaded
        return ((str(error), 0, 0),)
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue
        found.append((path.as_posix(), status.st_size, status.st_mtime_ns))
    return tuple(found)
